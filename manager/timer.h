// File: manager/timer.h
// Functions to be called at a time: the ends of waits, without a thread for each.
//
//   const TimerId id = timer.schedule(call.deadline, [wait] { wait->expire(); });
//   ...
//   timer.cancel(id);
//
// One thread calls them, in the order of their times and then of scheduling, so they must be quick: hand work over
// (manager/executor.h). They must not throw; they may call anything here but the destructor.
//
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "events/ids.h"
#include "events/mutex.h"
#include "manager/monotonic_clock.h"

namespace mnemo {

// Of what was scheduled: its time, and a number. All zeros: nothing.
struct TimerId {
  MonotonicTime at{};
  uint64_t number = 0;
  auto operator<=>(const TimerId&) const = default;
};

class Timer {
 public:
  // `clock` must outlive it.
  explicit Timer(const MonotonicClock& clock);
  // What has not been called by then never is.
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls `fn` once, at the time or soon after it. MonotonicTime::max(): only finish() brings it.
  TimerId schedule(MonotonicTime at, std::function<void()> fn);
  // False: it has been called, or is being called now.
  bool cancel(const TimerId& id);

  // For every function the time has come: those that wait, and those scheduled from now on.
  void finish();
  bool finished() const;
  // The clock was moved by hand.
  void look_again();

 private:
  void run();
  std::function<void()> next();
  std::function<void()> take_due() MNEMO_REQUIRES(mutex_);
  void sleep(MutexLock& lock) MNEMO_REQUIRES(mutex_);

  const MonotonicClock& clock_;
  mutable Mutex mutex_;
  Condition changed_;
  std::map<TimerId, std::function<void()>> waiting_ MNEMO_GUARDED_BY(mutex_);
  uint64_t last_number_ MNEMO_GUARDED_BY(mutex_) = 0;
  bool finished_ MNEMO_GUARDED_BY(mutex_) = false;
  bool stopping_ MNEMO_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace mnemo
