// A log that makes nothing durable until it is told to, and a write on its way to it.
#include "tests/server/service_fixture.h"

namespace mnemo::service_test {
namespace {

using ::testing::HasSubstr;

class ServiceOnASlowLog : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    ASSERT_TRUE(slow_.append(genesis_records(slow_.identity(), key_.check_value(), clock_, ids_), [](const auto&) {}));
    slow_.pump();
    start({.workers = 1}, slow_);
    const PartitionId partition = node_->partition_for("acme", "nina");
    const uint64_t end = slow_.end(partition).value();
    service_->remember(call(), memory("oolong"), write_.reply());
    while (slow_.end(partition).value() == end) std::this_thread::yield();
  }
  void TearDown() override {
    slow_.pump();
    stop();
    ServiceTest::TearDown();
  }

  MemoryLog slow_{{.partitions = 2, .log_id = {7}, .clock = &clock_, .manual_pump = true}};
  Waited<v1::RememberResponse> write_;
};

TEST_F(ServiceOnASlowLog, AWriteThatIsNotKnownToBeDurableInTimeMayBeAskedForAgain) {
  pass_deadlines();
  const auto late = write_.get();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kDeadlineExceeded);
  EXPECT_TRUE(late.error().retryable);
}

TEST_F(ServiceOnASlowLog, AForgetWithoutAKeyThatMayHaveBegunIsToldTheKeyThatWasMadeForIt) {
  auto request = scoped<v1::ForgetByFilterRequest>();
  v1::Condition& condition = *request.mutable_filter()->mutable_condition();
  condition.set_field(v1::Condition::TAG);
  condition.set_op(v1::Condition::EQ);
  condition.add_values()->set_text("draft");
  const auto append = [&](Waited<v1::ForgetByFilterResponse>& waited) {
    const PartitionId partition = node_->partition_for("acme", "nina");
    const uint64_t end = slow_.end(partition).value();
    service_->forget_by_filter(call(), request, waited.reply());
    while (slow_.end(partition).value() == end) std::this_thread::yield();
  };
  Waited<v1::ForgetByFilterResponse> first;
  append(first);
  pass_deadlines();
  const auto late = first.get();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kDeadlineExceeded);
  const std::string before = "'idempotency_key' ";
  const size_t at = late.error().message.find(before);
  ASSERT_NE(at, std::string::npos) << late.error().message;
  request.set_idempotency_key(late.error().message.substr(at + before.size(), 32));
  Waited<v1::ForgetByFilterResponse> again;
  append(again);
  slow_.pump();
  const auto told = again.get();
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_TRUE(told->duplicate());
}

TEST_F(ServiceOnASlowLog, AWriteThatIsNotKnownToBeDurableWhenTheServiceStopsIsToldToComeAgain) {
  service_->stop(monotonic_.now());
  const auto late = write_.get();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kUnavailable);
  EXPECT_TRUE(late.error().retryable);
  EXPECT_THAT(late.error().message, HasSubstr("ask again with the same key"));
}

}  // namespace
}  // namespace mnemo::service_test
