// File: events/ids.h
// Strong types for the numbers that must not be mixed up, and Position, the place of a record on the log.
//
// All are plain values: copyable, ordered, thread-compatible.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "events/result.h"

namespace mnemo {

// An integer that only mixes with itself. `value` is public: the type prevents confusion, it hides nothing.
template <typename Tag, typename Int>
struct StrongInt {
  Int value{};
  constexpr StrongInt() = default;
  constexpr explicit StrongInt(Int v) : value(v) {}
  constexpr auto operator<=>(const StrongInt&) const = default;
};

using PartitionId = StrongInt<struct PartitionTag, uint32_t>;  // 0 .. partitions-1
using AgentOrd = StrongInt<struct AgentOrdTag, uint32_t>;      // number of an agent in its partition, by first event
using DocNo = StrongInt<struct DocNoTag, uint32_t>;            // number of a document of one agent, dense, by seq
using Seq = StrongInt<struct SeqTag, uint64_t>;                // number of an accepted agent event in its partition

// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds; the resolution of a Kafka record's timestamp.
using TimestampMs = int64_t;

using Bytes16 = std::array<uint8_t, 16>;

// Where a record stands on the log. Order is total within a partition and means nothing across partitions.
// A restored or recreated log has a higher epoch; what was written under a lower one is refused.
struct Position {
  PartitionId partition;
  uint32_t epoch = 0;
  uint64_t offset = 0;
  auto operator<=>(const Position&) const = default;
};

// "PARTITION-EPOCH-OFFSET" in decimal, URL-safe, opaque to clients.
std::string to_string(const Position& position);
// INVALID_ARGUMENT when the text is not one that to_string prints.
Result<Position> parse_position(std::string_view text);

// Lower-case hexadecimal of bytes, and back (INVALID_ARGUMENT for anything else, or another length than expected).
std::string to_hex(std::string_view bytes);
std::string to_hex(const Bytes16& bytes);
Result<std::string> from_hex(std::string_view hex);

}  // namespace mnemo
