// File: consumers/copy.h
// From one log to another: every accepted record in order, with its effective recorded_at written in.
//
// Into the same number of partitions control records go along, and the `state` digests come out equal; into another
// number records are placed by key, control records are written anew, and the combined settled `content` digests come
// out equal. Resumable: event ids act once, and what the target holds already is passed over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "events/log.h"

namespace mnemo {

struct CopyOptions {
  std::filesystem::path scratch_dir;  // for the projections that tell accepted records from others; removed at the end
  size_t memory_bytes = 256 << 20;
  std::function<void(uint64_t records, uint64_t total)> progress;
};

struct CopyReport {
  uint64_t records = 0;   // copied now
  uint64_t present = 0;   // copied by an earlier run
  uint64_t left_out = 0;  // duplicates, conflicts, skipped records and, when re-partitioned, control records
};

// `to` was made for this copy (its genesis carries the same fingerprint check value) or by an earlier run of it.
Result<CopyReport> copy_log(Log& from, Log& to, const CopyOptions& options);

}  // namespace mnemo
