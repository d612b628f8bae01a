#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;
using ::testing::HasSubstr;

void skipped_as(const Outcome& outcome, SkipReason reason) {
  EXPECT_EQ(outcome.kind, Kind::kSkipped);
  EXPECT_EQ(skip_reason_name(outcome.skip), skip_reason_name(reason)) << outcome.message;
}

v1::Envelope epoch(const std::string& log_id, uint32_t number) {
  v1::Envelope envelope;
  v1::EpochStarted& event = *envelope.mutable_epoch_started();
  event.set_epoch(number);
  event.set_partitions(1);
  event.set_log_id(log_id);
  event.set_fingerprint_check(std::string(16, 'f'));
  return envelope;
}

v1::Envelope skip_of(uint64_t offset) {
  v1::Envelope envelope;
  envelope.mutable_skip_recorded()->set_epoch(1);
  envelope.mutable_skip_recorded()->set_offset(offset);
  return envelope;
}

TEST(EpochStarted, FoundsThePartition) {
  Partition partition({.partitions = 1, .partition = 0, .founded = false});
  EXPECT_EQ(partition.meta().epoch, 0u);
  EXPECT_EQ(partition.add(epoch(std::string(16, 0x4c), 1)).kind, Kind::kControl);
  EXPECT_EQ(partition.meta().epoch, 1u);
  EXPECT_EQ(partition.meta().log_id[0], 0x4c);
  EXPECT_EQ(partition.meta().fingerprint_check[0], 'f');
  EXPECT_EQ(partition.meta().seq, 0u);
}

TEST(EpochStarted, AnotherLogOrAnEpochThatIsNotNewIsSkipped) {
  Partition partition;
  const Meta before = partition.meta();
  skipped_as(partition.add(epoch(std::string(16, 0x4c), 1)), SkipReason::kOldEpoch);
  skipped_as(partition.add(epoch(std::string(16, 0x4c), 2)), SkipReason::kOldEpoch);
  skipped_as(partition.add(epoch(std::string(16, 0x11), 1)), SkipReason::kOldEpoch);
  EXPECT_EQ(partition.meta().epoch, before.epoch);
  EXPECT_EQ(partition.meta().state, before.state);
}

TEST(RulesActivated, GoOnlyForward) {
  Partition partition;
  const uint32_t version = partition.projection().rules()->version;
  skipped_as(partition.activate([&](v1::RulesActivated& rules) { rules.set_rules_version(version); }),
             SkipReason::kInvalid);
  skipped_as(partition.activate([](v1::RulesActivated& rules) { rules.mutable_active_kinds()->RemoveLast(); }),
             SkipReason::kInvalid);
  EXPECT_EQ(partition.activate([](v1::RulesActivated& rules) { rules.set_key_window(5); }).kind, Kind::kControl);
  EXPECT_EQ(partition.projection().rules()->version, version + 1);
  EXPECT_EQ(partition.projection().rules()->key_window, 5u);
}

TEST(RulesActivated, SurviveARestart) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_key_window(5); });
  ASSERT_TRUE(partition.projection().flush(true));
  partition.crash();
  EXPECT_EQ(partition.projection().rules()->key_window, 5u);
}

TEST(RulesActivated, AKindOfALaterBuildIsNotedAndStopsOnlyAtItsFirstEvent) {
  Partition partition;
  const auto kind = static_cast<v1::EventKind>(63);
  EXPECT_EQ(partition.activate([&](v1::RulesActivated& rules) { rules.add_active_kinds(kind); }).kind, Kind::kControl);
  EXPECT_TRUE(partition.projection().rules()->active(kind));
  EXPECT_EQ(partition.add(remember("a", "x")).kind, Kind::kApplied);
}

// A newer build gave the reserved kind fields, under the same schema version: what they mean, this build cannot judge.
TEST(RulesActivated, AnActiveKindThatThisBuildCannotApplyHaltsBeforeItsFieldsAreJudged) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.add_active_kinds(v1::EVENT_KIND_SUMMARY_ATTACHED); });
  v1::Envelope event = remember("a", "x");
  auto& summary = *event.mutable_summary_attached();
  summary.GetReflection()->MutableUnknownFields(&summary)->AddLengthDelimited(1, "a summary");
  const Status status = partition.try_add(event);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(status.error().message, HasSubstr("SummaryAttached (40)"));
  EXPECT_THAT(status.error().message, HasSubstr("upgrade"));
  EXPECT_EQ(partition.rows(keys::Row::kSkip), 0u);
}

// Only the number of such a kind is known; what a kind's number stands for on this log, its rules say.
v1::Envelope of_kind(int number) {
  v1::Envelope event = remember("a", "x");
  event.clear_event();
  event.GetReflection()->MutableUnknownFields(&event)->AddLengthDelimited(number, "");
  return event;
}

TEST(RulesActivated, AKindThatThisBuildHasNeverHeardOfIsSkippedWhileInactiveAndHaltsOnceActive) {
  Partition partition;
  for (const int number : {44, 127}) {
    const Outcome skipped = partition.add(of_kind(number));
    skipped_as(skipped, SkipReason::kKindNotActive);
    EXPECT_THAT(skipped.message, HasSubstr(std::to_string(number)));
  }
  partition.activate([](v1::RulesActivated& rules) { rules.add_active_kinds(static_cast<v1::EventKind>(44)); });
  skipped_as(partition.add(of_kind(127)), SkipReason::kKindNotActive);
  const auto again = partition.rebuilt(100);
  EXPECT_EQ(again->meta().state, partition.meta().state) << "what was skipped stays skipped";
  const Status status = partition.try_add(of_kind(44));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(status.error().message, HasSubstr("(44)"));
}

TEST(RulesActivated, ANumberThatNoKindWillHaveIsInvalidAndHaltsNothing) {
  Partition partition;
  v1::Envelope event = remember("a", "x");
  event.GetReflection()->MutableUnknownFields(&event)->AddLengthDelimited(128, "");
  skipped_as(partition.add(event), SkipReason::kInvalid);
  EXPECT_EQ(partition.add(remember("a", "x")).kind, Kind::kApplied);
}

TEST(RulesActivated, AnEventOfAnActiveKindThatThisBuildCannotApplyHalts) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.add_active_kinds(v1::EVENT_KIND_PRUNE_REQUESTED); });
  v1::Envelope event = remember("a", "x");
  event.mutable_prune_requested();
  const Status status = partition.try_add(event);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(status.error().message, HasSubstr("upgrade"));
}

TEST(PolicyUpdated, AnOlderVersionIsSkipped) {
  Partition partition;
  EXPECT_EQ(partition.add(policy("acme", 2, 10)).kind, Kind::kControl);
  skipped_as(partition.add(policy("acme", 2, 20)), SkipReason::kInvalid);
  skipped_as(partition.add(policy("acme", 1, 20)), SkipReason::kInvalid);
  EXPECT_EQ(partition.add(policy("other", 1, 20)).kind, Kind::kControl);
  EXPECT_EQ(partition.rows(keys::Row::kPolicy), 2u);
}

TEST(ControlEvents, DoNotAdvanceSeqNorAgentTime) {
  Partition partition;
  const Meta before = partition.meta();
  partition.now_ms += 1000;
  partition.add(policy("acme", 1, 10));
  EXPECT_EQ(partition.meta().seq, before.seq);
  EXPECT_EQ(partition.meta().event_time_ms, before.event_time_ms);
}

TEST(Skipped, AKindThatIsNotActiveIsSkippedAndReported) {
  Partition partition;
  v1::Envelope event = remember("a", "x");
  event.mutable_imported();
  skipped_as(partition.add(event), SkipReason::kKindNotActive);
  EXPECT_EQ(partition.rows(keys::Row::kSkip), 1u);
  // Activating the kind later changes nothing about it.
  partition.activate([](v1::RulesActivated& rules) { rules.add_active_kinds(v1::EVENT_KIND_IMPORTED); });
  const auto again = partition.rebuilt(100);
  EXPECT_EQ(again->meta().state, partition.meta().state);
  EXPECT_EQ(again->rows(keys::Row::kSkip), 1u);
}

TEST(Skipped, WhatIsNoEnvelope) {
  Partition partition;
  const std::string key = message_key("acme", "nina");
  skipped_as(partition.add_raw(key, "\xff\xff\xff"), SkipReason::kUndecodable);
  skipped_as(partition.add_raw(key, ""), SkipReason::kInvalid);
  v1::Envelope large = partition.completed(remember("a", std::string(1 << 20, 'x')));
  skipped_as(partition.add_raw(key, large.SerializeAsString()), SkipReason::kUndecodable);
}

TEST(Skipped, WhatIsInvalidUnderTheRules) {
  Partition partition;
  skipped_as(partition.add(remember("a", "")), SkipReason::kInvalid);
  v1::Envelope event = remember("a", "x");
  event.set_event_id("short");
  skipped_as(partition.add(event), SkipReason::kInvalid);
}

TEST(Skipped, WhoseMessageKeyContradictsTheEnvelope) {
  Partition partition;
  const v1::Envelope event = partition.completed(remember("a", "x"));
  skipped_as(partition.add_raw(message_key("acme", "omar"), event.SerializeAsString()), SkipReason::kKeyMismatch);
  skipped_as(partition.add_raw(std::string(kControlKey), event.SerializeAsString()), SkipReason::kKeyMismatch);
  const v1::Envelope control = partition.completed(policy("acme", 1, 10));
  skipped_as(partition.add_raw(message_key("acme", "nina"), control.SerializeAsString()), SkipReason::kKeyMismatch);
  EXPECT_FALSE(partition.memory("a"));
}

TEST(Skipped, WhatBelongsToAnotherPartition) {
  const uint32_t ours = partition_of(message_key("acme", "nina"), 8).value;
  Partition partition({.partitions = 8, .partition = (ours + 1) % 8, .founded = true});
  skipped_as(partition.add(remember("a", "x")), SkipReason::kWrongPartition);
  skipped_as(partition.add(policy("acme", 1, 10, ours)), SkipReason::kWrongPartition);
  EXPECT_EQ(partition.rows(keys::Row::kAgent), 0u);
}

TEST(Skipped, LeavesNoTraceButItsReport) {
  Partition partition;
  partition.add(remember("a", "x"));
  const Meta before = partition.meta();
  partition.now_ms += 1000;
  partition.add(remember("b", ""));
  const Meta after = partition.meta();
  EXPECT_EQ(after.state, before.state);
  EXPECT_EQ(after.content, before.content);
  EXPECT_EQ(after.seq, before.seq);
  EXPECT_EQ(after.event_time_ms, before.event_time_ms);
  EXPECT_EQ(after.next_offset, before.next_offset + 1);
  EXPECT_EQ(after.counters.skipped[static_cast<size_t>(SkipReason::kInvalid)], 1u);
}

TEST(Skipped, OnlyTheNewestReportsAreKept) {
  StateLimits limits;
  limits.skip_rows_kept = 5;
  Partition partition({}, limits);
  for (int i = 0; i < 12; ++i) partition.add(remember("b", ""));
  EXPECT_EQ(partition.rows(keys::Row::kSkip), 5u);
  ASSERT_TRUE(partition.projection().flush(true));
  partition.crash();
  for (int i = 0; i < 3; ++i) partition.append(remember("b", ""));
  ASSERT_TRUE(partition.apply_appended());
  EXPECT_EQ(partition.rows(keys::Row::kSkip), 5u);
  const uint64_t next = partition.meta().next_offset;
  for (uint64_t offset = next - 5; offset < next; ++offset) {
    EXPECT_NE(partition.row(keys::of_sequence(keys::Row::kSkip, offset)), "") << offset;
  }
  EXPECT_EQ(partition.meta().counters.skipped[static_cast<size_t>(SkipReason::kInvalid)], 15u);
}

TEST(NewerBuild, ARecordOfANewerSchemaHaltsWhateverElseIsWrongWithIt) {
  Partition partition;
  v1::Envelope newer = remember("a", "x");
  newer.set_schema_version(kSchemaVersion + 1);
  newer.set_event_id("not sixteen bytes");
  EXPECT_EQ(partition.try_add(newer).error().code, Code::kFailedPrecondition);
}

TEST(SkipRecorded, AnOperatorsSkipLetsTheNextRecordsThrough) {
  Partition partition;
  partition.add(remember("a", "x"));
  v1::Envelope newer = remember("b", "x");
  newer.set_schema_version(kSchemaVersion + 1);
  const uint64_t offset = partition.meta().next_offset;
  ASSERT_FALSE(partition.try_add(newer));
  EXPECT_EQ(partition.meta().next_offset, offset);
  partition.append(skip_of(offset));
  partition.append(remember("c", "x"));
  ASSERT_FALSE(partition.apply_appended()) << "who follows must know the skip beforehand";
  partition.skips.insert(offset);
  std::vector<Outcome> outcomes;
  ASSERT_TRUE(partition.apply_appended(&outcomes));
  ASSERT_EQ(outcomes.size(), 3u);
  skipped_as(outcomes[0], SkipReason::kOperator);
  EXPECT_EQ(outcomes[1].kind, Kind::kControl);
  EXPECT_EQ(outcomes[2].kind, Kind::kApplied);
  EXPECT_EQ(partition.rebuilt(2)->meta().state, partition.meta().state);
}

// A copy of the log has neither the skip nor what it skips: pending work must stand at the same place all the same.
TEST(SkipRecorded, DrivesNoPendingWork) {
  Partition original;
  Partition copy;
  for (Partition* const each : {&original, &copy}) {
    each->activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
    for (int i = 0; i < 6; ++i) each->add(tagged(remember("m" + std::to_string(i), "x"), "t"));
    each->add(forget_tag("t"));
  }
  v1::Envelope newer = remember("b", "x");
  newer.set_schema_version(kSchemaVersion + 1);
  const uint64_t offset = original.meta().next_offset;
  original.skips.insert(offset);
  original.add(newer);
  EXPECT_EQ(original.add(skip_of(offset)).kind, Kind::kControl);
  v1::Envelope event = remember("c", "x");
  event.set_event_id(std::string(16, 'c'));
  for (Partition* const each : {&original, &copy}) each->add(event);
  ASSERT_FALSE(original.meta().settled());
  EXPECT_EQ(original.meta().seq, copy.meta().seq);
  EXPECT_EQ(original.meta().state, copy.meta().state);
}

}  // namespace
}  // namespace mnemo::projector_test
