// File: query/lookup.h
// From an id or a document number to a memory, with what hides a memory from reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/envelope.h"
#include "query/engine.h"

namespace mnemo {

// Forgets by filter that have not reached all of their documents.
Result<std::vector<PendingForget>> forgets_at_work(const View& view, AgentOrd ord);

// What has expired by this time is hidden: the later of the reference time and the event time that the view has
// reached.
TimestampMs hiding_time(const View& view, TimestampMs reference_time_ms);

// The current version of a memory. `record` points into `row`, so it stays where it was made.
struct CurrentVersion {
  CurrentVersion() = default;
  CurrentVersion(const CurrentVersion&) = delete;
  CurrentVersion& operator=(const CurrentVersion&) = delete;

  AgentOrd ord;
  std::string row;
  Record record;
};

// INVALID_ARGUMENT for a scope or id that cannot be one; NOT_FOUND, always with the same message, for a memory that is
// absent, forgotten, or expired.
Status find_current(const View& view, const Scope& scope, std::string_view id,
                    std::optional<TimestampMs> reference_time_ms, CurrentVersion& out);

// The memories that documents which answers may hold are versions of, in their order; DATA_LOSS when the record of one
// is not there.
Result<std::vector<Memory>> fetch_memories(const View& view, const Scope& scope, AgentOrd ord,
                                           std::span<const uint32_t> docs);

}  // namespace mnemo
