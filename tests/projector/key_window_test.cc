#include <gtest/gtest.h>

#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;

void set_window(Partition& partition, uint32_t keys) {
  partition.activate([keys](v1::RulesActivated& rules) { rules.set_key_window(keys); });
}

Outcome access_with(Partition& partition, const std::string& key) { return partition.add(keyed(access("a", 1), key)); }

TEST(KeyWindow, ForgetsTheOldestKeyAndKeepsTheOthers) {
  Partition partition;
  set_window(partition, 3);
  partition.add(remember("a", "x"));
  for (const char* key : {"1", "2", "3"}) EXPECT_EQ(access_with(partition, key).kind, Kind::kApplied);
  EXPECT_EQ(access_with(partition, "1").kind, Kind::kDuplicate);
  access_with(partition, "4");
  for (const char* key : {"2", "3", "4"}) EXPECT_EQ(access_with(partition, key).kind, Kind::kDuplicate);
  EXPECT_EQ(access_with(partition, "1").kind, Kind::kApplied) << "it has left the window";
  EXPECT_EQ(partition.rows(keys::Row::kKey), 3u);
  EXPECT_EQ(partition.rows(keys::Row::kKeyWindow), 3u);
}

TEST(KeyWindow, ARememberedIsNotInTheWindow) {
  Partition partition;
  set_window(partition, 1);
  partition.add(keyed(remember("", "x"), "k"));
  for (const char* key : {"1", "2", "3"}) access_with(partition, key);
  EXPECT_EQ(partition.add(keyed(remember("", "x"), "k")).kind, Kind::kDuplicate);
}

TEST(KeyWindow, CountsEachAgentForItself) {
  Partition partition;
  set_window(partition, 2);
  partition.add(keyed(forget("x"), "1"));
  for (const char* key : {"1", "2", "3"}) partition.add(of_agent(keyed(forget("x"), key), "omar"));
  EXPECT_EQ(partition.add(keyed(forget("x"), "1")).kind, Kind::kDuplicate);
}

TEST(KeyWindow, ASmallerWindowShrinksByTwoAtATime) {
  Partition partition;
  set_window(partition, 10);
  partition.add(remember("a", "x"));
  for (int i = 0; i < 10; ++i) access_with(partition, std::to_string(i));
  set_window(partition, 4);
  EXPECT_EQ(partition.rows(keys::Row::kKey), 10u);
  access_with(partition, "new");
  EXPECT_EQ(partition.rows(keys::Row::kKey), 9u);
  for (int i = 0; i < 5; ++i) access_with(partition, "new" + std::to_string(i));
  EXPECT_EQ(partition.rows(keys::Row::kKey), 4u);
  EXPECT_EQ(partition.rows(keys::Row::kKeyWindow), 4u);
}

TEST(KeyWindow, SurvivesARestart) {
  Partition partition;
  set_window(partition, 3);
  partition.add(remember("a", "x"));
  for (const char* key : {"1", "2", "3", "4"}) access_with(partition, key);
  ASSERT_TRUE(partition.projection().flush(true));
  partition.crash();
  EXPECT_EQ(access_with(partition, "2").kind, Kind::kDuplicate);
  access_with(partition, "5");
  EXPECT_EQ(partition.rows(keys::Row::kKeyWindow), 3u);
  EXPECT_EQ(partition.meta().state, partition.rebuilt(100)->meta().state);
}

TEST(KeyWindow, WithoutAKeyTheEventIdIsTheKey) {
  Partition partition;
  partition.add(remember("a", "x"));
  const v1::Envelope event = partition.completed(access("a", 1));
  EXPECT_EQ(partition.add(event).kind, Kind::kApplied);
  EXPECT_EQ(partition.add(event).kind, Kind::kDuplicate);
}

TEST(KeyWindow, AKeyWithTheBytesOfAnEventIdIsAnotherKey) {
  Partition partition;
  partition.add(remember("a", "x"));
  v1::Envelope event = access("a", 1);
  event.set_event_id("0123456789abcdef");
  EXPECT_EQ(partition.add(event).kind, Kind::kApplied);
  EXPECT_EQ(access_with(partition, "0123456789abcdef").kind, Kind::kApplied);
}

TEST(KeyWindow, TheSameKeyForAnotherRequestIsAConflictThatNamesTheFirst) {
  Partition partition;
  partition.add(remember("a", "x"));
  const Outcome first = access_with(partition, "k");
  const Outcome second = partition.add(keyed(forget("a"), "k"));
  EXPECT_EQ(second.kind, Kind::kConflict);
  EXPECT_EQ(second.code, Code::kAlreadyExists);
  EXPECT_EQ(second.event_id, first.event_id);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kLive);
}

// The key of a forget that is still at work may leave the window and act again, for another event: the count belongs
// to the first one.
TEST(KeyWindow, AForgetThatIsDoneDoesNotAnswerForAnotherEventUnderItsKey) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) {
    rules.set_key_window(1);
    rules.set_work_units_per_event(1);
  });
  for (int i = 0; i < 6; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
  partition.add(remember("a", "x"));
  EXPECT_TRUE(partition.add(keyed(forget_tag("t"), "k")).pending);
  access_with(partition, "pushes k out");
  EXPECT_EQ(access_with(partition, "k").kind, Kind::kApplied);
  partition.settle();
  EXPECT_EQ(access_with(partition, "k").count, 1u);
}

// The same, for the same record come once more: a redelivery that finds its key gone acts again.
TEST(KeyWindow, AForgetThatIsDoneDoesNotAnswerForItsOwnRecordAcceptedOnceMore) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) {
    rules.set_key_window(1);
    rules.set_work_units_per_event(1);
  });
  for (int i = 0; i < 6; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
  const v1::Envelope record = partition.completed(keyed(forget_tag("t"), "k"));
  EXPECT_EQ(partition.add(record).kind, Kind::kApplied);
  partition.add(tagged(remember("late", "x"), "t"));
  access_with(partition, "pushes k out");
  EXPECT_EQ(partition.add(record).kind, Kind::kApplied);
  while (partition.view()->pending_forgets(AgentOrd(0))->size() > 1) partition.tick(partition.now_ms);
  EXPECT_TRUE(partition.add(record).pending) << "the first is done, the second is not";
  partition.settle();
  const Outcome done = partition.add(record);
  EXPECT_FALSE(done.pending);
  EXPECT_EQ(done.count, 1u);
}

}  // namespace
}  // namespace mnemo::projector_test
