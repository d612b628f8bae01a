#include "consumers/emit.h"

#include <gmock/gmock.h>

#include <fstream>

#include "consumers/node.h"
#include "tests/consumers/fixture.h"

namespace mnemo::consumers_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EmitTest : public ConsumersTest {
 protected:
  EmitTest() : ConsumersTest(2) {}

  std::unique_ptr<Node> open() {
    NodeOptions options;
    options.memory_bytes = 32 << 20;
    options.emitted = dir_ / "emitted";
    options.listener = [this](PartitionId partition, const OutboxBatch& batch) {
      const std::lock_guard lock(mutex_);
      for (const Invalidation& i : batch.invalidations) told_.push_back({partition, i.agent_id});
    };
    std::filesystem::create_directories(dir_);
    return Node::open(log_, key_, clock_, dir_ / "state", options).value();
  }
  PartitionId own() const { return partition_of(message_key("acme", "nina"), 2); }
  PartitionId other() const { return PartitionId(1 - own().value); }
  // On the partition that is not its agent's.
  void misplace(const v1::Envelope& envelope) {
    NewRecord record = make_record(envelope, 2);
    record.partition = other();
    ASSERT_TRUE(append_and_wait(log_, {std::move(record)}));
  }
  // Until the other partition has applied what it holds and its emitter has sent it, and then the agent's own.
  static void settle(Node& node) {
    const Deadline soon = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (int round = 0; round < 3; ++round) ASSERT_TRUE(node.wait_applied(soon));
  }
  void wait_for_rerouted(const Node& node, uint64_t events) const {
    while (node.emitter().rerouted(other()) < events) std::this_thread::yield();
  }
  void wait_for_news(size_t news) {
    while (true) {
      const std::lock_guard lock(mutex_);
      if (told_.size() >= news) return;
    }
  }
  void delete_projections() const { std::filesystem::remove_all(dir_ / "state"); }

  std::mutex mutex_;
  std::vector<std::pair<PartitionId, std::string>> told_;  // guarded by mutex_
};

TEST_F(EmitTest, AnEventOnTheWrongPartitionIsAppendedToItsOwnUnderItsId) {
  const auto node = open();
  const v1::Envelope envelope = remember("a");
  misplace(envelope);
  wait_for_rerouted(*node, 1);
  settle(*node);
  const uint64_t end = log_.end(own()).value();
  EXPECT_EQ(end, kGenesisRecords + 1);
  EXPECT_EQ(node->projection(own()).applied().counters.memories, 1U);
  EXPECT_EQ(node->projection(other()).applied().counters.skipped[static_cast<size_t>(SkipReason::kWrongPartition)], 1U);
  const auto reader = log_.read(own(), end - 1).value();
  const auto records = reader->poll({}, std::chrono::steady_clock::now() + std::chrono::seconds(10)).value();
  EXPECT_EQ(records.front().value, envelope.SerializeAsString());
}

TEST_F(EmitTest, OneThatCameToItsOwnAsWellActsOnce) {
  const auto node = open();
  const v1::Envelope envelope = remember("a");
  append(envelope);
  misplace(envelope);
  wait_for_rerouted(*node, 1);
  settle(*node);
  EXPECT_EQ(node->projection(own()).applied().counters.memories, 1U);
  EXPECT_EQ(node->projection(own()).applied().counters.duplicates, 1U);
}

TEST_F(EmitTest, WhatIsInvalidOrAControlEventStaysADeadLetter) {
  const auto node = open();
  v1::Envelope invalid = remember("a");
  invalid.mutable_remembered()->set_importance(1001);
  misplace(invalid);
  v1::Envelope policy;
  policy.set_event_id(as_string(ids_.next()));
  policy.set_schema_version(kSchemaVersion);
  policy.mutable_policy_updated()->set_partition(own().value);
  policy.mutable_policy_updated()->set_namespace_("acme");
  policy.mutable_policy_updated()->set_version(1);
  misplace(policy);
  misplace(remember("b"));
  wait_for_rerouted(*node, 1);
  settle(*node);
  EXPECT_EQ(log_.end(own()).value(), kGenesisRecords + 1) << "only the valid one came";
  EXPECT_EQ(node->emitter().rerouted(other()), 1U);
}

TEST_F(EmitTest, AProjectionMadeAnewSendsNothingOfThePast) {
  {
    const auto node = open();
    misplace(remember("a"));
    misplace(remember("b"));
    wait_for_rerouted(*node, 2);
    settle(*node);
  }
  delete_projections();
  told_.clear();
  const auto node = open();
  settle(*node);
  misplace(remember("c"));
  wait_for_rerouted(*node, 3);
  settle(*node);
  EXPECT_EQ(log_.end(own()).value(), kGenesisRecords + 3);
  EXPECT_EQ(node->projection(own()).applied().counters.duplicates, 0U);
  wait_for_news(1);
  EXPECT_THAT(told_, ElementsAre(std::pair(own(), std::string("nina")))) << "of the new one alone";
}

TEST_F(EmitTest, WithoutItsNoteItSendsAgainAndNothingActsTwice) {
  {
    const auto node = open();
    misplace(remember("a"));
    wait_for_rerouted(*node, 1);
    settle(*node);
  }
  delete_projections();
  std::filesystem::remove(dir_ / "emitted");
  const auto node = open();
  wait_for_rerouted(*node, 1);
  settle(*node);
  EXPECT_EQ(node->projection(own()).applied().counters.memories, 1U);
  EXPECT_EQ(node->projection(own()).applied().counters.duplicates, 1U);
}

TEST_F(EmitTest, ManyAreAppendedInGroups) {
  const size_t events = Emitter::kRerouteRecords * 2 + 1;
  for (size_t i = 0; i < events; ++i) misplace(remember("k" + std::to_string(i)));
  const auto node = open();
  wait_for_rerouted(*node, events);
  settle(*node);
  EXPECT_EQ(node->projection(own()).applied().counters.memories, events);
}

TEST_F(EmitTest, ADamagedNoteIsToldAndOneOfAnotherLogIsNone) {
  open();
  {
    std::ofstream(dir_ / "emitted") << "mnemo emitted 1 0000000000000000\n5 5\n";
  }
  const auto damaged = Emitter::open(log_, dir_ / "emitted", {});
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Code::kDataLoss);
  EXPECT_THAT(damaged.error().message, HasSubstr("delete it"));
  std::filesystem::remove(dir_ / "emitted");
  {
    const auto node = open();
    misplace(remember("a"));
    wait_for_rerouted(*node, 1);
  }
  EXPECT_EQ((*Emitter::open(log_, dir_ / "emitted", {}))->rerouted(other()), 1U);
  MemoryLog stranger({.partitions = 2, .log_id = {8}, .clock = &clock_});
  EXPECT_EQ((*Emitter::open(stranger, dir_ / "emitted", {}))->rerouted(other()), 0U);
}

}  // namespace
}  // namespace mnemo::consumers_test
