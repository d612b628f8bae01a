// File: events/durable_ends.h
// How far each partition of a log is durable, and waiting for more.
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <span>

#include "events/ids.h"
#include "events/log.h"
#include "events/mutex.h"

namespace mnemo {

// Thread-safe. The end of a partition never falls.
class DurableEnds {
 public:
  explicit DurableEnds(std::span<const uint64_t> ends) {
    for (const uint64_t end : ends) partitions_.emplace_back(end);
  }

  uint32_t partitions() const { return static_cast<uint32_t>(partitions_.size()); }
  uint64_t get(PartitionId partition) const { return partitions_[partition.value].end.load(std::memory_order_acquire); }

  void publish(PartitionId partition, uint64_t end) {
    Partition& p = partitions_[partition.value];
    {
      // The lock makes sure that a waiter who has just seen the old end is asleep before it is woken.
      const MutexLock lock(p.mutex);
      p.end.store(end, std::memory_order_release);
    }
    p.grown.notify_all();
  }

  // Waits until the end is past `offset`, or the deadline; returns the end.
  uint64_t wait_past(PartitionId partition, uint64_t offset, Deadline deadline) {
    Partition& p = partitions_[partition.value];
    MutexLock lock(p.mutex);
    while (p.end.load(std::memory_order_relaxed) <= offset && p.grown.wait_until(lock, deadline)) {
    }
    return p.end.load(std::memory_order_relaxed);
  }

 private:
  struct Partition {
    explicit Partition(uint64_t e) : end(e) {}
    std::atomic<uint64_t> end;  // written under the mutex, read without it as well
    Mutex mutex;
    Condition grown;
  };
  std::deque<Partition> partitions_;  // a deque, as a Partition cannot be moved
};

}  // namespace mnemo
