// File: events/log_checks.h
// What every backend refuses in the same words.
#pragma once

#include <vector>

#include "events/limits.h"
#include "events/log.h"

namespace mnemo {

// INVALID_ARGUMENT when the log has no such partition.
Status check_partition(PartitionId partition, uint32_t partitions);

// OUT_OF_RANGE when a reader cannot start there.
Status check_offset(PartitionId partition, uint64_t offset, uint64_t end);

// What may wait in a log's append queue.
struct QueueLimits {
  size_t records = limits::kAppendQueueRecordsMax;
  size_t bytes = limits::kAppendQueueBytesMax;
};

// The bytes of the keys and values. INVALID_ARGUMENT as Log::append says: an append that would not fit into an empty
// queue is one to be split, not one to be tried again.
Result<size_t> check_records(const std::vector<NewRecord>& records, uint32_t partitions, const QueueLimits& queue);

// RESOURCE_EXHAUSTED, with what waits.
Error queue_full(size_t records, size_t bytes);

}  // namespace mnemo
