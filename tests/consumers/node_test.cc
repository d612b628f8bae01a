#include "consumers/node.h"

#include <gmock/gmock.h>

#include "tests/consumers/fixture.h"

namespace mnemo::consumers_test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

class NodeTest : public ConsumersTest {
 protected:
  NodeTest() : ConsumersTest(2) {}

  Result<std::unique_ptr<Node>> open(bool ticks = true) {
    NodeOptions options;
    options.memory_bytes = 32 << 20;
    options.ticks = ticks;
    return Node::open(log_, key_, clock_, dir_, options);
  }
  static v1::Envelope without_ids(v1::Envelope envelope) {
    envelope.clear_event_id();
    return envelope;
  }
  static Deadline soon() { return steady_clock::now() + seconds(20); }
};

TEST_F(NodeTest, AWriteTellsWhatBecameOfIt) {
  const auto node = open().value();
  ASSERT_TRUE(node->wait_applied(soon()));
  const auto first = node->write(without_ids(remember("a")), soon());
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->outcome.kind, Outcome::Kind::kApplied);
  const auto again = node->write(without_ids(remember("a")), soon());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->outcome.kind, Outcome::Kind::kDuplicate);
  EXPECT_EQ(again->outcome.event_id, first->outcome.event_id);
}

TEST_F(NodeTest, AnInvalidWriteNeverReachesTheLog) {
  const auto node = open().value();
  ASSERT_TRUE(node->wait_applied(soon()));
  const PartitionId partition = node->partition_for("acme", "nina");
  const uint64_t before = log_.end(partition).value();
  v1::Envelope empty = without_ids(remember("a"));
  empty.mutable_remembered()->set_importance(1001);
  EXPECT_EQ(node->write(empty, soon()).error().code, Code::kInvalidArgument);
  v1::Envelope inactive = without_ids(remember("a"));
  inactive.mutable_consolidate_requested();
  const auto refused = node->write(inactive, soon());
  EXPECT_EQ(refused.error().code, Code::kUnimplemented);
  EXPECT_THAT(refused.error().message, HasSubstr("ConsolidateRequested"));
  EXPECT_EQ(log_.end(partition).value(), before);
}

TEST_F(NodeTest, AControlEventForAPartitionThatTheLogDoesNotHaveIsRefused) {
  const auto node = open().value();
  ASSERT_TRUE(node->wait_applied(soon()));
  for (const uint32_t partition : {2u, 1023u, 4'000'000'000u}) {
    v1::Envelope event;
    event.mutable_policy_updated()->set_partition(partition);
    event.mutable_policy_updated()->set_namespace_("acme");
    event.mutable_policy_updated()->set_version(1);
    const Status refused = node->check(event);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("there is no partition"));
    EXPECT_EQ(node->write(event, soon()).error().code, Code::kInvalidArgument);
    event.mutable_policy_updated()->set_partition(1);
    EXPECT_TRUE(node->check(event));
  }
}

TEST_F(NodeTest, AnActiveKindThatThisBuildCannotApplyIsRefusedByName) {
  const auto node = open().value();
  ASSERT_TRUE(node->wait_applied(soon()));
  for (uint32_t p = 0; p < 2; ++p) {
    v1::Envelope rules;
    *rules.mutable_rules_activated() = default_rules(p);
    rules.mutable_rules_activated()->set_rules_version(2);
    rules.mutable_rules_activated()->add_active_kinds(v1::EVENT_KIND_SUMMARY_ATTACHED);
    ASSERT_TRUE(node->write(rules, soon()));
  }
  v1::Envelope event = without_ids(remember("a"));
  event.mutable_summary_attached();
  const Status refused = node->check(event);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnimplemented);
  EXPECT_THAT(refused.error().message, HasSubstr("SummaryAttached"));
  EXPECT_THAT(refused.error().message, HasSubstr("upgrade"));
}

TEST_F(NodeTest, AHaltedPartitionSaysWhyAndGoesOnWhenTheRecordIsSkipped) {
  const auto node = open().value();
  ASSERT_TRUE(node->wait_applied(soon()));
  v1::Envelope newer = remember("newer");
  newer.set_schema_version(kSchemaVersion + 1);
  const Position at = append(newer);
  const Status waited = node->wait_applied(soon());
  ASSERT_FALSE(waited);
  EXPECT_THAT(waited.error().message, HasSubstr("upgrade"));
  EXPECT_EQ(node->write(without_ids(remember("b")), soon()).error().code, Code::kFailedPrecondition);
  skip(at);
  while (node->halted(at.partition)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(node->wait_applied(soon()));
  EXPECT_TRUE(node->write(without_ids(remember("b")), soon()));
}

TEST_F(NodeTest, TicksWhileAnExpiryIsDueAndNotOtherwise) {
  const auto node = open().value();
  v1::Envelope short_lived = without_ids(remember("a"));
  short_lived.mutable_remembered()->set_expires_at_ms(clock_.now_ms() + 1000);
  ASSERT_TRUE(node->wait_applied(soon()));
  ASSERT_TRUE(node->write(short_lived, soon()));
  const PartitionId partition = node->partition_for("acme", "nina");
  const uint64_t before = log_.end(partition).value();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(log_.end(partition).value(), before);
  clock_.advance_ms(2000);
  while (node->projection(partition).applied().counters.expired == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_GT(log_.end(partition).value(), before);
}

TEST_F(NodeTest, AProjectionOfAnotherLogIsRefused) {
  {
    ASSERT_TRUE(open().value()->wait_applied(soon()));
  }
  MemoryLog other({.partitions = 2, .log_id = {8}, .clock = &clock_});
  ASSERT_TRUE(append_and_wait(other, genesis_records(other.identity(), key_.check_value(), clock_, ids_)));
  const auto refused = Node::open(other, key_, clock_, dir_, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kFailedPrecondition);
}

TEST_F(NodeTest, AnotherSecretIsRefusedBeforeAndAfterThereIsAProjection) {
  const FingerprintKey other = FingerprintKey::from_bytes(std::string(32, 'x')).value();
  EXPECT_EQ(Node::open(log_, other, clock_, dir_, {}).error().code, Code::kFailedPrecondition);
  {
    ASSERT_TRUE(open().value()->wait_applied(soon()));
  }
  EXPECT_EQ(Node::open(log_, other, clock_, dir_, {}).error().code, Code::kFailedPrecondition);
}

TEST_F(NodeTest, ALogThatEndsBeforeTheProjectionIsDataLoss) {
  {
    const auto node = open().value();
    ASSERT_TRUE(node->wait_applied(soon()));
    ASSERT_TRUE(node->write(without_ids(remember("a")), soon()));
  }
  MemoryLog shorter({.partitions = 2, .log_id = {7}, .clock = &clock_});
  ASSERT_TRUE(append_and_wait(shorter, genesis_records(shorter.identity(), key_.check_value(), clock_, ids_)));
  const auto refused = Node::open(shorter, key_, clock_, dir_, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDataLoss);
}

}  // namespace
}  // namespace mnemo::consumers_test
