// File: server/service/positions.h
// min_position: how far partitions must have come before a read is answered.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <functional>
#include <string>
#include <vector>

#include "server/service/waits.h"

namespace mnemo {

inline constexpr int kMinPositionsMax = 1024;  // of one request: one a partition

// The furthest of what they name, where it is not applied yet, for a read of an agent that lives in `partition`. The
// position of a write covers that write; one at the log's end, as a read gives it, covers all that the log holds.
// INVALID_ARGUMENT     not a position, of another partition than the agent's, too many
// FAILED_PRECONDITION  of another epoch of the log
// DATA_LOSS            beyond the log's end: a wait would never end
Result<std::vector<Position>> to_wait_for(Node& node, PartitionId partition,
                                          const google::protobuf::RepeatedPtrField<std::string>& texts);

// One after the other; `done` as wait_until() calls it, or at once, on this thread, when there is none.
void wait_for_all(const Waiting& waiting, std::vector<Position> positions, MonotonicTime deadline,
                  std::function<void(const Status&)> done);

}  // namespace mnemo
