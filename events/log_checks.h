// File: events/log_checks.h
// What every backend refuses in the same words.
#pragma once

#include <vector>

#include "events/log.h"

namespace mnemo {

// INVALID_ARGUMENT when the log has no such partition.
Status check_partition(PartitionId partition, uint32_t partitions);

// OUT_OF_RANGE when a reader cannot start there.
Status check_offset(PartitionId partition, uint64_t offset, uint64_t end);

// The bytes of the keys and values. INVALID_ARGUMENT as Log::append says.
Result<size_t> check_records(const std::vector<NewRecord>& records, uint32_t partitions);

// RESOURCE_EXHAUSTED, with what waits.
Error queue_full(size_t records, size_t bytes);

}  // namespace mnemo
