// status, digests and rules: answered beside the queue, and few at a time.
#include "server/service/overviews.h"

#include "tests/server/service_fixture.h"

namespace mnemo::service_test {
namespace {

class ServiceOverviews : public ServiceTest {};

TEST_F(ServiceOverviews, AreAnsweredWhileRequestsWaitForATurn) {
  start({.workers = 0}, log_);  // nobody takes a turn
  Waited<v1::ListMemoriesResponse> waits;
  service_->list(call(), scoped<v1::ListMemoriesRequest>(), waits.reply());
  const auto status = ask_status();
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(status->partitions_size(), 2);
  Waited<v1::GetDigestsResponse> digests;
  service_->digests(call(), digests.reply());
  EXPECT_EQ(digests.get()->partitions_size(), 2);
  Waited<v1::GetRulesResponse> rules;
  service_->rules(call(), rules.reply());
  EXPECT_FALSE(rules.get()->active_kinds().empty());
  EXPECT_FALSE(waits.there());
}

TEST_F(ServiceOverviews, AreRefusedWhereTooManyAskAndAnsweredAgainAfterwards) {
  start();
  std::promise<void> go_on;
  const std::shared_future<void> held = go_on.get_future().share();
  ASSERT_TRUE(service_->look_over([held] { held.wait(); }));
  std::vector<Waited<v1::GetStatusResponse>> waiting(kOverviewsMax - 1);
  for (auto& waited : waiting) service_->status(call(), waited.reply());
  const auto refused = ask_status();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_GT(refused.error().retry_after_ms, 0U);
  go_on.set_value();
  for (auto& waited : waiting) EXPECT_TRUE(waited.get());
  Waited<v1::GetStatusResponse> afterwards;
  while (!service_->look_over([] {})) std::this_thread::yield();  // the last place is given back after its answer
  service_->status(call(), afterwards.reply());
  EXPECT_TRUE(afterwards.get());
}

}  // namespace
}  // namespace mnemo::service_test
