// File: manager/executor.h
// A few threads that do what others hand over because they must not do it themselves: the log's, a projection's, the
// timer's. First come, first served.
//
// It has no bound of its own: what is handed over ends something that a Scheduler counts as in flight, or is counted by
// who hands it over.
//
// Thread-safe. Functions must not throw; they may post, and must not destroy the executor.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "events/mutex.h"

namespace mnemo {

class Executor {
 public:
  explicit Executor(size_t threads);
  // Does first what was posted.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void post(std::function<void()> fn);

 private:
  void run();
  std::function<void()> next();

  Mutex mutex_;
  Condition posted_;
  std::deque<std::function<void()>> queue_ MNEMO_GUARDED_BY(mutex_);
  bool stopping_ MNEMO_GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_;  // last: they use the others
};

}  // namespace mnemo
