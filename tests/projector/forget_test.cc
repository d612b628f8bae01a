#include <gtest/gtest.h>

#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;

TEST(Forgotten, LeavesATombstoneAtOnceAndPurgesTheRestAsPendingWork) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  partition.add(remember("a", "x"));
  partition.add(remember("b", "x"));
  partition.add(update("a", "y"));
  partition.add(embed("a", 2, "m", {1}));
  partition.add(link("a", "b"));
  partition.add(link("b", "a"));
  partition.add(access("a", 3));
  const Outcome outcome = partition.add(forget("a"));
  EXPECT_EQ(outcome.kind, Kind::kApplied);
  EXPECT_EQ(outcome.count, 1u);
  EXPECT_EQ(outcome.version, 2u);
  EXPECT_TRUE(outcome.forgotten);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kForgotten);
  EXPECT_FALSE(partition.meta().settled());
  // Vector, two versions, two links, the end: one unit each, the first of them by the forget itself.
  EXPECT_EQ(partition.settle(), 5);
  EXPECT_EQ(partition.rows(keys::Row::kVector), 0u);
  EXPECT_EQ(partition.rows(keys::Row::kLink), 0u);
  EXPECT_EQ(partition.rows(keys::Row::kBacklink), 0u);
  EXPECT_EQ(partition.rows(keys::Row::kAccess), 0u);
  EXPECT_EQ(partition.rows(keys::Row::kPending), 0u);
  EXPECT_TRUE(partition.memory("a")->stub);
  EXPECT_EQ(partition.meta().counters.forgotten, 1u);
  EXPECT_EQ(partition.meta().counters.memories, 1u);
}

TEST(Forgotten, WhatIsNotThereIsNotFound) {
  Partition partition;
  EXPECT_EQ(partition.add(forget("a")).code, Code::kNotFound);
  partition.add(remember("a", "x"));
  partition.add(forget("a"));
  EXPECT_EQ(partition.add(forget("a")).code, Code::kNotFound);
}

TEST(Forgotten, AnExpectedVersionThatIsNotTheCurrentOneIsAborted) {
  Partition partition;
  partition.add(remember("a", "x"));
  v1::Envelope event = forget("a");
  event.mutable_forgotten()->set_expected_version(7);
  EXPECT_EQ(partition.add(event).code, Code::kAborted);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kLive);
}

TEST(Forgotten, TheContentDigestForgetsEverythingButTheId) {
  Partition partition;
  Partition other;
  partition.add(remember("a", "x"));
  partition.add(update("a", "secret"));
  partition.add(embed("a", 2, "m", {1, 2, 3}));
  partition.add(forget("a"));
  partition.settle();
  other.add(remember("a", "y"));
  other.add(forget("a"));
  other.settle();
  EXPECT_EQ(partition.meta().content, other.meta().content);
}

TEST(ForgottenByFilter, ForgetsWhatMatchesAndItsKeyTellsTheExactCountWhenDone) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 10; ++i) {
    partition.add(tagged(remember("m" + std::to_string(i), "x"), i % 2 == 0 ? "even" : "odd"));
  }
  const Outcome first = partition.add(keyed(forget_tag("even"), "k"));
  EXPECT_EQ(first.kind, Kind::kApplied);
  EXPECT_TRUE(first.pending);
  EXPECT_TRUE(partition.add(keyed(forget_tag("even"), "k")).pending);
  EXPECT_GT(partition.settle(), 10);
  const Outcome done = partition.add(keyed(forget_tag("even"), "k"));
  EXPECT_EQ(done.kind, Kind::kDuplicate);
  EXPECT_FALSE(done.pending);
  EXPECT_EQ(done.count, 5u);
  EXPECT_EQ(partition.live(), 5u);
}

TEST(ForgottenByFilter, HidesAtItsOwnPositionWhateverTheWorkHasReached) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 6; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
  partition.add(forget_tag("t"));
  ASSERT_EQ(partition.memory("m5")->state, MemoryRow::State::kLive) << "the work has not come to it";
  EXPECT_EQ(partition.add(update("m5", "y")).code, Code::kNotFound);
  EXPECT_EQ(partition.add(forget("m5")).code, Code::kNotFound);
  EXPECT_EQ(partition.add(access("m5", 1)).count, 0u);
  EXPECT_EQ(partition.add(embed("m5", 1, "m", {1})).count, 0u);
  const Outcome again = partition.add(tagged(remember("m5", "x"), "t"));
  EXPECT_EQ(again.kind, Kind::kDuplicate);
  EXPECT_TRUE(again.forgotten);
  ASSERT_EQ(partition.memory("m5")->state, MemoryRow::State::kLive);
  ASSERT_EQ(partition.view()->pending_forgets(AgentOrd(0))->size(), 1u);
}

TEST(ForgottenByFilter, CoversWhatCameBeforeItAndNothingElse) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 5; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
  partition.add(remember("late", "x"));
  partition.add(of_agent(tagged(remember("m0", "x"), "t"), "omar"));
  partition.add(keyed(forget_tag("t"), "k"));
  // These come while the filter is at work: one is new, one did not match when the filter came.
  partition.add(tagged(remember("new", "x"), "t"));
  v1::Envelope change = update("late", "x");
  change.mutable_updated()->mutable_tags()->add_values("t");
  EXPECT_EQ(partition.add(change).kind, Kind::kApplied);
  partition.settle();
  EXPECT_EQ(partition.memory("new")->state, MemoryRow::State::kLive);
  EXPECT_EQ(partition.memory("late")->state, MemoryRow::State::kLive);
  EXPECT_EQ(partition.memory("m0", "omar")->state, MemoryRow::State::kLive);
  EXPECT_EQ(partition.add(keyed(forget_tag("t"), "k")).count, 5u);
}

TEST(ForgottenByFilter, TwoFiltersCountEachMemoryOnce) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 4; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
  partition.add(keyed(forget_tag("t"), "one"));
  partition.add(keyed(forget_tag("t"), "two"));
  partition.settle();
  EXPECT_EQ(partition.add(keyed(forget_tag("t"), "one")).count, 4u);
  EXPECT_EQ(partition.add(keyed(forget_tag("t"), "two")).count, 0u);
}

// What had expired at the filter's position was hidden already: it is not the filter that takes it away.
TEST(ForgottenByFilter, DoesNotCountWhatHadExpiredBefore) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 6; ++i) {
    v1::Envelope envelope = tagged(remember("m" + std::to_string(i), "x"), "t");
    envelope.mutable_remembered()->set_expires_at_ms(kStartMs + 10);
    partition.add(envelope);
  }
  v1::Envelope later = tagged(remember("later", "x"), "t");
  later.mutable_remembered()->set_expires_at_ms(kStartMs + 30);
  partition.add(later);
  partition.now_ms = kStartMs + 20;
  partition.add(keyed(forget_tag("t"), "k"));
  partition.now_ms = kStartMs + 40;  // what the filter covers and what expires only now, the filter takes
  partition.tick(partition.now_ms);
  partition.settle();
  EXPECT_EQ(partition.add(keyed(forget_tag("t"), "k")).count, 1u);
  EXPECT_EQ(partition.meta().counters.expired, 6u);
  EXPECT_EQ(partition.meta().counters.forgotten, 1u);
  EXPECT_EQ(partition.memory("later")->state, MemoryRow::State::kForgotten);
  EXPECT_EQ(partition.memory("m0")->state, MemoryRow::State::kExpired);
}

TEST(ForgottenByFilter, AnAgentWithoutMemoriesIsDoneAtOnce) {
  Partition partition;
  const Outcome outcome = partition.add(forget_tag("t"));
  EXPECT_EQ(outcome.kind, Kind::kApplied);
  EXPECT_FALSE(outcome.pending);
  EXPECT_TRUE(partition.meta().settled());
}

TEST(ForgottenByFilter, ACrashInTheMiddleOfTheWorkChangesNothing) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 8; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), i < 6 ? "t" : "u"));
  partition.add(keyed(forget_tag("t"), "one"));
  partition.add(keyed(forget_tag("u"), "two"));
  ASSERT_TRUE(partition.projection().flush(true));
  partition.tick(partition.now_ms);
  partition.tick(partition.now_ms);
  const Meta before = partition.meta();
  partition.crash();
  ASSERT_TRUE(partition.apply_appended());
  EXPECT_EQ(partition.meta().state, before.state);
  EXPECT_EQ(partition.add(update("m7", "y")).code, Code::kNotFound) << "the filters are known again";
  partition.settle();
  EXPECT_EQ(partition.live(), 0u);
  EXPECT_EQ(partition.meta().state, partition.rebuilt(100)->meta().state);
}

}  // namespace
}  // namespace mnemo::projector_test
