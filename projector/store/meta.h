// File: projector/store/meta.h
// The meta rows of a partition: how far it has come on the log, and what it may compare with others.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/hash.h"
#include "events/ids.h"
#include "events/result.h"
#include "projector/store/index_backlog.h"

namespace mnemo {

// Both digests at one seq. `settled`: no pending work, and nothing expired left behind.
struct DigestPoint {
  uint64_t seq = 0;
  uint64_t offset = 0;  // of the event that brought this seq
  Digest state;
  Digest content;
  bool settled = false;
  bool operator==(const DigestPoint&) const = default;
};

// Counts since the log began. Part of the meta row, so they survive restarts and are the same on every replica.
struct Counters {
  uint64_t applied = 0;     // accepted agent events
  uint64_t rejected = 0;    // accepted, and refused for a reason that the key remembers
  uint64_t duplicates = 0;  // same key, same fingerprint
  uint64_t conflicts = 0;   // same key, other fingerprint
  uint64_t control = 0;
  std::array<uint64_t, 8> skipped{};  // by SkipReason
  uint64_t memories = 0;              // live now
  uint64_t expired = 0;
  uint64_t forgotten = 0;
};

struct Meta {
  Bytes16 log_id{};
  uint32_t epoch = 0;        // 0: nothing applied yet
  uint64_t next_offset = 0;  // the first offset not yet applied
  uint64_t last_offset = 0;  // of the last record seen, and what it was, to tell a log that was swapped
  Bytes16 last_event_id{};
  uint64_t last_checksum = 0;  // xxh3_64 of its value
  Bytes16 fingerprint_check{};
  uint64_t seq = 0;
  TimestampMs event_time_ms = 0;  // largest recorded_at so far
  Digest state;
  Digest content;
  uint32_t next_ord = 0;
  uint64_t pending_first = 0;  // the pending queue holds [first, next)
  uint64_t pending_next = 0;
  uint64_t pending_forgets = 0;  // how many of them are forgets by filter
  IndexBacklog index;            // what waits of the index's upkeep
  uint64_t outbox_next = 0;
  bool expiry_due = false;  // something that has expired is still there
  Counters counters;

  // Nothing is left to do that a digest would show.
  bool settled() const { return pending_first == pending_next && !expiry_due; }
  // Nothing is left to do at all: a tick would change nothing but the time. Index rows are derived and in no digest,
  // but until their upkeep is done they hold words of memories that are gone.
  bool idle() const { return settled() && index.empty(); }
};

inline constexpr std::string_view kMetaKey = "!meta";
inline constexpr std::string_view kPointsKey = "!points";    // the newest 64 digest points, oldest first
inline constexpr std::string_view kRulesKey = "!rules";      // the RulesActivated in force, serialised
inline constexpr std::string_view kVersionKey = "!version";  // projection_version() that wrote the rows
inline constexpr size_t kDigestPointsKept = 64;

void encode_meta(const Meta& meta, std::string& out);
Status decode_meta(std::string_view row, Meta& out);
void encode_points(const std::vector<DigestPoint>& points, std::string& out);
Status decode_points(std::string_view row, std::vector<DigestPoint>& out);

}  // namespace mnemo
