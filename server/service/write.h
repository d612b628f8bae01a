// File: server/service/write.h
// Events of one request on their way: appended together, applied, or given up waiting for at the deadline.
#pragma once

#include <functional>
#include <vector>

#include "server/service/waits.h"

namespace mnemo {

// What one event has come to. Its position is that of this very event on the log, also where the key had acted before.
struct Settled {
  Bytes16 event_id{};  // of the event that acted: for a duplicate the first one's, unless it is pending
  Position position;
  bool pending = false;  // durable and not applied: `outcome` is not known
  Outcome outcome;
};

// Calls `done` once, on the executor, with one result for each event in order: what it came to; the refusal of the
// event, by the log's own rules; the failed append; DEADLINE_EXCEEDED (retryable) where it is not known to be durable
// at the deadline, UNAVAILABLE (retryable) where the timer was finished before. One that is durable by then, or whose
// partition stands still, is pending. Those of a partition that stood still before, or for which too many wait
// (wait_places.h), have its error, and the others are appended. An error of the whole says that nothing was.
using WriteSettled = std::function<void(Result<std::vector<Result<Settled>>>)>;
void write_within(const Waiting& waiting, std::vector<PreparedEvent> events, MonotonicTime deadline, WriteSettled done);

}  // namespace mnemo
