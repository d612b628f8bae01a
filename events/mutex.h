// File: events/mutex.h
// A mutex that clang's -Wthread-safety knows: what it guards is written at the members, and checked when they are used.
//
//   Mutex mutex_;
//   std::deque<int> queue_ MNEMO_GUARDED_BY(mutex_);
//   ...
//   MutexLock lock(mutex_);
//   while (queue_.empty()) queued_.wait(lock);
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define MNEMO_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define MNEMO_THREAD_ATTRIBUTE(x)
#endif
#define MNEMO_GUARDED_BY(mutex) MNEMO_THREAD_ATTRIBUTE(guarded_by(mutex))
#define MNEMO_REQUIRES(mutex) MNEMO_THREAD_ATTRIBUTE(requires_capability(mutex))

namespace mnemo {

class MNEMO_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds the mutex for as long as it lives.
class MNEMO_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) MNEMO_THREAD_ATTRIBUTE(acquire_capability(mutex)) : lock_(mutex.mutex_) {}
  ~MutexLock() MNEMO_THREAD_ATTRIBUTE(release_capability()) {}

 private:
  friend class Condition;
  std::unique_lock<std::mutex> lock_;
};

// Waited for in a loop that asks again: it may be woken for nothing.
class Condition {
 public:
  void wait(MutexLock& lock) { condition_.wait(lock.lock_); }
  // False when the deadline has passed.
  bool wait_until(MutexLock& lock, std::chrono::steady_clock::time_point deadline) {
    return condition_.wait_until(lock.lock_, deadline) == std::cv_status::no_timeout;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace mnemo
