// File: consumers/verify.h
// The proof of replay: projects the log from zero into a directory of its own, beside the live state, and compares.
//
// Changes no file of the live state or the log, repairs nothing. Memory is bounded by `memory_bytes`, disk by the size
// of a second projection, which is removed at the end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "events/fingerprint.h"
#include "events/log.h"
#include "projector/store/meta.h"

namespace mnemo {

struct VerifyOptions {
  std::filesystem::path state_dir;    // the live projections; opened read-only
  std::filesystem::path scratch_dir;  // gets a subdirectory of its own, which is removed at the end
  size_t memory_bytes = 256 << 20;
  std::function<void(uint64_t events, uint64_t total)> progress;
};

// One thing that is not as the log says.
struct Finding {
  std::optional<uint32_t> partition;  // none: the whole log
  std::string check;                  // "log", "digest", "rows", "index", "position"
  std::string where;                  // a row's name, or a position
  std::string message;                // what was found and what the log says
};

struct PartitionReport {
  uint32_t partition = 0;
  uint64_t events = 0;  // replayed
  uint64_t log_end = 0;
  uint64_t applied = 0;  // of the live state
  uint64_t rows = 0;     // compared
  uint64_t points = 0;   // digest points compared
  uint64_t agents = 0;   // whose index was compared with their records
  Meta live;
  Meta replayed;
};

struct VerifyReport {
  std::vector<PartitionReport> partitions;
  std::vector<Finding> findings;  // the first of each kind and partition; empty: all is as the log says
  bool good() const { return findings.empty(); }
};

// FAILED_PRECONDITION when there is no projection to verify; other errors when the check could not be made. Damage
// (DATA_LOSS) of the live state's files or of a record of the log is a finding, not an error.
Result<VerifyReport> verify(Log& log, const VerifyOptions& options);

}  // namespace mnemo
