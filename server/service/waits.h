// File: server/service/waits.h
// Waiting without a thread: until a partition has come somewhere, or the deadline has.
#pragma once

#include <functional>

#include "consumers/node.h"
#include "manager/executor.h"
#include "manager/timer.h"
#include "server/service/log_watch.h"
#include "server/service/wait_places.h"

namespace mnemo {

// What waits are made of. All outlive them.
struct Waiting {
  Node& node;
  Timer& timer;
  Executor& executor;
  WaitPlaces& places;
  LogWatch& log;
};

// Calls `done` once, on the executor: OK; DEADLINE_EXCEEDED (retryable) with what is applied by then; UNAVAILABLE
// (retryable) with the reason, when the partition stands still or the timer is finished, as the service stops;
// RESOURCE_EXHAUSTED where too many wait for it.
void wait_until(const Waiting& waiting, PartitionId partition, AppliedWaiters::Reached reached, MonotonicTime deadline,
                std::function<void(const Status&)> done);

}  // namespace mnemo
