#include "consumers/node.h"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "tests/consumers/fixture.h"
#include "tests/projector/fault_env.h"

namespace mnemo::consumers_test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

class NodeTest : public ConsumersTest {
 protected:
  NodeTest() : ConsumersTest(2) {}

  Result<std::unique_ptr<Node>> open(bool ticks = true, rocksdb::Env* env = nullptr, PollLimits batch = {}) {
    NodeOptions options;
    options.batch = batch;
    options.env = env;
    options.memory_bytes = 32 << 20;
    options.ticks = ticks;
    return Node::open(log_, key_, clock_, dir_, options);
  }
  static v1::Envelope without_ids(v1::Envelope envelope) {
    envelope.clear_event_id();
    return envelope;
  }
  static Deadline soon() { return steady_clock::now() + seconds(20); }
  v1::Envelope of_a_newer_build() {
    v1::Envelope envelope = remember("newer");
    envelope.set_schema_version(kSchemaVersion + 1);
    return envelope;
  }
  // The digests of a replay from zero.
  Meta replayed(PartitionId partition) {
    StoreResources resources(32 << 20);
    const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
    ProjectionOptions options;
    options.store.dir = "/replay";
    options.store.partition = partition;
    options.store.resources = &resources;
    options.store.env = env.get();
    options.log = log_.identity();
    const auto projection = Projection::open(options).value();
    ProjectRole role(*projection, {});
    const auto follower = Follower::open(log_, partition, 0, role, {}).value();
    EXPECT_TRUE(follower->run_to(log_.end(partition).value()));
    return projection->applied();
  }
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

TEST_F(NodeTest, WhoKeepsAnswersHearsOfABatchBeforeItsPositionAndTheOutboxSpeaksAfter) {
  struct Heard {
    uint64_t applied = 0;  // positions that were published by then
    uint64_t offset = 0;   // of what touched nina
  };
  std::atomic<Node*> node = nullptr;
  std::mutex mutex;
  std::vector<Heard> committed;
  std::vector<Heard> emitted;
  const auto hear = [&](PartitionId partition, const std::vector<Invalidation>& touched, std::vector<Heard>& into) {
    if (node == nullptr || touched.empty()) return;
    const std::lock_guard lock(mutex);
    into.push_back({node.load()->projection(partition).applied().next_offset, touched.back().offset});
  };
  NodeOptions options;
  options.memory_bytes = 32 << 20;
  options.on_commit = [&](PartitionId of, const Touched& touched) { hear(of, touched.agents, committed); };
  options.listener = [&](PartitionId of, const OutboxBatch& batch) { hear(of, batch.invalidations, emitted); };
  auto opened = Node::open(log_, key_, clock_, dir_, options).value();
  ASSERT_TRUE(opened->wait_applied(soon()));
  node = opened.get();
  ASSERT_TRUE(opened->write(without_ids(remember("a")), soon()));
  ASSERT_TRUE(opened->close());
  ASSERT_EQ(committed.size(), 1u);
  EXPECT_LE(committed[0].applied, committed[0].offset);
  ASSERT_EQ(emitted.size(), 1u);
  EXPECT_GT(emitted[0].applied, emitted[0].offset);
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
    const auto refused = node->prepare(event);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("there is no partition"));
    EXPECT_EQ(node->write(event, soon()).error().code, Code::kInvalidArgument);
    event.mutable_policy_updated()->set_partition(1);
    EXPECT_TRUE(node->prepare(event));
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
  const auto refused = node->prepare(event);
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

TEST_F(NodeTest, TheOthersGoOnWhileOnePartitionStandsStill) {
  const auto node = open().value();
  const PartitionId halted = append(of_a_newer_build()).partition;
  std::string other = "nina";
  while (node->partition_for("acme", other) == halted) other += "x";
  ASSERT_FALSE(node->wait_applied(halted, soon()));
  ASSERT_TRUE(node->wait_applied(PartitionId(1 - halted.value), soon()));
  EXPECT_TRUE(node->write(without_ids(remember("a", other)), soon()));
}

TEST_F(NodeTest, WritesUnderWayWhenTheirPartitionHaltsAreTold) {
  const auto node = open().value();
  ASSERT_TRUE(node->wait_applied(soon()));
  // All in one append, so that the halt finds the later ones waiting.
  std::vector<NewRecord> records;
  records.push_back(make_record(of_a_newer_build(), 2));
  std::mutex mutex;
  std::vector<Result<Written>> told;
  std::vector<v1::Envelope> writes;
  for (int i = 0; i < 10; ++i) writes.push_back(without_ids(remember("k" + std::to_string(i))));
  ASSERT_TRUE(append_and_wait(log_, std::move(records)));
  size_t sent = 0;
  // Until the halt is known, writes are taken; each must be told what becomes of it.
  while (true) {
    std::vector<v1::Envelope> copy = writes;
    const Status queued = node->write_all(std::move(copy), [&](size_t /*number*/, Result<Written> written) {
      const std::lock_guard lock(mutex);
      told.push_back(std::move(written));
    });
    if (!queued) {
      EXPECT_EQ(queued.error().code, Code::kFailedPrecondition);
      break;
    }
    sent += writes.size();
  }
  while (true) {
    const std::lock_guard lock(mutex);
    if (told.size() == sent) break;
  }
  for (const Result<Written>& written : told) {
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Code::kUnavailable);
    EXPECT_THAT(written.error().message, HasSubstr("durable at"));
    EXPECT_THAT(written.error().message, HasSubstr("upgrade"));
  }
}

TEST_F(NodeTest, AStandingPartitionTakesNoWriteWhileItTriesAgain) {
  const auto node = open().value();
  const Position at = append(of_a_newer_build());
  ASSERT_FALSE(node->wait_applied(at.partition, soon()));
  const uint64_t end = log_.end(at.partition).value();
  // Longer than it takes to try again.
  const auto until = steady_clock::now() + std::chrono::milliseconds(1200);
  while (steady_clock::now() < until) {
    ASSERT_TRUE(node->halted(at.partition));
    EXPECT_FALSE(node->write(without_ids(remember("b")), soon()));
  }
  EXPECT_EQ(log_.end(at.partition).value(), end);
}

TEST_F(NodeTest, AWriteThatIsNotAppliedInTimeTellsItsPosition) {
  // The projection stands still before it publishes, until it may go on.
  std::atomic<bool> stand = false;
  NodeOptions options;
  options.memory_bytes = 32 << 20;
  options.on_commit = [&stand](PartitionId, const Touched&) { stand.wait(true); };
  const auto node = Node::open(log_, key_, clock_, dir_, options).value();
  ASSERT_TRUE(node->wait_applied(soon()));
  stand = true;
  Result<Written> late = node->write(without_ids(remember("a")), steady_clock::now() + std::chrono::milliseconds(20));
  // A deadline may also pass before the append has ended.
  while (!late && late.error().message.find("not durable in time") != std::string::npos) {
    late = node->write(without_ids(remember("a")), steady_clock::now() + std::chrono::milliseconds(20));
  }
  stand = false;
  stand.notify_all();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kDeadlineExceeded);
  EXPECT_TRUE(late.error().retryable);
  EXPECT_THAT(late.error().message,
              HasSubstr("durable at " + std::to_string(node->partition_for("acme", "nina").value)));
  const auto again = node->write(without_ids(remember("a")), soon());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->outcome.kind, Outcome::Kind::kDuplicate);
}

TEST_F(NodeTest, AStoreThatFailedIsOpenedAgainAndReplays) {
  FaultEnv files;
  const auto node = open(true, files.env(), {.records = 1}).value();
  ASSERT_TRUE(node->wait_applied(soon()));
  const PartitionId partition = node->partition_for("acme", "nina");
  ASSERT_TRUE(node->write(without_ids(remember("a")), soon()));
  ASSERT_TRUE(node->projection(partition).flush(true));
  ASSERT_TRUE(node->write(without_ids(remember("b")), soon()));
  files.fail_writes(true);
  ASSERT_FALSE(node->projection(partition).flush(true));
  while (!node->halted(partition)) std::this_thread::yield();
  EXPECT_TRUE(node->view(PartitionId(1 - partition.value)));
  for (int i = 0; i < 200; ++i) append(remember("c" + std::to_string(i)));
  files.fail_writes(false);
  while (node->halted(partition)) std::this_thread::yield();
  EXPECT_GE(node->projection(partition).applied().next_offset, log_.end(partition).value())
      << "it goes on where it was, not from what was durable";
  ASSERT_TRUE(node->wait_applied(soon()));
  const auto again = node->write(without_ids(remember("b")), soon());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->outcome.kind, Outcome::Kind::kDuplicate);
  EXPECT_TRUE(node->projection(partition).flush(true));
  ASSERT_TRUE(node->wait_applied(soon()));
  const Meta live = node->projection(partition).applied();
  EXPECT_EQ(live.counters.memories, 202U);
  EXPECT_EQ(live.state, replayed(partition).state);
  EXPECT_EQ(node->projection(partition).durable()->next_offset, live.next_offset);
}

// Under ASan: what an append tells when it ends must still be there.
TEST_F(NodeTest, AppendsMayEndAfterTheNodeIsGone) {
  MemoryLog slow({.partitions = 2, .log_id = {7}, .clock = &clock_, .manual_pump = true});
  ASSERT_TRUE(slow.append(genesis_records(slow.identity(), key_.check_value(), clock_, ids_), [](const auto&) {}));
  slow.pump();
  size_t told = 0;
  {
    NodeOptions options;
    options.memory_bytes = 32 << 20;
    const auto node = Node::open(slow, key_, clock_, dir_ / "slow", options).value();
    ASSERT_TRUE(node->wait_applied(soon()));
    ASSERT_TRUE(node->write_all({without_ids(remember("a"))}, [&told](size_t, const Result<Written>&) { ++told; }));
    ASSERT_TRUE(node->wait_applied(soon()));
  }
  ASSERT_TRUE(slow.close());
  EXPECT_EQ(told, 1U);
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
