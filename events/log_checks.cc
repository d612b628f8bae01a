#include "events/log_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/limits.h"

namespace mnemo {
namespace {

constexpr size_t kMessageKeyBytesMax = limits::kNamespaceBytesMax + 1 + limits::kAgentIdBytesMax;

Status check_size(const char* what, size_t bytes, size_t limit, const char* advice = "") {
  if (bytes <= limit) return {};
  return fail(Code::kInvalidArgument,
              fmt::format("{} of {} bytes is over the limit of {}{}", what, bytes, limit, advice));
}

}  // namespace

Status check_partition(PartitionId partition, uint32_t partitions) {
  if (partition.value < partitions) return {};
  return fail(Code::kInvalidArgument,
              fmt::format("there is no partition {}: the log has {}", partition.value, partitions));
}

Status check_offset(PartitionId partition, uint64_t offset, uint64_t end) {
  if (offset <= end) return {};
  return fail(Code::kOutOfRange,
              fmt::format("partition {} ends at offset {}: there is no {}", partition.value, end, offset));
}

Result<size_t> check_records(const std::vector<NewRecord>& records, uint32_t partitions, const QueueLimits& queue) {
  if (records.empty()) return fail(Code::kInvalidArgument, "an append needs at least one record");
  if (records.size() > queue.records) {
    return fail(Code::kInvalidArgument, fmt::format("an append of {} records is over the limit of {}: split it",
                                                    records.size(), queue.records));
  }
  size_t bytes = 0;
  for (const NewRecord& record : records) {
    MNEMO_TRY(check_partition(record.partition, partitions));
    MNEMO_TRY(check_size("an event", record.value.size(), limits::kEventBytesMax));
    MNEMO_TRY(check_size("a message key", record.key.size(), kMessageKeyBytesMax));
    bytes += record.key.size() + record.value.size();
  }
  MNEMO_TRY(check_size("an append", bytes, std::min(limits::kAppendGroupBytesMax, queue.bytes), ": split it"));
  return bytes;
}

Error queue_full(size_t records, size_t bytes) {
  return {Code::kResourceExhausted,
          fmt::format("the append queue is full: {} records with {} bytes wait to be durable; try again later", records,
                      bytes),
          true};
}

}  // namespace mnemo
