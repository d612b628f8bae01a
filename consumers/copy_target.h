// File: consumers/copy_target.h
// The log that a copy goes to: what stands on it already, and what is appended.
//
// Records of one source partition stand in each target partition in the source's order, and a run of the copy appends
// behind what is there. So what is there of (source partition, target partition) is a prefix of what belongs there, and
// its length says where to go on; a running hash over keys and values says whether it is that prefix. Ticked of the
// copy's own, which whoever opened it may have appended, are left out of both.
//
// Every record is applied to a projection of the copy before it is appended, and must come to what it came to on the
// source: a difference that would lose an update is refused rather than copied.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consumers/copy.h"
#include "consumers/copy_source.h"
#include "projector/projection.h"

namespace mnemo {

// One thread. The log must outlive it, and nobody else may append to it.
class CopyTarget {
 public:
  // Reads what is there. FAILED_PRECONDITION when it cannot be of a copy; errors of the log.
  static Result<std::unique_ptr<CopyTarget>> open(Log& to, const LogIdentity& from,
                                                  const std::filesystem::path& scratch, size_t memory_bytes);

  // Whether there is nothing yet to compare.
  bool empty() const { return uncompared_ == 0 && unknown_controls_.empty(); }
  // The records of the source, in order, until false: everything that is there was found to be of this source.
  Result<bool> compare(const SourceRecord& record);
  // FAILED_PRECONDITION when something was not found.
  Status finish_comparing();

  // Then the records of the source again, all of them, in order: appends those that are not there.
  Status add(const SourceRecord& record);
  Status flush();

  const CopyReport& report() const { return report_; }

 private:
  // What is there of one source partition in one target partition.
  struct Run {
    uint64_t count = 0;
    uint64_t hash = 0;
    Position last;
    uint64_t seen = 0;  // of the source's records
    uint64_t seen_hash = 0;
  };
  struct Part {
    std::unique_ptr<Projection> projection;
    uint64_t end = 0;         // of the log with what waits in the batch
    TimestampMs time_ms = 0;  // event time, likewise
    std::set<Bytes16> ticks;  // behind the last record of another kind
    // When re-partitioned: what has been written anew.
    uint32_t rules_version = 0;
    std::map<std::string, uint32_t> policy_versions;
  };
  // A record that waits to be appended, and what it has to come to.
  struct Waiting {
    NewRecord record;
    Position source;
    Outcome::Kind expected = Outcome::Kind::kControl;
    TimestampMs at_ms = 0;  // no append timestamp may be before this
  };

  CopyTarget(Log& to, const LogIdentity& from, size_t memory_bytes);
  bool same_partitions() const { return from_.partitions == to_.identity().partitions; }
  Run& run_of(PartitionId from, PartitionId to);
  // The only place of the record on the target; nullopt: each of the target's partitions has it, written anew.
  std::optional<PartitionId> place(const SourceRecord& record) const;

  Status scan(PartitionId partition);
  Status note(const LogRecord& record);
  Status note_control(const LogRecord& record, const v1::Envelope& envelope);
  void count(const LogRecord& record, PartitionId from);

  Status add_control(const SourceRecord& record);
  Status write_anew(const SourceRecord& record);
  Status bring_time(PartitionId partition, const SourceRecord& record);
  Status put(PartitionId partition, const SourceRecord& source, std::string key, const v1::Envelope& envelope);
  Status apply_batch(PartitionId partition);

  Log& to_;
  LogIdentity from_;
  StoreResources resources_;
  std::vector<Part> parts_;
  std::vector<Run> runs_;               // by source partition, then target partition
  uint64_t uncompared_ = 0;             // runs whose end has not been seen
  std::set<Bytes16> unknown_controls_;  // written anew on the target, and not found on the source yet
  std::vector<Waiting> batch_;
  size_t batch_bytes_ = 0;
  CopyReport report_;
};

}  // namespace mnemo
