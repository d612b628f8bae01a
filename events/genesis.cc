#include "events/genesis.h"

#include <fmt/format.h>

#include "events/envelope.h"
#include "events/rules.h"

namespace mnemo {
namespace {

constexpr auto kReadWithin = std::chrono::seconds(10);

std::string as_string(const Bytes16& bytes) { return {bytes.begin(), bytes.end()}; }

v1::Envelope new_envelope(TimestampMs now_ms, UuidGenerator& ids) {
  v1::Envelope envelope;
  envelope.set_event_id(as_string(ids.next()));
  envelope.set_schema_version(kSchemaVersion);
  envelope.set_recorded_at_ms(now_ms);
  return envelope;
}

tl::unexpected<Error> other_log(PartitionId partition, const std::string& what) {
  return fail(Code::kFailedPrecondition,
              fmt::format("partition {} does not belong to this log: {}", partition.value, what));
}

}  // namespace

std::vector<NewRecord> genesis_records(const LogIdentity& identity, const Bytes16& fingerprint_check,
                                       const Clock& clock, UuidGenerator& ids) {
  const TimestampMs now_ms = clock.now_ms();
  std::vector<NewRecord> records;
  for (uint32_t partition = 0; partition < identity.partitions; ++partition) {
    v1::Envelope epoch = new_envelope(now_ms, ids);
    v1::EpochStarted& started = *epoch.mutable_epoch_started();
    started.set_partition(partition);
    started.set_epoch(identity.epoch);
    started.set_log_id(as_string(identity.log_id));
    started.set_partitions(identity.partitions);
    started.set_fingerprint_check(as_string(fingerprint_check));
    records.push_back(make_record(epoch, identity.partitions));

    v1::Envelope rules = new_envelope(now_ms, ids);
    *rules.mutable_rules_activated() = default_rules(partition);
    records.push_back(make_record(rules, identity.partitions));
  }
  return records;
}

Result<bool> begin_log(Log& log, const Bytes16& fingerprint_check, const Clock& clock, UuidGenerator& ids) {
  std::vector<NewRecord> missing;
  std::vector<NewRecord> all = genesis_records(log.identity(), fingerprint_check, clock, ids);
  for (uint32_t p = 0; p < log.identity().partitions; ++p) {
    MNEMO_ASSIGN(const uint64_t end, log.end(PartitionId(p)));
    if (end > 0) continue;
    for (NewRecord& record : all) {
      if (record.partition.value == p) missing.push_back(std::move(record));
    }
  }
  if (missing.empty()) return false;
  MNEMO_ASSIGN(const auto appended, append_and_wait(log, std::move(missing)));
  return !appended.empty();
}

Status check_first_record(Log& log, PartitionId partition, const Bytes16& fingerprint_check) {
  MNEMO_ASSIGN(const uint64_t end, log.end(partition));
  if (end == 0) return {};
  MNEMO_ASSIGN(const uint64_t begin, log.begin(partition));
  MNEMO_ASSIGN(const auto reader, log.read(partition, begin));
  const Deadline deadline = std::chrono::steady_clock::now() + kReadWithin;
  MNEMO_ASSIGN(const auto records, reader->poll({.records = 1, .bytes = 1}, deadline));
  if (records.empty()) return fail(Code::kUnavailable, "the log did not give its first record in time", true);
  return check_genesis(records.front().value, partition, log.identity(), fingerprint_check);
}

Status check_genesis(std::string_view value, PartitionId partition, const LogIdentity& identity,
                     const Bytes16& fingerprint_check) {
  v1::Envelope envelope;
  if (!decode(value, envelope) || !envelope.has_epoch_started() || !validate(envelope, Rules{})) {
    return fail(Code::kDataLoss,
                fmt::format("partition {} does not begin with a valid EpochStarted: its log is damaged "
                            "or was not made by mnemo",
                            partition.value));
  }
  const v1::EpochStarted& started = envelope.epoch_started();
  if (started.log_id() != as_string(identity.log_id)) {
    return other_log(partition,
                     fmt::format("its log id is {}, not {}", to_hex(started.log_id()), to_hex(identity.log_id)));
  }
  if (started.epoch() != identity.epoch) {
    return other_log(partition, fmt::format("its epoch is {}, not {}", started.epoch(), identity.epoch));
  }
  if (started.partition() != partition.value || started.partitions() != identity.partitions) {
    return other_log(partition, fmt::format("it is partition {} of {}, not {} of {}", started.partition(),
                                            started.partitions(), partition.value, identity.partitions));
  }
  if (started.fingerprint_check() == as_string(fingerprint_check)) return {};
  return fail(Code::kFailedPrecondition,
              "the fingerprint key is not the one that this log was made with: keys reused with another request could "
              "not be told; put the log's own fingerprint.key back");
}

}  // namespace mnemo
