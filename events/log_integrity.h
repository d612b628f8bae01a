// File: events/log_integrity.h
// Is every record there? Exactly, and without reading them all.
//
// Each table file carries, as a property, the runs of offsets it holds, written when the table is built; the rows that
// are in the write-ahead log alone are counted one by one. Together they must cover each partition from 0 without a
// gap. This is asked before the database is opened for writing, as that deletes table files which a damaged manifest
// no longer names. Internal to the embedded log.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/table_properties.h>

#include <memory>
#include <string>
#include <vector>

#include "events/ids.h"
#include "events/result.h"

namespace mnemo {

// A set of (partition, offset), kept as runs. Cheap when added in order.
class OffsetRuns {
 public:
  struct Run {
    PartitionId partition;
    uint64_t first = 0;
    uint64_t count = 0;
    auto operator<=>(const Run&) const = default;
  };

  void add(PartitionId partition, uint64_t offset) { add({partition, offset, 1}); }
  void add(const Run& run);
  const std::vector<Run>& runs() const { return runs_; }

  std::string encode() const;
  // DATA_LOSS when the bytes are none that encode() made.
  static Result<OffsetRuns> decode(std::string_view bytes);

  // The end of each partition 0 .. partitions-1. DATA_LOSS naming partition and offsets when one does not start at 0
  // or has a gap, or when there are records of a partition that does not exist.
  Result<std::vector<uint64_t>> contiguous_ends(uint32_t partitions) const;

 private:
  std::vector<Run> runs_;
};

std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> new_offset_runs_collector_factory();

// What the database holds, tables and memory. DATA_LOSS naming the file when a table does not tell.
Result<OffsetRuns> offset_runs_of(rocksdb::DB& db);

}  // namespace mnemo
