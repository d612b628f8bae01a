#include "consumers/handshake.h"

#include <fmt/format.h>

#include "events/genesis.h"
#include "events/hash.h"

namespace mnemo {
namespace {

constexpr std::string_view kWaysOut =
    ". Either the log directory was replaced or restored from an older copy: put the right log back; or the projection "
    "belongs to another log: delete the projection, and it is replayed from this one";

Status check_last_record(Log& log, PartitionId partition, const Meta& meta) {
  MNEMO_ASSIGN(const auto reader, log.read(partition, meta.last_offset));
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  MNEMO_ASSIGN(const auto records, reader->poll({.records = 1, .bytes = 1}, deadline));
  const bool same = !records.empty() && records.front().position.offset == meta.last_offset &&
                    xxh3_64(records.front().value) == meta.last_checksum;
  if (same) return {};
  return fail(Code::kDataLoss,
              fmt::format("partition {} of the log holds another record at offset {} than the one that "
                          "the projection applied{}",
                          partition.value, meta.last_offset, kWaysOut));
}

}  // namespace

Status check_continues(Log& log, PartitionId partition, const Meta& meta, const Bytes16& fingerprint_check) {
  // A projection that is yet to be made fits this log; the secret must, too.
  if (meta.next_offset == 0) return check_first_record(log, partition, fingerprint_check);
  const LogIdentity& identity = log.identity();
  if (meta.epoch != 0 && meta.log_id != identity.log_id) {
    return fail(Code::kFailedPrecondition,
                fmt::format("the projection of partition {} was made from log {}, this is log {}{}", partition.value,
                            to_hex(meta.log_id), to_hex(identity.log_id), kWaysOut));
  }
  if (meta.epoch > identity.epoch) {
    return fail(Code::kFailedPrecondition,
                fmt::format("the projection of partition {} is of epoch {}, the log of the older epoch {}{}",
                            partition.value, meta.epoch, identity.epoch, kWaysOut));
  }
  if (meta.epoch != 0 && meta.fingerprint_check != fingerprint_check) {
    return fail(Code::kFailedPrecondition,
                "the fingerprint secret here is not the one that this log was made with: put the log's own "
                "fingerprint.key back, or retries would be taken for conflicts");
  }
  MNEMO_ASSIGN(const uint64_t end, log.end(partition));
  if (meta.next_offset > end) {
    return fail(Code::kDataLoss,
                fmt::format("partition {} of the log ends at offset {}, the projection has applied up to {}{}",
                            partition.value, end, meta.next_offset, kWaysOut));
  }
  MNEMO_ASSIGN(const uint64_t begin, log.begin(partition));
  if (meta.next_offset < begin) {
    return fail(Code::kDataLoss, fmt::format("partition {} of the log begins at offset {}, the projection needs {}{}",
                                             partition.value, begin, meta.next_offset, kWaysOut));
  }
  return check_last_record(log, partition, meta);
}

}  // namespace mnemo
