#include "consumers/copy_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/coding.h"
#include "events/hash.h"
#include "events/limits.h"

namespace mnemo {
namespace {

constexpr size_t kBatchRecords = 2000;
constexpr size_t kBatchBytes = limits::kAppendGroupBytesMax / 2;  // and one record more at most: within an append

constexpr std::string_view kWayOut = ": copy into an empty directory";

uint64_t add_to_hash(uint64_t hash, std::string_view key, std::string_view value) {
  std::string bytes;
  put_be64(bytes, hash);
  put_be64(bytes, xxh3_64(key));
  put_be64(bytes, xxh3_64(value));
  return xxh3_64(bytes);
}

// A control event that is written anew, whatever partition it names.
Bytes16 control_id(v1::Envelope envelope) {
  set_control_partition(envelope, PartitionId(0));
  return blake2b_128(envelope.SerializeAsString());
}

// The same for the same moment, so that a run that was cut off and its successor write the same record.
v1::Envelope tick_anew(const LogIdentity& from, PartitionId partition, TimestampMs time_ms) {
  std::string name = "mnemo log copy: time";
  name.append(reinterpret_cast<const char*>(from.log_id.data()), from.log_id.size());
  put_be32(name, partition.value);
  put_be64(name, static_cast<uint64_t>(time_ms));
  const Bytes16 id = blake2b_128(name);
  v1::Envelope envelope;
  envelope.set_event_id(std::string(id.begin(), id.end()));
  envelope.set_schema_version(kSchemaVersion);
  envelope.set_recorded_at_ms(time_ms);
  envelope.mutable_ticked()->set_partition(partition.value);
  envelope.mutable_ticked()->set_time_ms(time_ms);
  return envelope;
}

// Of operations, other numbers of partitions have other homes.
std::string value_at(const v1::Envelope& envelope, PartitionId partition) {
  if (!operation_of(envelope)) return envelope.SerializeAsString();
  v1::Envelope placed = envelope;
  set_control_partition(placed, partition);
  return placed.SerializeAsString();
}

tl::unexpected<Error> foreign(const Position& position) {
  return fail(Code::kFailedPrecondition,
              fmt::format("the record at {} of the target is of no copy: the target was written to by something else{}",
                          to_string(position), kWayOut));
}

std::string_view told(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::kApplied: return "applied";
    case Outcome::Kind::kRejected: return "rejected";
    case Outcome::Kind::kDuplicate: return "a duplicate";
    case Outcome::Kind::kConflict: return "a conflict";
    case Outcome::Kind::kSkipped: return "skipped";
    case Outcome::Kind::kControl: return "taken";
  }
  return "";
}

tl::unexpected<Error> differs(const Position& source, Outcome::Kind expected, const Outcome& outcome) {
  return fail(
      Code::kFailedPrecondition,
      fmt::format("the record at {} of the source was {} there, and on the copy it would be {}{}{}. The copy has "
                  "come to a later time, or to other rules, than the source had then: copy into an empty "
                  "directory or, if this was one, into as many partitions as the source has",
                  to_string(source), told(expected), told(outcome.kind), outcome.message.empty() ? "" : ", as ",
                  outcome.message));
}

}  // namespace

CopyTarget::CopyTarget(Log& to, const LogIdentity& from, size_t memory_bytes)
    : to_(to),
      from_(from),
      resources_(memory_bytes),
      parts_(to.identity().partitions),
      runs_(size_t{from.partitions} * to.identity().partitions) {}

Result<std::unique_ptr<CopyTarget>> CopyTarget::open(Log& to, const LogIdentity& from,
                                                     const std::filesystem::path& scratch, size_t memory_bytes) {
  std::unique_ptr<CopyTarget> target(new CopyTarget(to, from, memory_bytes));
  for (uint32_t q = 0; q < to.identity().partitions; ++q) {
    ProjectionOptions options;
    options.store.dir = scratch / fmt::format("p{}", q);
    options.store.partition = PartitionId(q);
    options.store.resources = &target->resources_;
    options.log = to.identity();
    std::error_code ignored;
    std::filesystem::create_directories(options.store.dir, ignored);
    MNEMO_ASSIGN(target->parts_[q].projection, Projection::open(options));
    MNEMO_TRY(target->scan(PartitionId(q)));
  }
  return target;
}

CopyTarget::Run& CopyTarget::run_of(PartitionId from, PartitionId to) {
  return runs_[size_t{from.value} * parts_.size() + to.value];
}

// --- What is there ---

Status CopyTarget::scan(PartitionId partition) {
  Part& part = parts_[partition.value];
  MNEMO_ASSIGN(part.end, to_.end(partition));
  if (part.end == 0) return fail(Code::kFailedPrecondition, "the target has no first record: make it for this copy");
  MNEMO_ASSIGN(const auto reader, to_.read(partition, 0));
  while (reader->next_offset() < part.end) {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    MNEMO_ASSIGN(const auto records, reader->poll(PollLimits{}, deadline));
    for (const LogRecord& record : records) MNEMO_TRY(note(record));
    MNEMO_TRY(part.projection->apply(records, {}, nullptr, false));
  }
  part.time_ms = part.projection->applied().event_time_ms;
  return {};
}

Status CopyTarget::note(const LogRecord& record) {
  v1::Envelope envelope;
  if (!decode(record.value, envelope)) return foreign(record.position);
  if (record.key == kControlKey) return note_control(record, envelope);
  if (partition_of(record.key, to_.identity().partitions) != record.position.partition) return foreign(record.position);
  count(record, partition_of(record.key, from_.partitions));
  return {};
}

Status CopyTarget::note_control(const LogRecord& record, const v1::Envelope& envelope) {
  Part& part = parts_[record.position.partition.value];
  if (envelope.has_epoch_started()) return {};
  if (envelope.has_ticked()) {
    if (const auto id = bytes16(envelope.event_id())) part.ticks.insert(*id);
    return {};
  }
  const auto operation = operation_of(envelope);
  const bool copied = envelope.has_rules_activated() || envelope.has_policy_updated() || operation;
  if (!copied) return foreign(record.position);
  if (same_partitions() || operation) {
    count(record, operation ? operation_home(*operation, from_.partitions) : record.position.partition);
    return {};
  }
  unknown_controls_.insert(control_id(envelope));
  if (envelope.has_rules_activated()) part.rules_version = envelope.rules_activated().rules_version();
  if (!envelope.has_policy_updated()) return {};
  part.policy_versions[envelope.policy_updated().namespace_()] = envelope.policy_updated().version();
  return {};
}

// Agents' records and operations have places of their own on any number of partitions; other control records stay where
// they are, or are written anew.
std::optional<PartitionId> CopyTarget::place(const SourceRecord& record) const {
  const uint32_t partitions = to_.identity().partitions;
  if (!record.control) return partition_of(record.key, partitions);
  if (const auto operation = operation_of(record.envelope)) return operation_home(*operation, partitions);
  return same_partitions() ? std::optional(record.position.partition) : std::nullopt;
}

void CopyTarget::count(const LogRecord& record, PartitionId from) {
  Run& run = run_of(from, record.position.partition);
  if (run.count++ == 0) ++uncompared_;
  run.hash = add_to_hash(run.hash, record.key, record.value);
  run.last = record.position;
  parts_[record.position.partition.value].ticks.clear();
}

// --- Whether it is of this source ---

Result<bool> CopyTarget::compare(const SourceRecord& record) {
  const v1::Envelope& envelope = record.envelope;
  const bool left_out = envelope.has_epoch_started() || envelope.has_skip_recorded() || envelope.has_ticked();
  const std::optional<PartitionId> to = place(record);
  if (!left_out && !to) unknown_controls_.erase(control_id(envelope));
  if (left_out || !to) return !empty();
  Run& run = run_of(record.position.partition, *to);
  if (run.seen == run.count) return !empty();
  run.seen_hash = add_to_hash(run.seen_hash, record.key, value_at(envelope, *to));
  if (++run.seen < run.count) return true;
  --uncompared_;
  if (run.seen_hash == run.hash) return !empty();
  return fail(Code::kFailedPrecondition,
              fmt::format("the first {} records that the target holds of partition {} of the source, up to {}, are not "
                          "the ones that the source has: they are of another log, or something else was written to "
                          "the target{}",
                          run.count, record.position.partition.value, to_string(run.last), kWayOut));
}

Status CopyTarget::finish_comparing() {
  for (Run& run : runs_) {
    const bool whole = run.seen == run.count;
    run.seen = 0;
    if (whole) continue;
    return fail(Code::kFailedPrecondition,
                fmt::format("the target holds more records than this source has, the last at {}: something else was "
                            "written to it, or the source was restored from an older copy{}",
                            to_string(run.last), kWayOut));
  }
  if (unknown_controls_.empty()) return {};
  return fail(Code::kFailedPrecondition,
              fmt::format("the target has rules or policies that the source does not have: something else was written "
                          "to it{}",
                          kWayOut));
}

// --- What is appended ---

Status CopyTarget::add(const SourceRecord& record) {
  if (record.control) return add_control(record);
  const PartitionId to = partition_of(record.key, to_.identity().partitions);
  Run& run = run_of(record.position.partition, to);
  if (run.seen < run.count) {
    ++run.seen;
    ++report_.present;
    return {};
  }
  if (!same_partitions()) MNEMO_TRY(bring_time(to, record));
  return put(to, record, record.key, record.envelope);
}

Status CopyTarget::add_control(const SourceRecord& record) {
  const v1::Envelope& envelope = record.envelope;
  // A record that was skipped is not copied, so neither is the decision; epochs are the target's own.
  if (envelope.has_epoch_started() || envelope.has_skip_recorded()) {
    ++report_.left_out;
    return {};
  }
  const std::optional<PartitionId> place = this->place(record);
  if (!place) return write_anew(record);
  const PartitionId to = *place;
  Run& run = run_of(record.position.partition, to);
  const bool tick = envelope.has_ticked();
  const bool before_the_last = run.seen < run.count;
  const auto id = bytes16(envelope.event_id());
  if (before_the_last || (tick && parts_[to.value].ticks.contains(*id))) {
    run.seen += tick ? 0 : 1;
    ++report_.present;
    return {};
  }
  return put(to, record, record.key, envelope);
}

// Every source partition has the rules and policies; the target's get each version where the first source partition
// has it. Time is written where it is needed: bring_time().
Status CopyTarget::write_anew(const SourceRecord& record) {
  ++report_.left_out;
  v1::Envelope envelope = record.envelope;
  if (envelope.has_ticked()) return {};
  for (uint32_t q = 0; q < parts_.size(); ++q) {
    const v1::PolicyUpdated& policy = envelope.policy_updated();
    uint32_t& version =
        envelope.has_rules_activated() ? parts_[q].rules_version : parts_[q].policy_versions[policy.namespace_()];
    const uint32_t next =
        envelope.has_rules_activated() ? envelope.rules_activated().rules_version() : policy.version();
    if (next <= version) continue;
    version = next;
    set_control_partition(envelope, PartitionId(q));
    MNEMO_TRY(put(PartitionId(q), record, std::string(kControlKey), envelope));
  }
  return {};
}

// What had expired on the source when the record was applied must have expired on the copy.
Status CopyTarget::bring_time(PartitionId partition, const SourceRecord& record) {
  const Part& part = parts_[partition.value];
  if (std::max(part.time_ms, record.envelope.recorded_at_ms()) >= record.time_ms) return {};
  return put(partition, record, std::string(kControlKey), tick_anew(from_, partition, record.time_ms));
}

Status CopyTarget::put(PartitionId partition, const SourceRecord& source, std::string key,
                       const v1::Envelope& envelope) {
  Waiting waiting;
  waiting.source = source.position;
  const bool control = key == kControlKey;
  if (!control) waiting.expected = source.rejected ? Outcome::Kind::kRejected : Outcome::Kind::kApplied;
  waiting.at_ms = envelope.has_ticked() ? envelope.ticked().time_ms() : envelope.recorded_at_ms();
  waiting.record = {partition, std::move(key), value_at(envelope, partition)};
  if (!control || envelope.has_ticked()) {
    TimestampMs& time_ms = parts_[partition.value].time_ms;
    time_ms = std::max(time_ms, waiting.at_ms);
  }
  batch_bytes_ += waiting.record.key.size() + waiting.record.value.size();
  batch_.push_back(std::move(waiting));
  ++report_.records;
  return batch_.size() < kBatchRecords && batch_bytes_ < kBatchBytes ? Status{} : flush();
}

// As they will stand on the log: their own times are effective ones, so the append timestamp decides nothing.
Status CopyTarget::apply_batch(PartitionId partition) {
  Part& part = parts_[partition.value];
  std::vector<LogRecord> records;
  std::vector<const Waiting*> waiting;
  for (const Waiting& w : batch_) {
    if (w.record.partition != partition) continue;
    records.push_back(
        {{partition, to_.identity().epoch, part.end++}, kTimeMaxMs, std::string_view(w.record.key), w.record.value});
    waiting.push_back(&w);
  }
  if (records.empty()) return {};
  std::vector<Outcome> outcomes;
  MNEMO_TRY(part.projection->apply(records, {}, &outcomes, false));
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].kind != waiting[i]->expected) return differs(waiting[i]->source, waiting[i]->expected, outcomes[i]);
  }
  return {};
}

Status CopyTarget::flush() {
  if (batch_.empty()) return {};
  for (uint32_t q = 0; q < parts_.size(); ++q) MNEMO_TRY(apply_batch(PartitionId(q)));
  std::vector<NewRecord> records;
  std::vector<TimestampMs> times;
  for (Waiting& waiting : batch_) {
    records.push_back(std::move(waiting.record));
    times.push_back(waiting.at_ms);
  }
  batch_.clear();
  batch_bytes_ = 0;
  MNEMO_ASSIGN(const auto appended, append_and_wait(to_, std::move(records)));
  for (size_t i = 0; i < appended.size(); ++i) {
    if (appended[i].appended_at_ms >= times[i]) continue;
    return fail(
        Code::kFailedPrecondition,
        fmt::format("this machine's clock is {} ms behind the source's times, which the copy therefore does not "
                    "have: set the clock, and copy into an empty directory",
                    times[i] - appended[i].appended_at_ms));
  }
  return {};
}

}  // namespace mnemo
