#include "consumers/operations.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/consumers/copy_testing.h"
#include "tests/consumers/passing_log.h"

namespace mnemo::consumers_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using State = Operation::State;

constexpr uint32_t kPartitions = 3;
constexpr size_t kRecordsOfAPolicy = 2 + 2 * kPartitions;  // start, event and step of each partition, end

// A log with its genesis and a directory for its projections, which nodes come and go on.
class World {
 public:
  World(const Clock& clock, const FingerprintKey& key, std::filesystem::path dir, bool older = false)
      : clock_(clock),
        key_(key),
        dir_(std::move(dir)),
        log_({.partitions = kPartitions, .log_id = {7}, .clock = &clock}) {
    std::filesystem::remove_all(dir_);
    UuidGenerator ids(clock, 5);
    std::vector<NewRecord> first = genesis_records(log_.identity(), key.check_value(), clock, ids);
    for (NewRecord& record : first) {
      v1::Envelope envelope;
      EXPECT_TRUE(decode(record.value, envelope));
      if (!older || !envelope.has_rules_activated()) continue;
      for (int i = 0; i < 3; ++i) envelope.mutable_rules_activated()->mutable_active_kinds()->RemoveLast();
      record.value = envelope.SerializeAsString();
    }
    EXPECT_TRUE(append_and_wait(log_, std::move(first)));
  }
  ~World() { std::filesystem::remove_all(dir_); }

  std::unique_ptr<Node> node() { return node_on(log_); }
  std::unique_ptr<Node> node_on(Log& log) {
    NodeOptions options;
    options.memory_bytes = 32 << 20;
    options.ticks = false;
    return Node::open(log, key_, clock_, dir_, options).value();
  }
  Log& log() { return log_; }
  uint64_t records() const {
    uint64_t records = 0;
    for (uint32_t p = 0; p < kPartitions; ++p) records += log_.end(PartitionId(p)).value();
    return records;
  }

 private:
  const Clock& clock_;
  const FingerprintKey& key_;
  std::filesystem::path dir_;
  MemoryLog log_;
};

class OperationsTest : public ConsumersTest {
 protected:
  static Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }
  static Deadline at_once() { return std::chrono::steady_clock::now() + std::chrono::milliseconds(20); }
  World world(bool older = false) { return {clock_, key_, dir_ / "world", older}; }
  static PolicyRequest policy(int64_t ttl_ms, const std::string& name_space = "acme") {
    return {name_space, ttl_ms, {}};
  }
  static std::vector<Policy> in_force(Node& node) {
    std::vector<Policy> found;
    for (uint32_t p = 0; p < node.partitions(); ++p) {
      found.push_back(read_policy(*node.view(PartitionId(p)).value(), "acme").value());
    }
    return found;
  }
  static Digest state(Node& node) {
    EXPECT_TRUE(node.wait_applied(soon()));
    Digest sum;
    for (uint32_t p = 0; p < node.partitions(); ++p) sum += node.projection(PartitionId(p)).applied().state;
    return sum;
  }
  static uint64_t skipped(Node& node) {
    uint64_t sum = 0;
    for (uint32_t p = 0; p < node.partitions(); ++p) {
      for (const uint64_t n : node.projection(PartitionId(p)).applied().counters.skipped) sum += n;
    }
    return sum;
  }
};

TEST_F(OperationsTest, APolicyIsSetOnEveryPartitionAndJournalled) {
  World world = this->world();
  const auto node = world.node();
  OperationRunner runner(*node);
  const auto done = runner.set_policy(policy(1000), "k", soon());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->state, State::kDone);
  EXPECT_EQ(done->kind, "policy");
  EXPECT_EQ(done->name_space, "acme");
  EXPECT_EQ(done->steps, kPartitions);
  EXPECT_EQ(done->done, kPartitions);
  EXPECT_EQ(OperationRunner::policy_version(*done), 1u);
  for (const Policy& policy : in_force(*node)) {
    EXPECT_EQ(policy.version, 1u);
    EXPECT_EQ(policy.ttl_ms, 1000);
  }
  EXPECT_EQ(runner.find(done->id).value()->state, State::kDone);
  EXPECT_EQ(runner.policy("acme")->ttl_ms, 1000);
  EXPECT_EQ(runner.policy("other")->version, 0u);
}

TEST_F(OperationsTest, AnOperationThatCanNeverBeDoneFailsInsteadOfRunningForEver) {
  World world = this->world();
  const auto node = world.node();
  OperationRunner runner(*node);
  const std::string id(16, 'x');
  v1::Envelope start;
  start.mutable_operation_started()->set_operation_id(id);
  start.mutable_operation_started()->set_kind("policy");
  start.mutable_operation_started()->set_steps(kPartitions);
  start.mutable_operation_started()->set_request("\xff no policy");
  set_control_partition(start, operation_home(id, kPartitions));
  ASSERT_TRUE(node->wait_applied(soon()));  // before that no rules are known
  const auto written = node->write(start, soon());
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_TRUE(runner.policy_running().value());
  ASSERT_TRUE(runner.resume(soon()));
  const Operation failed = runner.find(bytes16(id).value()).value().value();
  EXPECT_EQ(failed.state, State::kFailed);
  EXPECT_THAT(failed.reason, HasSubstr("no policy"));
  EXPECT_FALSE(runner.policy_running().value());
  EXPECT_EQ(skipped(*node), 0u);
}

TEST_F(OperationsTest, AStartThatNobodyWentOnWithIsGoneOnWithOnceAndNotAfterItsEnd) {
  World world = this->world();
  const auto node = world.node();
  OperationRunner runner(*node);
  const Operation started = runner.start_policy(policy(1000), "k", soon()).value();
  EXPECT_EQ(started.done, 0u);
  for (const Policy& policy : in_force(*node)) EXPECT_EQ(policy.version, 0u);
  EXPECT_EQ(runner.go_on(started.id, soon())->state, State::kDone);
  const uint64_t records = world.records();
  EXPECT_EQ(records, 2 * kPartitions + kRecordsOfAPolicy);
  EXPECT_EQ(runner.go_on(started.id, soon())->state, State::kDone);
  ASSERT_TRUE(runner.resume(soon()));
  EXPECT_EQ(world.records(), records);
}

TEST_F(OperationsTest, AnOperationThatIsCutOffAfterAnyRecordComesToTheSameState) {
  Digest whole;
  {
    World world = this->world();
    const auto node = world.node();
    ASSERT_TRUE(OperationRunner(*node).set_policy(policy(1000), "k", soon()));
    EXPECT_EQ(world.records(), 2 * kPartitions + kRecordsOfAPolicy);
    whole = state(*node);
  }
  for (size_t cut = 0; cut < kRecordsOfAPolicy; ++cut) {
    World world = this->world();
    {
      CutLog log(world.log(), cut);
      const auto node = world.node_on(log);
      const auto begun = OperationRunner(*node).set_policy(policy(1000), "k", soon());
      EXPECT_EQ(begun.has_value(), cut > 0) << cut;
      EXPECT_TRUE(!begun || begun->running()) << cut;
    }
    const auto node = world.node();
    OperationRunner runner(*node);
    ASSERT_TRUE(runner.resume(soon()));
    EXPECT_EQ(state(*node) == whole, cut > 0) << "resumed after " << cut << " records";
    const auto again = runner.set_policy(policy(1000), "k", soon());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->state, State::kDone);
    EXPECT_EQ(OperationRunner::policy_version(*again), 1u);
    EXPECT_EQ(state(*node), whole) << cut;
    EXPECT_EQ(skipped(*node), 0u);
    EXPECT_EQ(world.records(), 2 * kPartitions + kRecordsOfAPolicy) << "nothing was done twice";
  }
}

// What is appended stays on its way for as long as a test holds the log.
class OperationsInFlight : public OperationsTest {
 protected:
  void SetUp() override {
    OperationsTest::SetUp();
    ASSERT_TRUE(node_->wait_applied(soon()));
    held_.hold();
  }
  Code start(int64_t ttl_ms, std::string_view key) {
    return runner_.start_policy(policy(ttl_ms), key, at_once()).error().code;
  }

  World world_ = world();
  HeldLog held_{world_.log()};
  std::unique_ptr<Node> node_ = world_.node_on(held_);
  OperationRunner runner_{*node_};
};

TEST_F(OperationsInFlight, AreWaitedForAndNotAppendedAgain) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(start(1000, "k"), Code::kDeadlineExceeded);
  held_.release();
  const auto started = runner_.start_policy(policy(1000), "k", soon());
  ASSERT_TRUE(started) << started.error().message;
  held_.hold();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(runner_.go_on(started->id, at_once()).error().code, Code::kDeadlineExceeded);
  }
  held_.release();
  EXPECT_EQ(runner_.go_on(started->id, soon())->state, State::kDone);
  EXPECT_EQ(world_.records(), 2 * kPartitions + kRecordsOfAPolicy);
  EXPECT_EQ(skipped(*node_), 0u);
}

TEST_F(OperationsInFlight, LeaveTheNextPolicyAVersionOfItsOwn) {
  EXPECT_EQ(start(1000, "a"), Code::kDeadlineExceeded);
  EXPECT_EQ(start(2000, "b"), Code::kDeadlineExceeded);
  held_.release();
  ASSERT_TRUE(runner_.set_policy(policy(1000), "a", soon()));
  ASSERT_TRUE(runner_.set_policy(policy(2000), "b", soon()));
  EXPECT_EQ(runner_.policy("acme")->version, 2u);
  EXPECT_EQ(runner_.policy("acme")->ttl_ms, 2000);
}

TEST_F(OperationsInFlight, HaveTheirKeyForThemselves) {
  EXPECT_EQ(start(1000, "k"), Code::kDeadlineExceeded);
  const std::jthread later([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    held_.release();
  });
  const auto other = runner_.start_policy(policy(2000), "k", soon());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::kAlreadyExists);
}

TEST_F(OperationsInFlight, KeepWhoResumesFromBeingDone) {
  EXPECT_EQ(start(1000, "k"), Code::kDeadlineExceeded);
  EXPECT_EQ(runner_.resume(at_once()).error().code, Code::kDeadlineExceeded);
  held_.release();
  ASSERT_TRUE(runner_.resume(soon()));
  EXPECT_EQ(runner_.policy("acme")->version, 1u);
}

TEST_F(OperationsTest, ARetryFindsTheOperationAndAnotherRequestUnderItsKeyIsRefused) {
  World world = this->world();
  const auto node = world.node();
  OperationRunner runner(*node);
  const auto first = runner.set_policy(policy(1000), "k", soon());
  ASSERT_TRUE(first);
  const uint64_t records = world.records();
  const auto again = runner.set_policy(policy(1000), "k", soon());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(OperationRunner::policy_version(*again), 1u);
  const auto other = runner.set_policy(policy(2000), "k", soon());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::kAlreadyExists);
  EXPECT_THAT(other.error().message, HasSubstr(to_hex(first->id)));
  EXPECT_EQ(world.records(), records);
  EXPECT_EQ(OperationRunner::policy_version(runner.set_policy(policy(2000), "", soon()).value()), 2u);
  EXPECT_EQ(OperationRunner::policy_version(runner.set_policy(policy(2000), "", soon()).value()), 3u);
  EXPECT_EQ(OperationRunner::policy_version(runner.set_policy(policy(1000, "other"), "k", soon()).value()), 1u);
}

TEST_F(OperationsTest, ALaterPolicyIsNotUndoneByOneThatGoesOnAfterIt) {
  World world = this->world();
  Bytes16 first{};
  {
    CutLog log(world.log(), 2);  // it has started, and reached one partition
    const auto node = world.node_on(log);
    const auto begun = OperationRunner(*node).set_policy(policy(1000), "first", soon());
    ASSERT_TRUE(begun);
    first = begun->id;
    EXPECT_EQ(OperationRunner::policy_version(*begun), 1u);
  }
  const auto node = world.node();
  OperationRunner runner(*node);
  EXPECT_EQ(OperationRunner::policy_version(runner.set_policy(policy(2000), "second", soon()).value()), 2u);
  ASSERT_TRUE(runner.resume(soon()));
  for (const Policy& policy : in_force(*node)) EXPECT_EQ(policy.ttl_ms, 2000);
  const Operation overtaken = runner.find(first).value().value();
  EXPECT_EQ(overtaken.state, State::kDone);
  EXPECT_EQ(overtaken.result, "version=1 superseded_by=2");
  EXPECT_EQ(skipped(*node), 0u);
}

TEST_F(OperationsTest, ARequestThatIsNoneStartsNothing) {
  World world = this->world();
  const auto node = world.node();
  OperationRunner runner(*node);
  const uint64_t records = world.records();
  EXPECT_EQ(runner.set_policy(policy(-1), "k", soon()).error().code, Code::kInvalidArgument);
  EXPECT_EQ(runner.set_policy(policy(1, ""), "k", soon()).error().code, Code::kInvalidArgument);
  EXPECT_EQ(runner.find({1}).value(), std::nullopt);
  EXPECT_EQ(runner.finish({1}, v1::OPERATION_OUTCOME_DONE, "", soon()).error().code, Code::kNotFound);
  EXPECT_EQ(world.records(), records);
}

TEST_F(OperationsTest, AnImportTellsItsProgressAndGoesOnBehindTheBatchesThatAreNoted) {
  World world = this->world();
  auto node = world.node();
  const Operation started = OperationRunner(*node).start_import("acme", "file", soon()).value();
  ASSERT_TRUE(OperationRunner(*node).note_batch(started.id, 1, {100, 90, 8, 2}, soon()));
  node.reset();

  node = world.node();
  OperationRunner runner(*node);
  ASSERT_TRUE(runner.resume(soon())) << "only who imports can go on";
  const Operation again = runner.start_import("acme", "file", soon()).value();
  EXPECT_EQ(again.id, started.id);
  EXPECT_TRUE(again.running());
  EXPECT_EQ(again.done, 1u);
  EXPECT_EQ(again.result, "lines=100 created=90 duplicates=8 failed=2");
  EXPECT_EQ(runner.note_batch(again.id, 1, {}, soon())->result, again.result) << "noted already";
  EXPECT_EQ(runner.note_batch(again.id, 3, {}, soon()).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(runner.note_batch(again.id, 2, {200, 190, 8, 2}, soon())->done, 2u);
  EXPECT_EQ(runner.finish(again.id, v1::OPERATION_OUTCOME_DONE, "", soon())->state, State::kDone);
  EXPECT_EQ(runner.finish(again.id, v1::OPERATION_OUTCOME_DONE, "", soon())->state, State::kDone);
  EXPECT_EQ(runner.finish(again.id, v1::OPERATION_OUTCOME_FAILED, "", soon()).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(runner.note_batch(again.id, 3, {}, soon()).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(skipped(*node), 0u);
}

TEST_F(OperationsTest, MoreThanMayRunAtOnceAreRefusedUntilOneEnds) {
  World world = this->world();
  const auto node = world.node();
  OperationRunner runner(*node, 1);  // of one home: some start, the others find it taken
  std::vector<Operation> running;
  std::string refused;
  for (int i = 0; refused.empty(); ++i) {
    const auto started = runner.start_import("acme", std::to_string(i), soon());
    if (started) {
      running.push_back(*started);
    } else {
      refused = std::to_string(i);
      EXPECT_EQ(started.error().code, Code::kResourceExhausted);
    }
  }
  EXPECT_LE(running.size(), kPartitions);
  EXPECT_EQ(runner.start_import("acme", "0", soon())->id, running[0].id) << "it is there already";
  for (const Operation& operation : running) {
    ASSERT_TRUE(runner.finish(operation.id, v1::OPERATION_OUTCOME_CANCELLED, "", soon()));
  }
  EXPECT_TRUE(runner.start_import("acme", refused, soon()));
}

TEST_F(OperationsTest, AreListedOverAllPartitionsTheNewestFirst) {
  World world = this->world();
  const auto node = world.node();
  OperationRunner runner(*node);
  std::vector<Bytes16> expected;
  for (int i = 0; i < 7; ++i) {
    clock_.advance_ms(10);
    expected.insert(expected.begin(), runner.start_import("acme", std::to_string(i), soon())->id);
  }
  std::vector<Bytes16> listed;
  std::string cursor;
  do {
    const OperationPage page = runner.list(3, cursor).value();
    for (const Operation& operation : page.operations) listed.push_back(operation.id);
    cursor = page.next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(listed, expected);
  const auto newest = [&](const Operation& operation) { return operation.id == expected.front(); };
  EXPECT_THAT(runner.list(3, "", newest)->operations, SizeIs(1));
  EXPECT_THAT(runner.list(3, "", [](const Operation& o) { return o.name_space == "other"; })->operations, IsEmpty());
  EXPECT_EQ(runner.list(3, "zz").error().code, Code::kInvalidArgument);
  EXPECT_THAT(runner.list(7, "")->next_cursor, IsEmpty());
}

TEST_F(OperationsTest, OnALogOfAnOlderBuildNeedTheActivationOfTheirKinds) {
  World world = this->world(true);
  const auto node = world.node();
  OperationRunner runner(*node);
  const auto refused = runner.set_policy(policy(1000), "k", soon());
  EXPECT_EQ(refused.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("mnemo rules activate"));
  std::set<PartitionId> activated;
  ASSERT_TRUE(node->activate_rules(soon(), activated));
  EXPECT_THAT(activated, SizeIs(kPartitions));
  std::set<PartitionId> again;
  ASSERT_TRUE(node->activate_rules(soon(), again));
  EXPECT_THAT(again, IsEmpty());
  EXPECT_EQ(runner.set_policy(policy(1000), "k", soon())->state, State::kDone);
}

}  // namespace
}  // namespace mnemo::consumers_test
