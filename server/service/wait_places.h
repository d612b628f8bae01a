// File: server/service/wait_places.h
// How many requests may wait for one partition at a time, so that one that stands still leaves the others room.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "events/ids.h"
#include "events/result.h"

namespace mnemo {

inline constexpr size_t kWaitingPerPartitionMax = 256;

// Held for as long as its request waits.
using WaitPlace = std::shared_ptr<const void>;

class WaitPlaces {
 public:
  explicit WaitPlaces(uint32_t partitions, size_t most = kWaitingPerPartitionMax);
  // RESOURCE_EXHAUSTED (retryable, with when to come again): as many wait as may.
  Result<WaitPlace> take(PartitionId partition);

 private:
  using Count = std::atomic<size_t>;

  const size_t most_;
  std::vector<std::shared_ptr<Count>> taken_;  // by partition; a place may outlive this
};

}  // namespace mnemo
