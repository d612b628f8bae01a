// File: consumers/applied_waiters.h
// Who waits for a partition to have come somewhere, without a thread: told after each publication.
//
// Thread-safe. Functions are called without a lock, by the thread that applies or the one that asks, so they must be
// quick, as what is applied next waits for them; they must not throw.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "events/result.h"
#include "projector/projection.h"

namespace mnemo {

// Of one partition.
class AppliedWaiters {
 public:
  // Whether what the partition has come to is enough. Called with the lock held: compares, and nothing else.
  using Reached = std::function<bool(const Meta&)>;
  // OK, or the error that halted the partition.
  using Done = std::function<void(const Status&)>;

  // `projection` must outlive it.
  explicit AppliedWaiters(const Projection& projection) : projection_(projection) {}

  // Calls `done` once, perhaps before it returns. The id is for cancel().
  uint64_t wait(Reached reached, Done done);
  // Nobody waits any more. False: it has been called, or is being called now.
  bool cancel(uint64_t id);

  // The projection has published, or has been halted.
  void published();

 private:
  struct Waiter {
    Reached reached;
    Done done;
  };
  struct Told {
    Done done;
    Status status;
  };
  std::vector<Told> take_told();

  const Projection& projection_;
  std::mutex mutex_;
  std::map<uint64_t, Waiter> waiting_;  // guarded by mutex_
  uint64_t last_id_ = 0;                // guarded by mutex_
  std::atomic<size_t> count_{0};        // of waiting_: who publishes looks at it first
};

}  // namespace mnemo
