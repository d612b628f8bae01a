// File: events/limits.h
// Limits of this build, each with a name and a unit. docs/limits.md lists them all.
//
// What apply() depends on is not here but in Rules, which stand on the log (events/rules.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace mnemo::limits {

inline constexpr size_t kEventBytesMax = 900 * 1024;  // a serialised Envelope, on every log
inline constexpr uint32_t kPartitionsMax = 1024;
inline constexpr uint32_t kPartitionsDefault = 8;
inline constexpr size_t kNamespaceBytesMax = 128;
inline constexpr size_t kAgentIdBytesMax = 256;

inline constexpr size_t kAppendQueueBytesMax = 64 << 20;  // waiting in a log for their turn to be written
inline constexpr size_t kAppendQueueRecordsMax = 65536;
inline constexpr size_t kAppendGroupBytesMax = 8 << 20;  // written and synced together

}  // namespace mnemo::limits
