#include "consumers/copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "consumers/follower.h"
#include "events/clock.h"
#include "events/envelope.h"
#include "projector/projection.h"

namespace mnemo {
namespace {

constexpr size_t kAppendRecords = 500;

// Appends to the target in order, passing over what an earlier run has brought there. Since a copy is a fixed sequence
// for each partition of the target, what is there already is a prefix of it, and its length says all.
class Target {
 public:
  static Result<std::unique_ptr<Target>> open(Log& to, CopyReport& report) {
    std::unique_ptr<Target> target(new Target(to, report));
    for (uint32_t p = 0; p < to.identity().partitions; ++p) {
      MNEMO_ASSIGN(const uint64_t end, to.end(PartitionId(p)));
      if (end == 0) return fail(Code::kFailedPrecondition, "the target log has no first record: make it for this copy");
      target->present_.push_back(end - 1);  // EpochStarted is the target's own
    }
    return target;
  }

  Status add(NewRecord record) {
    uint64_t& present = present_[record.partition.value];
    if (present > 0) {
      --present;
      ++report_.present;
      return {};
    }
    batch_.push_back(std::move(record));
    ++report_.records;
    return batch_.size() < kAppendRecords ? Status{} : flush();
  }

  Status flush() {
    if (batch_.empty()) return {};
    MNEMO_ASSIGN(const auto appended, append_and_wait(to_, std::exchange(batch_, {})));
    MNEMO_CHECK(!appended.empty());
    return {};
  }

  // Whether everything that was there turned out to be part of this copy.
  Status finish() {
    MNEMO_TRY(flush());
    const bool other = std::any_of(present_.begin(), present_.end(), [](uint64_t left) { return left > 0; });
    if (!other) return {};
    return fail(Code::kFailedPrecondition,
                "the target holds more records than this copy has: it was written to by something else");
  }

  Log& log() { return to_; }

 private:
  Target(Log& to, CopyReport& report) : to_(to), report_(report) {}
  Log& to_;
  CopyReport& report_;
  std::vector<uint64_t> present_;
  std::vector<NewRecord> batch_;
};

// Follows one partition of the source: applies it to a projection to learn which records were accepted, and hands those
// on.
class CopyRole final : public Role {
 public:
  CopyRole(Projection& projection, std::set<uint64_t> skips, Target& target, bool same_partitions, CopyReport& report,
           std::map<std::string, uint32_t>& policies)
      : projection_(projection),
        skips_(std::move(skips)),
        target_(target),
        same_partitions_(same_partitions),
        report_(report),
        policies_(policies) {}

  Status handle(std::span<const LogRecord> records) override {
    MNEMO_TRY(projection_.apply(records, skips_, &outcomes_, false));
    MNEMO_CHECK(outcomes_.size() == records.size());
    for (size_t i = 0; i < records.size(); ++i) MNEMO_TRY(copy(records[i], outcomes_[i]));
    return {};
  }

 private:
  Status copy(const LogRecord& record, const Outcome& outcome) {
    const bool accepted = outcome.kind == Outcome::Kind::kApplied || outcome.kind == Outcome::Kind::kRejected;
    const bool control = outcome.kind == Outcome::Kind::kControl;
    const bool wanted = accepted || control;
    if (!wanted) {
      ++report_.left_out;
      return {};
    }
    v1::Envelope envelope;
    MNEMO_CHECK(envelope.ParseFromArray(record.value.data(), static_cast<int>(record.value.size())));
    const TimestampMs given = envelope.recorded_at_ms();
    envelope.set_recorded_at_ms(given == 0 ? record.appended_at_ms : std::min(given, record.appended_at_ms));
    return control ? copy_control(record, std::move(envelope))
                   : target_.add(make_record(envelope, target_.log().identity().partitions));
  }

  Status copy_control(const LogRecord& record, v1::Envelope envelope) {
    const bool policy_for_all = !same_partitions_ && envelope.has_policy_updated();
    // A record that was skipped is not copied, so neither is the decision; epochs are the target's own.
    const bool left_out = envelope.has_epoch_started() || envelope.has_skip_recorded();
    if (left_out || (!same_partitions_ && !policy_for_all)) {
      ++report_.left_out;
      return {};
    }
    if (policy_for_all) return copy_policy(envelope);
    if (envelope.has_ticked()) {
      v1::Ticked& e = *envelope.mutable_ticked();
      e.set_time_ms(std::min(e.time_ms(), record.appended_at_ms));
    }
    return target_.add({record.position.partition, std::string(kControlKey), envelope.SerializeAsString()});
  }

  // Every source partition has the policy; the target's partitions get it from whichever comes first.
  Status copy_policy(v1::Envelope envelope) {
    v1::PolicyUpdated& e = *envelope.mutable_policy_updated();
    uint32_t& copied = policies_[e.namespace_()];
    if (e.version() <= copied) {
      ++report_.left_out;
      return {};
    }
    copied = e.version();
    for (uint32_t p = 0; p < target_.log().identity().partitions; ++p) {
      e.set_partition(p);
      MNEMO_TRY(target_.add({PartitionId(p), std::string(kControlKey), envelope.SerializeAsString()}));
    }
    return {};
  }

  Projection& projection_;
  std::set<uint64_t> skips_;
  Target& target_;
  bool same_partitions_;
  CopyReport& report_;
  std::map<std::string, uint32_t>& policies_;
  std::vector<Outcome> outcomes_;
};

// The rules of the source's first partition, for every partition of a target that is cut otherwise.
Status copy_rules(Log& from, Target& target) {
  MNEMO_ASSIGN(const uint64_t end, from.end(PartitionId(0)));
  MNEMO_ASSIGN(const auto reader, from.read(PartitionId(0), 0));
  std::optional<v1::Envelope> newest;
  while (reader->next_offset() < end) {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    MNEMO_ASSIGN(const auto records, reader->poll(PollLimits{}, deadline));
    for (const LogRecord& record : records) {
      v1::Envelope envelope;
      const bool rules = record.key == kControlKey &&
                         envelope.ParseFromArray(record.value.data(), static_cast<int>(record.value.size())) &&
                         envelope.has_rules_activated();
      if (rules) newest = std::move(envelope);
    }
  }
  if (!newest) return fail(Code::kFailedPrecondition, "the source log activates no rules: it is not a mnemo log");
  for (uint32_t p = 0; p < target.log().identity().partitions; ++p) {
    newest->mutable_rules_activated()->set_partition(p);
    MNEMO_TRY(target.add({PartitionId(p), std::string(kControlKey), newest->SerializeAsString()}));
  }
  return {};
}

Status copy_partition(Log& from, PartitionId partition, const CopyOptions& options, CopyRole& role, uint64_t& done) {
  MNEMO_ASSIGN(const uint64_t end, from.end(partition));
  MNEMO_ASSIGN(const uint64_t begin, from.begin(partition));
  MNEMO_ASSIGN(const auto follower, Follower::open(from, partition, begin, role, PollLimits{}));
  while (follower->next_offset() < end) {
    const uint64_t before = follower->next_offset();
    MNEMO_ASSIGN(const bool moved, follower->step(std::chrono::steady_clock::now() + std::chrono::milliseconds(100)));
    done += moved ? follower->next_offset() - before : 0;
    if (options.progress) options.progress(done, 0);
  }
  return {};
}

}  // namespace

Result<CopyReport> copy_log(Log& from, Log& to, const CopyOptions& options) {
  CopyReport report;
  const bool same_partitions = from.identity().partitions == to.identity().partitions;
  MNEMO_ASSIGN(const auto target, Target::open(to, report));
  if (!same_partitions) MNEMO_TRY(copy_rules(from, *target));
  std::map<std::string, uint32_t> policies;
  uint64_t done = 0;
  for (uint32_t p = 0; p < from.identity().partitions; ++p) {
    const PartitionId partition(p);
    StoreResources resources(options.memory_bytes);
    std::filesystem::remove_all(options.scratch_dir);
    std::filesystem::create_directories(options.scratch_dir);
    ProjectionOptions projected;
    projected.store.dir = options.scratch_dir;
    projected.store.partition = partition;
    projected.store.resources = &resources;
    projected.log = from.identity();
    MNEMO_ASSIGN(const auto projection, Projection::open(projected));
    MNEMO_ASSIGN(const uint64_t begin, from.begin(partition));
    MNEMO_ASSIGN(const uint64_t end, from.end(partition));
    MNEMO_ASSIGN(auto skips, find_skips(from, partition, begin, end));
    CopyRole role(*projection, std::move(skips), *target, same_partitions, report, policies);
    MNEMO_TRY(copy_partition(from, partition, options, role, done));
  }
  MNEMO_TRY(target->finish());
  std::error_code ignored;
  std::filesystem::remove_all(options.scratch_dir, ignored);
  return report;
}

}  // namespace mnemo
