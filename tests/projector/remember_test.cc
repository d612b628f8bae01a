#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/fixed_point.h"
#include "projector/store/memory_id.h"
#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Envelope without_id(const std::string& text) {
  v1::Envelope envelope = remember("x", text);
  envelope.mutable_remembered()->clear_memory_id();
  return envelope;
}

TEST(Remembered, KeepsEveryFieldThatWasGiven) {
  Partition partition;
  v1::Envelope envelope = remember("a", "she likes Darjeeling");
  v1::Remembered& e = *envelope.mutable_remembered();
  e.set_session_id("s1");
  e.set_speaker("Nina");
  e.set_class_(v1::MEMORY_CLASS_SEMANTIC);
  e.set_kind("fact");
  e.add_tags("tea");
  e.add_tags("food");
  e.mutable_content()->set_plain(R"({"a":1})");
  e.set_source("chat");
  e.set_observed_at_ms(-5);
  e.set_expires_at_ms(kStartMs + 10);
  e.set_importance(700);
  e.set_pinned(true);
  e.set_tier(v1::TIER_LONG);
  v1::MetadataEntry& z = *e.add_metadata();
  z.set_key("z");
  z.set_number(1.5);
  v1::MetadataEntry& b = *e.add_metadata();
  b.set_key("b");
  b.set_flag(true);
  v1::MetadataEntry& m = *e.add_metadata();
  m.set_key("m");
  m.mutable_text()->set_plain("text");
  EXPECT_EQ(partition.add(envelope).kind, Kind::kApplied);

  const auto seen = partition.memory("a");
  ASSERT_TRUE(seen);
  const Record& r = seen->record;
  EXPECT_EQ(r.version, 1u);
  EXPECT_EQ(r.seq, 1u);
  EXPECT_EQ(r.text, "she likes Darjeeling");
  EXPECT_EQ(r.session_id, "s1");
  EXPECT_EQ(r.speaker, "Nina");
  EXPECT_EQ(r.memory_class, 2);
  EXPECT_EQ(r.kind, "fact");
  EXPECT_THAT(r.tags, ElementsAre("tea", "food"));
  EXPECT_EQ(r.content, R"({"a":1})");
  EXPECT_EQ(r.source, "chat");
  EXPECT_EQ(r.observed_at_ms, -5);
  EXPECT_TRUE(r.observed_at_given);
  EXPECT_EQ(r.expires_at_ms, kStartMs + 10);
  EXPECT_TRUE(r.expires_at_given);
  EXPECT_EQ(r.importance, 700);
  EXPECT_TRUE(r.pinned);
  EXPECT_EQ(r.tier, 3);
  EXPECT_EQ(r.recorded_at_ms, kStartMs);
  EXPECT_EQ(r.created_at_ms, kStartMs);
  ASSERT_EQ(r.metadata.size(), 3u);
  EXPECT_EQ(r.metadata[0].key, "b");
  EXPECT_TRUE(r.metadata[0].flag);
  EXPECT_EQ(r.metadata[1].key, "m");
  EXPECT_EQ(r.metadata[1].text, "text");
  EXPECT_EQ(r.metadata[2].key, "z");
  EXPECT_EQ(r.metadata[2].number_bits, double_bits(1.5));
}

TEST(Remembered, FieldsThatWereNotGivenHaveTheirDefaults) {
  Partition partition;
  partition.add(remember("a", "x"));
  const auto seen = partition.memory("a");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->record.kind, "event");
  EXPECT_EQ(seen->record.memory_class, v1::MEMORY_CLASS_EPISODIC);
  EXPECT_EQ(seen->record.tier, v1::TIER_SHORT);
  EXPECT_EQ(seen->record.importance, -1);
  EXPECT_EQ(seen->record.expires_at_ms, 0);
  EXPECT_EQ(seen->record.observed_at_ms, kStartMs);
  EXPECT_FALSE(seen->record.observed_at_given);
}

TEST(Remembered, TheIdIsTheCallersElseAHashOfTheKeyElseTheEventId) {
  Partition partition;
  const Outcome own = partition.add(remember("own", "x"));
  const Outcome by_key = partition.add(keyed(without_id("x"), "k"));
  const Outcome by_event = partition.add(without_id("x"));
  EXPECT_EQ(memory_id_text(own.memory_key), "own");
  EXPECT_EQ(by_key.memory_key, memory_key_from_idempotency_key("acme", "nina", "k"));
  EXPECT_EQ(by_event.memory_key, memory_key_from_event_id(by_event.event_id));
  EXPECT_EQ(partition.live(), 3u);
}

TEST(Remembered, TwiceWithTheSameKeyMakesOneMemoryAndAnswersTheFirstResult) {
  Partition partition;
  const Outcome first = partition.add(keyed(without_id("x"), "k"));
  const Meta before = partition.meta();
  partition.now_ms += kDayMs;
  const Outcome second = partition.add(keyed(without_id("x"), "k"));
  EXPECT_EQ(second.kind, Kind::kDuplicate);
  EXPECT_EQ(second.event_id, first.event_id);
  EXPECT_NE(second.record_id, first.event_id);
  EXPECT_EQ(second.memory_key, first.memory_key);
  EXPECT_EQ(second.version, 1u);
  EXPECT_FALSE(second.forgotten);
  EXPECT_FALSE(second.unchecked);
  EXPECT_EQ(partition.live(), 1u);
  // A duplicate leaves no trace: neither digests nor seq nor time have moved.
  const Meta after = partition.meta();
  EXPECT_EQ(after.state, before.state);
  EXPECT_EQ(after.content, before.content);
  EXPECT_EQ(after.seq, before.seq);
  EXPECT_EQ(after.event_time_ms, before.event_time_ms);
  EXPECT_EQ(after.counters.duplicates, 1u);
}

TEST(Remembered, TheSameRecordTwiceActsOnce) {
  Partition partition;
  const v1::Envelope envelope = partition.completed(without_id("x"));
  EXPECT_EQ(partition.add(envelope).kind, Kind::kApplied);
  EXPECT_EQ(partition.add(envelope).kind, Kind::kDuplicate);
  EXPECT_EQ(partition.live(), 1u);
}

TEST(Remembered, TheSameKeyWithOtherContentIsAConflictThatNamesBothFingerprints) {
  Partition partition;
  const Outcome first = partition.add(keyed(without_id("x"), "k"));
  const v1::Envelope other = partition.completed(keyed(without_id("y"), "k"));
  const Outcome second = partition.add(other);
  EXPECT_EQ(second.kind, Kind::kConflict);
  EXPECT_EQ(second.code, Code::kAlreadyExists);
  EXPECT_TRUE(second.refused);
  EXPECT_EQ(second.event_id, first.event_id);
  EXPECT_THAT(second.message, HasSubstr(to_hex(other.fingerprint())));
  EXPECT_EQ(partition.memory(memory_id_text(first.memory_key))->record.text, "x");
  EXPECT_EQ(partition.meta().seq, 1u);
}

TEST(Remembered, WithoutAFingerprintTheKeyAloneDecidesAndTheAnswerSaysSo) {
  Partition partition;
  v1::Envelope first = partition.completed(keyed(without_id("x"), "k"));
  first.clear_fingerprint();
  NewRecord record = make_record(first, 1);
  partition.add_raw(record.key, record.value);
  const Outcome second = partition.add(keyed(without_id("y"), "k"));
  EXPECT_EQ(second.kind, Kind::kDuplicate);
  EXPECT_TRUE(second.unchecked);
}

TEST(Remembered, AMemoryWithAnIdAndAKeyIsFoundByBoth) {
  Partition partition;
  const Outcome first = partition.add(keyed(remember("own", "x"), "k"));
  EXPECT_EQ(partition.add(keyed(remember("own", "x"), "k")).kind, Kind::kDuplicate);
  EXPECT_EQ(partition.add(remember("own", "x")).kind, Kind::kDuplicate);
  const Outcome by_key = partition.add(keyed(without_id("x"), "k"));
  EXPECT_EQ(by_key.kind, Kind::kConflict) << "the request differs: it names no id";
  EXPECT_EQ(by_key.memory_key, first.memory_key);
  const Outcome other_id = partition.add(keyed(remember("other", "x"), "k"));
  EXPECT_EQ(other_id.kind, Kind::kConflict);
  EXPECT_FALSE(partition.memory("other"));
  EXPECT_EQ(partition.live(), 1u);
}

TEST(Remembered, AKeyThatDidNotMakeTheMemoryOfTheIdIsRefusedAndStaysFree) {
  Partition partition;
  const Outcome first = partition.add(keyed(remember("own", "x"), "k"));
  const Meta before = partition.meta();
  const Outcome other = partition.add(keyed(remember("own", "x"), "other"));
  EXPECT_EQ(other.kind, Kind::kConflict);
  EXPECT_EQ(other.code, Code::kAlreadyExists);
  EXPECT_EQ(other.event_id, first.event_id);
  EXPECT_EQ(partition.add(keyed(remember("own", "x"), "other")).kind, Kind::kConflict) << "a retry hears the same";
  EXPECT_EQ(partition.meta().state, before.state);
  EXPECT_EQ(partition.add(keyed(without_id("x"), "other")).kind, Kind::kApplied);
  partition.add(remember("keyless", "x"));
  EXPECT_EQ(partition.add(keyed(remember("keyless", "x"), "late")).kind, Kind::kConflict);
}

TEST(Remembered, WhatHasExpiredByEventTimeIsSaidToHave) {
  Partition partition;
  v1::Envelope late = remember("late", "x");
  late.mutable_remembered()->set_expires_at_ms(1);
  EXPECT_TRUE(partition.add(late).expired);
  v1::Envelope timely = remember("timely", "x");
  timely.mutable_remembered()->set_expires_at_ms(partition.now_ms + kDayMs);
  EXPECT_FALSE(partition.add(timely).expired);
  v1::Envelope shortened = update("timely", "y");
  shortened.mutable_updated()->set_expires_at_ms(1);
  EXPECT_TRUE(partition.add(shortened).expired);
}

TEST(Remembered, TheKeyOfAMemoryWithAnIdIsNoMemoryItself) {
  Partition partition;
  partition.add(keyed(remember("own", "x"), "k"));
  const std::string alias = memory_id_text(memory_key_from_idempotency_key("acme", "nina", "k"));
  EXPECT_FALSE(partition.memory(alias));
  EXPECT_EQ(partition.add(update(alias, "y")).code, Code::kNotFound);
  EXPECT_EQ(partition.add(forget(alias)).code, Code::kNotFound);
}

TEST(Remembered, AnIdThatSpellsTheKeyOfAnotherMemoryNamesThatMemory) {
  Partition partition;
  const Outcome first = partition.add(keyed(remember("own", "x"), "k"));
  const std::string alias = memory_id_text(memory_key_from_idempotency_key("acme", "nina", "k"));
  const Outcome second = partition.add(remember(alias, "x"));
  EXPECT_EQ(second.kind, Kind::kConflict);
  EXPECT_EQ(second.event_id, first.event_id);
  EXPECT_EQ(second.memory_key, first.memory_key);
  EXPECT_EQ(partition.live(), 1u);
}

TEST(Remembered, TheKeyOutlivesTheMemory) {
  Partition partition;
  partition.add(keyed(without_id("x"), "k"));
  partition.add(keyed(remember("own", "x"), "k2"));
  partition.add(forget("own"));
  partition.add(forget(memory_id_text(memory_key_from_idempotency_key("acme", "nina", "k"))));
  partition.settle();
  const Outcome again = partition.add(keyed(without_id("x"), "k"));
  EXPECT_EQ(again.kind, Kind::kDuplicate);
  EXPECT_TRUE(again.forgotten);
  EXPECT_EQ(again.version, 0u);
  const Outcome by_alias = partition.add(keyed(remember("own", "x"), "k2"));
  EXPECT_EQ(by_alias.kind, Kind::kDuplicate);
  EXPECT_TRUE(by_alias.forgotten);
  EXPECT_EQ(partition.add(keyed(without_id("y"), "k")).kind, Kind::kConflict) << "the tombstone keeps the fingerprint";
  EXPECT_EQ(partition.live(), 0u);
}

TEST(Remembered, ADuplicateTellsTheVersionThatTheMemoryHasNow) {
  Partition partition;
  partition.add(keyed(remember("a", "x"), "k"));
  partition.add(update("a", "y"));
  const Outcome again = partition.add(keyed(remember("a", "x"), "k"));
  EXPECT_EQ(again.kind, Kind::kDuplicate);
  EXPECT_EQ(again.version, 2u);
}

TEST(Remembered, AgentsAndNamespacesShareNothing) {
  Partition partition;
  v1::Envelope other_space = keyed(remember("a", "x"), "k");
  other_space.set_namespace_("other");
  EXPECT_EQ(partition.add(keyed(remember("a", "x"), "k")).kind, Kind::kApplied);
  EXPECT_EQ(partition.add(keyed(of_agent(remember("a", "y"), "omar"), "k")).kind, Kind::kApplied);
  EXPECT_EQ(partition.add(other_space).kind, Kind::kApplied);
  partition.add(of_agent(forget("a"), "omar"));
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kLive);
}

TEST(Remembered, ItsVectorIsQuantised) {
  Partition partition;
  v1::Envelope envelope = remember("a", "x");
  *envelope.mutable_remembered()->mutable_embedding() =
      embed("a", 1, "m", {1, -0.5, 0}).embedding_attached().embedding();
  partition.add(envelope);
  std::string value;
  const std::string key = keys::of_number(keys::Row::kVector, AgentOrd(0), 0) + "m";
  ASSERT_TRUE(*partition.view()->get(key, value));
  std::string expected;
  put_be32(expected, 0x3f800000);
  put_bytes(expected, std::string{127, -64, 0});
  EXPECT_EQ(value, expected);
}

TEST(Remembered, RecordedAtIsTheAppendTimestampWhereItIsAbsentOrAhead) {
  Partition partition;
  v1::Envelope past = remember("past", "x");
  past.set_recorded_at_ms(kStartMs - 5000);
  v1::Envelope ahead = remember("ahead", "x");
  ahead.set_recorded_at_ms(kStartMs + 5000);
  partition.add(past);
  EXPECT_EQ(partition.meta().event_time_ms, kStartMs - 5000);
  partition.add(ahead);
  EXPECT_EQ(partition.meta().event_time_ms, kStartMs) << "event time never runs ahead of the log";
  partition.add(remember("absent", "x"));
  EXPECT_EQ(partition.memory("past")->record.recorded_at_ms, kStartMs - 5000);
  EXPECT_EQ(partition.memory("ahead")->record.recorded_at_ms, kStartMs);
  EXPECT_EQ(partition.memory("absent")->record.recorded_at_ms, kStartMs);
}

}  // namespace
}  // namespace mnemo::projector_test
