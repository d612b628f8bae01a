// What waits: for a position, for a write to be applied, for room, for the end.
#include <algorithm>

#include "tests/server/service_fixture.h"

namespace mnemo::service_test {
namespace {

using ::testing::HasSubstr;

class ServiceWaits : public ServiceTest {
 protected:
  // A write that is durable and not applied: its deadline passes while the projection stands still.
  v1::RememberResponse remember_pending(const std::string& text) {
    const PartitionId partition = node_->partition_for("acme", "nina");
    const uint64_t end = log_.end(partition).value();
    Waited<v1::RememberResponse> waited;
    service_->remember(call(), memory(text), waited.reply());
    while (log_.end(partition).value() == end) std::this_thread::yield();
    pass_deadlines();
    const auto response = waited.get();
    EXPECT_TRUE(response) << response.error().message;
    return response.value_or(v1::RememberResponse{});
  }
  uint64_t reads_started() const {
    return scheduler_->statistics().classes[static_cast<size_t>(TaskClass::kRead)].started;
  }
  void retrieve_at(const std::string& position, Waited<v1::RetrieveResponse>& waited) {
    auto request = scoped<v1::RetrieveRequest>();
    request.add_min_position(position);
    service_->retrieve(call(), request, waited.reply());
  }
  Result<v1::GetMemoryResponse> get_at(const std::string& position) {
    auto request = scoped<v1::GetMemoryRequest>();
    request.set_id("any");
    request.add_min_position(position);
    return ask(&Service::get, request);
  }
};

TEST_F(ServiceWaits, AWriteThatIsDurableAndNotAppliedInTimeIsPendingWithItsPosition) {
  start();
  stall();
  const auto pending = remember_pending("oolong");
  EXPECT_TRUE(pending.pending());
  EXPECT_FALSE(pending.has_memory());
  EXPECT_TRUE(parse_position(pending.position()));
  EXPECT_FALSE(pending.event_id().empty());
  gate_.open();
  auto get = scoped<v1::GetMemoryRequest>();
  get.set_id(pending.memory_id());
  get.add_min_position(pending.position());
  const auto memory = ask(&Service::get, get);
  ASSERT_TRUE(memory) << memory.error().message;
  EXPECT_EQ(memory->memory().text(), "oolong");
}

// What the rules are, and what keys have done, is known only when the partition has applied what the log holds.
TEST_F(ServiceWaits, AWriteIsToldToComeAgainUntilThePartitionHasCaughtUp) {
  start();
  stall();
  remember_pending("oolong");
  NodeService restarted(*node_, *scheduler_, engine_, monotonic_, NodeServiceOptions{.version = "test"});
  EXPECT_FALSE(restarted.ready_to_write());
  Waited<v1::RememberResponse> waited;
  restarted.remember(call(), memory("sencha"), waited.reply());
  const auto refused = waited.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_GT(refused.error().retry_after_ms, 0U);
  const auto degraded = [&] {
    Waited<v1::RetrieveResponse> found;
    restarted.retrieve(call(), scoped<v1::RetrieveRequest>(), found.reply());
    Waited<v1::ForgetByFilterResponse> counted;
    auto all = scoped<v1::ForgetByFilterRequest>();
    v1::Condition& condition = *all.mutable_filter()->mutable_condition();
    condition.set_field(v1::Condition::TAG);
    condition.set_op(v1::Condition::EQ);
    condition.add_values()->set_text("tea");
    all.set_dry_run(true);
    restarted.forget_by_filter(call(), all, counted.reply());
    const bool says = found.get().value().degraded();
    EXPECT_EQ(counted.get().value().degraded(), says);
    return says;
  };
  EXPECT_TRUE(degraded()) << "what the log held at the start may be missing";

  gate_.open();
  ASSERT_TRUE(node_->wait_applied(std::chrono::steady_clock::now() + std::chrono::seconds(20)));
  Waited<v1::RememberResponse> again;
  restarted.remember(call(), memory("sencha"), again.reply());
  EXPECT_TRUE(again.get());
  EXPECT_TRUE(restarted.ready_to_write());
  EXPECT_FALSE(degraded());
}

TEST_F(ServiceWaits, AReadWaitsForAPositionWithoutAThread) {
  start({.workers = 1}, log_);
  stall();
  const auto pending = remember_pending("oolong");
  auto request = scoped<v1::RetrieveRequest>();
  request.add_min_position(pending.position());
  Waited<v1::RetrieveResponse> waited;
  service_->retrieve(call(), request, waited.reply());
  // The one worker answers another meanwhile.
  ASSERT_TRUE(ask(&Service::list, scoped<v1::ListMemoriesRequest>()));
  EXPECT_FALSE(waited.there());
  gate_.open();
  const auto found = waited.get();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->results(0).memory().text(), "oolong");
}

TEST_F(ServiceWaits, AReadWhosePositionIsNotReachedInTimeIsToldWhatIsApplied) {
  start();
  stall();
  Waited<v1::RetrieveResponse> waited;
  retrieve_at(remember_pending("oolong").position(), waited);
  while (reads_started() == 0) std::this_thread::yield();
  pass_deadlines();
  const auto late = waited.get();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kDeadlineExceeded);
  const PartitionId partition = node_->partition_for("acme", "nina");
  const Meta applied = node_->projection(partition).applied();
  EXPECT_THAT(late.error().message, HasSubstr(to_string(Position{partition, applied.epoch, applied.next_offset})));
}

TEST_F(ServiceWaits, ThePositionThatAReadGaveIsReached) {
  start();
  remember_now(memory("oolong"));
  const auto list = ask(&Service::list, scoped<v1::ListMemoriesRequest>());
  ASSERT_TRUE(list);
  EXPECT_EQ(get_at(list->position()).error().code, Code::kNotFound);
}

TEST_F(ServiceWaits, APositionThatCannotComeIsNotWaitedFor) {
  start();
  const PartitionId own = node_->partition_for("acme", "nina");
  const auto refused = [&](PartitionId partition, uint32_t epoch, uint64_t offset) {
    return get_at(to_string(Position{partition, epoch, offset})).error();
  };
  EXPECT_EQ(get_at("nonsense").error().code, Code::kInvalidArgument);
  EXPECT_THAT(get_at("nonsense").error().message, HasSubstr("min_position"));
  EXPECT_EQ(refused(PartitionId(7), 1, 0).code, Code::kInvalidArgument);
  EXPECT_EQ(refused(PartitionId(1 - own.value), 1, 0).code, Code::kInvalidArgument);
  EXPECT_THAT(refused(PartitionId(1 - own.value), 1, 0).message, HasSubstr("this agent lives in"));
  for (const uint32_t epoch : {0U, 2U}) {
    EXPECT_EQ(refused(own, epoch, 0).code, Code::kFailedPrecondition);
    EXPECT_THAT(refused(own, epoch, 0).message, HasSubstr("leave min_position out"));
  }
  const Error beyond = refused(own, 1, 1'000'000);
  EXPECT_EQ(beyond.code, Code::kDataLoss);
  EXPECT_THAT(beyond.message, HasSubstr("which server it came from"));
}

// An agent whose memories are in another partition than nina's.
std::string agent_elsewhere(const Node& node) {
  for (int i = 0;; ++i) {
    std::string agent = "agent " + std::to_string(i);
    if (node.partition_for("acme", agent) != node.partition_for("acme", "nina")) return agent;
  }
}

template <typename Response>
size_t answered(std::vector<Waited<Response>>& waited) {
  return static_cast<size_t>(std::ranges::count_if(waited, [](Waited<Response>& one) { return one.there(); }));
}

TEST_F(ServiceWaits, ReadsThatWaitForAStalledPartitionLeaveTheOthersRoom) {
  constexpr size_t kTooMany = 16;
  start({.workers = 2, .in_flight_max = kWaitingPerPartitionMax + 8}, log_);
  stall();
  auto request = scoped<v1::RetrieveRequest>();
  request.add_min_position(remember_pending("oolong").position());
  std::vector<Waited<v1::RetrieveResponse>> waited(kWaitingPerPartitionMax + kTooMany);
  for (auto& one : waited) service_->retrieve(call(), request, one.reply());

  auto elsewhere = scoped<v1::ListMemoriesRequest>();
  elsewhere.set_agent_id(agent_elsewhere(*node_));
  ASSERT_TRUE(ask(&Service::list, elsewhere));
  ASSERT_TRUE(ask(&Service::list, scoped<v1::ListMemoriesRequest>())) << "what need not wait is answered";
  while (answered(waited) < kTooMany) std::this_thread::yield();
  EXPECT_EQ(answered(waited), kTooMany);

  gate_.open();
  size_t refused = 0;
  for (auto& one : waited) {
    const auto found = one.get();
    if (found) continue;
    ++refused;
    EXPECT_EQ(found.error().code, Code::kResourceExhausted);
    EXPECT_TRUE(found.error().retryable);
    EXPECT_GT(found.error().retry_after_ms, 0U);
  }
  EXPECT_EQ(refused, kTooMany);
  EXPECT_TRUE(ask(&Service::retrieve, request)) << "the places are free again";
}

TEST_F(ServiceWaits, WritesThatWaitForAStalledPartitionAreBoundedBeforeTheyAreAppended) {
  start({.workers = 2, .in_flight_max = 2 * kWaitingPerPartitionMax}, log_);
  stall();
  const PartitionId partition = node_->partition_for("acme", "nina");
  const uint64_t end = log_.end(partition).value();
  std::vector<Waited<v1::RememberResponse>> waited(kWaitingPerPartitionMax + 1);
  for (auto& one : waited) service_->remember(call(), memory("oolong"), one.reply());
  while (answered(waited) == 0) std::this_thread::yield();
  while (log_.end(partition).value() < end + kWaitingPerPartitionMax) std::this_thread::yield();
  EXPECT_EQ(log_.end(partition).value(), end + kWaitingPerPartitionMax);
  ASSERT_TRUE(ask(&Service::remember, memory("sencha", agent_elsewhere(*node_))));
  gate_.open();
  size_t refused = 0;
  for (auto& one : waited) refused += one.get() ? 0 : 1;
  EXPECT_EQ(refused, 1U);
}

TEST_F(ServiceWaits, OfABatchOnlyThoseAreRefusedWhosePartitionHaltedMeanwhile) {
  start({.workers = 0}, log_);
  v1::RememberBatchRequest batch;
  *batch.add_memories() = memory("oolong").memory();
  *batch.add_memories() = memory("sencha", agent_elsewhere(*node_)).memory();
  *batch.add_memories() = memory("").memory();
  *batch.add_memories() = memory("assam").memory();
  *batch.add_memories() = memory("matcha", agent_elsewhere(*node_)).memory();
  Waited<v1::RememberBatchResponse> waited;
  service_->remember_batch(call(), batch, waited.reply());
  v1::Envelope newer = remember("newer");
  newer.set_schema_version(kSchemaVersion + 1);
  const Position at = append(newer);
  while (!node_->halted(at.partition)) std::this_thread::yield();
  const uint64_t end = log_.end(at.partition).value();
  ASSERT_TRUE(scheduler_->run_one());
  const auto response = waited.get();
  ASSERT_TRUE(response) << response.error().message;
  ASSERT_EQ(response->results_size(), 5);
  for (const int halted : {0, 3}) EXPECT_THAT(response->results(halted).error().message(), HasSubstr("upgrade"));
  EXPECT_THAT(response->results(2).error().message(), HasSubstr("text"));
  EXPECT_EQ(response->results(1).remembered().memory().text(), "sencha");
  EXPECT_EQ(response->results(4).remembered().memory().text(), "matcha");
  EXPECT_EQ(log_.end(at.partition).value(), end);
}

TEST_F(ServiceWaits, ALogThatHasStoppedIsReadyToBeReadAlone) {
  start();
  EXPECT_TRUE(service_->ready_to_write());
  log_.crash();
  const auto refused = ask(&Service::remember, memory("oolong"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_TRUE(service_->ready_to_read());
  ASSERT_FALSE(service_->ready_to_write());
  EXPECT_EQ(service_->ready_to_write().error().message, refused.error().message);
}

TEST_F(ServiceWaits, WhatFindsNoRoomIsToldWhenToComeAgain) {
  start({.workers = 0, .admission = {.agent = {1, 1 << 20}}}, log_);
  Waited<v1::RetrieveResponse> first;
  service_->retrieve(call(), scoped<v1::RetrieveRequest>(), first.reply());
  const auto refused = ask(&Service::retrieve, scoped<v1::RetrieveRequest>());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_GT(refused.error().retry_after_ms, 0U);
  ASSERT_TRUE(scheduler_->run_one());
  EXPECT_TRUE(first.get());
}

TEST_F(ServiceWaits, WhatHasNotStartedWhenTheServiceStopsIsRefused) {
  start({.workers = 0}, log_);
  Waited<v1::RememberResponse> waited;
  service_->remember(call(), memory("oolong"), waited.reply());
  service_->stop(monotonic_.now());
  const auto refused = waited.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_FALSE(service_->ready_to_write());
}

TEST_F(ServiceWaits, WhatWaitsWhenTheServiceStopsIsAnsweredAsAtItsDeadline) {
  start();
  stall();
  const PartitionId partition = node_->partition_for("acme", "nina");
  const uint64_t end = log_.end(partition).value();
  Waited<v1::RememberResponse> waited;
  service_->remember(call(), memory("oolong"), waited.reply());
  while (log_.end(partition).value() == end) std::this_thread::yield();
  service_->stop(monotonic_.now());
  const auto pending = waited.get();
  ASSERT_TRUE(pending) << pending.error().message;
  EXPECT_TRUE(pending->pending());
}

TEST_F(ServiceWaits, AReadThatWaitsWhenTheServiceStopsIsToldToAskAnother) {
  start();
  stall();
  Waited<v1::RetrieveResponse> waited;
  retrieve_at(remember_pending("oolong").position(), waited);
  service_->stop(monotonic_.now());
  const auto told = waited.get();
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Code::kUnavailable);
  EXPECT_TRUE(told.error().retryable);
  EXPECT_THAT(told.error().message, HasSubstr("stopping"));
}

TEST_F(ServiceWaits, APartitionThatStandsStillIsNotReadyAndAnswersWhatItHas) {
  start();
  const auto remembered = remember_now(memory("oolong"));
  EXPECT_TRUE(service_->ready_to_read());
  EXPECT_TRUE(service_->ready_to_write());
  v1::Envelope newer = remember("newer");
  newer.set_schema_version(kSchemaVersion + 1);
  const Position at = append(newer);
  while (!node_->halted(at.partition)) std::this_thread::yield();
  EXPECT_THAT(service_->ready_to_read().error().message, HasSubstr("upgrade"));
  EXPECT_FALSE(service_->ready_to_write());
  const auto found = ask(&Service::retrieve, scoped<v1::RetrieveRequest>());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->degraded());
  EXPECT_EQ(found->results_size(), 1);
  const auto status = ask_status();
  ASSERT_TRUE(status);
  EXPECT_THAT(status->partitions(static_cast<int>(at.partition.value)).halted(), HasSubstr("upgrade"));
  EXPECT_EQ(get_at(to_string(at)).error().code, Code::kUnavailable);
  EXPECT_EQ(get_at(remembered.position()).error().code, Code::kNotFound);
}

TEST_F(ServiceWaits, AWriteUnderWayWhenItsPartitionHaltsIsPending) {
  start();
  stall();
  const PartitionId partition = node_->partition_for("acme", "nina");
  v1::Envelope newer = remember("newer");
  newer.set_schema_version(kSchemaVersion + 1);
  append(newer);
  const uint64_t end = log_.end(partition).value();
  Waited<v1::RememberResponse> waited;
  service_->remember(call(), memory("oolong"), waited.reply());
  while (log_.end(partition).value() == end) std::this_thread::yield();
  gate_.open();
  const auto pending = waited.get();
  ASSERT_TRUE(pending) << pending.error().message;
  EXPECT_TRUE(pending->pending());
}

}  // namespace
}  // namespace mnemo::service_test
