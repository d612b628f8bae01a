// File: consumers/outcomes.h
// Who waits for what became of an event: from event id to whoever asked before appending it.
//
// Thread-safe. Asking before the append closes the race in which the event is applied before its appender looks.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include "projector/outcome.h"

namespace mnemo {

class Outcomes {
 public:
  using Done = std::function<void(const Outcome&)>;

  // Calls `done` once, from the thread that applies, when the event with this id has been applied.
  void expect(const Bytes16& event_id, Done done);
  // Nobody waits any more: a deadline passed, or the append failed.
  void drop(const Bytes16& event_id);

  bool any_expected() const { return expected_.load(std::memory_order_acquire) > 0; }
  void deliver(const Outcome& outcome);

 private:
  std::mutex mutex_;
  std::map<Bytes16, Done> waiting_;  // guarded by mutex_
  std::atomic<size_t> expected_{0};
};

}  // namespace mnemo
