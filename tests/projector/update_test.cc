#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Updated, PresentFieldsReplaceAndAbsentOnesStay) {
  Partition partition;
  v1::Envelope first = tagged(remember("a", "old"), "t");
  first.mutable_remembered()->set_speaker("Nina");
  first.mutable_remembered()->set_session_id("s1");
  first.mutable_remembered()->set_importance(3);
  partition.add(first);
  v1::Envelope change = update("a", "new");
  change.mutable_updated()->set_session_id("");
  change.mutable_updated()->set_class_(v1::MEMORY_CLASS_PROCEDURAL);
  partition.now_ms += 10;
  const Outcome outcome = partition.add(change);
  EXPECT_EQ(outcome.kind, Kind::kApplied);
  EXPECT_EQ(outcome.version, 2u);

  const auto seen = partition.memory("a");
  const Record& r = seen->record;
  EXPECT_EQ(r.text, "new");
  EXPECT_EQ(r.session_id, "");
  EXPECT_EQ(r.speaker, "Nina");
  EXPECT_EQ(r.importance, 3);
  EXPECT_EQ(r.memory_class, v1::MEMORY_CLASS_PROCEDURAL);
  EXPECT_THAT(r.tags, ElementsAre("t"));
  EXPECT_EQ(r.version, 2u);
  EXPECT_EQ(r.previous_doc, 0u);
  EXPECT_EQ(r.created_at_ms, kStartMs);
  EXPECT_EQ(r.recorded_at_ms, kStartMs + 10);
  EXPECT_EQ(seen->doc, 1u);
}

TEST(Updated, AnEmptyListRemovesWhatWasThere) {
  Partition partition;
  partition.add(tagged(remember("a", "x"), "t"));
  v1::Envelope change = update("a", "x");
  change.mutable_updated()->mutable_tags();
  partition.add(change);
  EXPECT_THAT(partition.memory("a")->record.tags, IsEmpty());
}

TEST(Updated, TheOldVersionStaysInHistory) {
  Partition partition;
  partition.add(remember("a", "old"));
  partition.add(update("a", "new"));
  std::string holder;
  Record old;
  ASSERT_TRUE(partition.view()->record(AgentOrd(0), 0, holder, old));
  EXPECT_EQ(old.text, "old");
  EXPECT_EQ(old.version, 1u);
}

TEST(Updated, AnExpectedVersionThatIsNotTheCurrentOneIsAborted) {
  Partition partition;
  partition.add(remember("a", "x"));
  v1::Envelope change = update("a", "y");
  change.mutable_updated()->set_expected_version(2);
  const Outcome outcome = partition.add(keyed(change, "k"));
  EXPECT_EQ(outcome.kind, Kind::kRejected);
  EXPECT_EQ(outcome.code, Code::kAborted);
  EXPECT_EQ(outcome.version, 1u);
  EXPECT_EQ(partition.memory("a")->record.text, "x");
  EXPECT_EQ(partition.meta().seq, 2u) << "a rejection is accepted and remembered";

  change.mutable_updated()->set_expected_version(1);
  EXPECT_EQ(partition.add(keyed(change, "k")).kind, Kind::kConflict);
  EXPECT_EQ(partition.add(keyed(change, "k2")).kind, Kind::kApplied);
  EXPECT_EQ(partition.memory("a")->record.text, "y");
}

TEST(Updated, WhatIsNotThereIsNotFoundAndTheRejectionIsRemembered) {
  Partition partition;
  const Outcome first = partition.add(keyed(update("a", "y"), "k"));
  EXPECT_EQ(first.kind, Kind::kRejected);
  EXPECT_EQ(first.code, Code::kNotFound);
  partition.add(remember("a", "x"));
  const Outcome again = partition.add(keyed(update("a", "y"), "k"));
  EXPECT_EQ(again.kind, Kind::kDuplicate);
  EXPECT_EQ(again.code, Code::kNotFound);
  EXPECT_TRUE(again.refused);
  EXPECT_EQ(again.message, first.message);
  EXPECT_EQ(partition.memory("a")->record.text, "x");
}

TEST(Updated, TwiceWithTheSameKeyMakesOneVersion) {
  Partition partition;
  partition.add(remember("a", "x"));
  const Outcome first = partition.add(keyed(update("a", "y"), "k"));
  partition.add(update("a", "z"));
  const Outcome again = partition.add(keyed(update("a", "y"), "k"));
  EXPECT_EQ(again.kind, Kind::kDuplicate);
  EXPECT_EQ(again.version, 2u) << "the first result again";
  EXPECT_EQ(again.event_id, first.event_id);
  EXPECT_EQ(partition.memory("a")->record.version, 3u);
}

TEST(Updated, ADuplicateTellsThatTheMemoryIsGoneByNow) {
  Partition partition;
  partition.add(remember("a", "x"));
  partition.add(keyed(update("a", "y"), "k"));
  EXPECT_FALSE(partition.add(keyed(update("a", "y"), "k")).forgotten);
  partition.add(keyed(forget("a"), "f"));
  EXPECT_TRUE(partition.add(keyed(update("a", "y"), "k")).forgotten);
  EXPECT_TRUE(partition.add(keyed(forget("a"), "f")).forgotten);
}

TEST(Updated, ItsExpiryReplacesTheOldOne) {
  Partition partition;
  v1::Envelope first = remember("a", "x");
  first.mutable_remembered()->set_expires_at_ms(kStartMs + 10);
  partition.add(first);
  v1::Envelope change = update("a", "y");
  change.mutable_updated()->set_expires_at_ms(0);
  partition.add(change);
  EXPECT_EQ(partition.rows(keys::Row::kExpiry), 0u);
  partition.now_ms += 100;
  partition.tick(partition.now_ms);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kLive);
}

TEST(Updated, ANewVersionHasNoVectorUntilOneIsAttached) {
  Partition partition;
  partition.add(remember("a", "x"));
  partition.add(embed("a", 1, "m", {1, 2}));
  partition.add(update("a", "y"));
  std::string value;
  EXPECT_FALSE(*partition.view()->get(keys::of_number(keys::Row::kVector, AgentOrd(0), 1) + "m", value));
  EXPECT_EQ(partition.add(embed("a", 2, "m", {1, 2})).count, 1u);
  EXPECT_TRUE(*partition.view()->get(keys::of_number(keys::Row::kVector, AgentOrd(0), 1) + "m", value));
}

}  // namespace
}  // namespace mnemo::projector_test
