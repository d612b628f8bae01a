// File: consumers/copy_source.h
// The records that a copy takes from a log, in the order in which it takes them.
//
// Each partition is replayed once, to learn which of its records were accepted. Then the log can be read as often as
// wanted: all partitions merged by the event time at which each record was applied (ties by partition and offset). That
// time never decreases within a partition, so each partition keeps its order; and records of any partitions that are
// applied in this order find no time later than the one they were applied at.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "events/envelope.h"
#include "events/log.h"

namespace mnemo {

// One accepted agent event or control record.
struct SourceRecord {
  Position position;
  std::string key;
  v1::Envelope envelope;    // with its effective recorded_at; a Ticked with its effective time
  TimestampMs time_ms = 0;  // the partition's event time when it was applied, its own included
  bool control = false;
  bool rejected = false;  // accepted, and refused for a reason that its key remembers
};

// One thread. The log must outlive it and not grow shorter.
class CopySource {
 public:
  // Called with the number of records that were just read.
  using Progress = std::function<void(uint64_t records)>;

  // Replays the log up to its present end with projections in `scratch`, one at a time. Errors of the log, and
  // FAILED_PRECONDITION for a record that halts its partition.
  static Result<std::unique_ptr<CopySource>> open(Log& log, const std::filesystem::path& scratch, size_t memory_bytes,
                                                  Progress progress);

  // Calls `visit` with each record in order, until it returns false.
  using Visit = std::function<Result<bool>(const SourceRecord&)>;
  Status for_each(const Visit& visit);

  uint64_t left_out() const { return left_out_; }  // duplicates, conflicts, skipped records

  // What became of each record of a partition, by number: bits, since they are kept for the whole log.
  struct Decisions {
    std::vector<bool> wanted;
    std::vector<bool> rejected;
  };

 private:
  CopySource(Log& log, Progress progress) : log_(log), progress_(std::move(progress)) {}
  Status replay(PartitionId partition, const std::filesystem::path& scratch, size_t memory_bytes);

  Log& log_;
  Progress progress_;
  std::vector<Decisions> decisions_;
  uint64_t left_out_ = 0;
};

}  // namespace mnemo
