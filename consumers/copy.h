// File: consumers/copy.h
// From one log to another: every accepted record in order, with its effective recorded_at written in.
//
// Into the same number of partitions control records go along, and the `state` digests come out equal; into another
// number records are placed by key, control records are written anew, and the combined settled `content` digests come
// out equal. It can be interrupted, and run again when the source has grown: docs/formats.md, *Copies of a log*, has
// the rules.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "events/log.h"

namespace mnemo {

struct CopyOptions {
  std::filesystem::path scratch_dir;  // gets a subdirectory of its own, which is removed at the end
  size_t memory_bytes = 256 << 20;
  // Reading the source takes two passes, or three when the target holds records: `total` counts all of them.
  std::function<void(uint64_t done, uint64_t total)> progress;
};

struct CopyReport {
  uint64_t records = 0;   // appended now, control records that were written anew among them
  uint64_t present = 0;   // copied by an earlier run
  uint64_t left_out = 0;  // duplicates, conflicts, skipped records and, when re-partitioned, control records
};

// `to` was made for this copy (its genesis carries the same fingerprint check value) or by an earlier run of it.
// FAILED_PRECONDITION, before anything is appended, when `to` holds records that this source does not have; and, with
// nothing appended from there on, when a record would not come to the same outcome on the copy as it did on the source.
Result<CopyReport> copy_log(Log& from, Log& to, const CopyOptions& options);

}  // namespace mnemo
