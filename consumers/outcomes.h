// File: consumers/outcomes.h
// Who waits for what became of an event: from event id to whoever asked before appending it. An event may be appended
// by several at once, each of whom is told what became of the first that is applied.
//
// Thread-safe. Asking before the append closes the race in which the event is applied before its appender looks. Nobody
// waits on a partition that stands still: whoever did is told why, and so is at once who comes while it does.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include "events/ids.h"
#include "events/result.h"
#include "projector/outcome.h"

namespace mnemo {

class Outcomes {
 public:
  // An error is the one that halted the partition: the event has not been applied, and will be when it goes on.
  using Done = std::function<void(Result<Outcome>)>;

  // Calls `done` once: when the event with this id has been applied, from the thread that applies; or when its
  // partition halts, from the thread that says so, which is this one if it has halted already.
  void expect(PartitionId partition, const Bytes16& event_id, const void* who, Done done);
  // `who` does not wait for it any more: a deadline passed, or the append failed.
  void drop(const Bytes16& event_id, const void* who);

  bool any_expected() const { return expected_.load(std::memory_order_acquire) > 0; }
  void deliver(Outcome outcome);

  void halt(PartitionId partition, const Error& why);
  void resume(PartitionId partition);

 private:
  struct Waiting {
    PartitionId partition;
    const void* who;
    Done done;
  };
  void count() { expected_.store(waiting_.size(), std::memory_order_release); }

  std::mutex mutex_;
  std::multimap<Bytes16, Waiting> waiting_;  // guarded by mutex_
  std::map<PartitionId, Error> halted_;      // guarded by mutex_
  std::atomic<size_t> expected_{0};
};

}  // namespace mnemo
