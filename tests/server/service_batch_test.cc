// remember_batch: each memory stands by itself.
#include "server/service/known_fields.h"
#include "tests/server/service_fixture.h"

namespace mnemo::service_test {
namespace {

using ::testing::HasSubstr;

class ServiceBatch : public ServiceTest {};

TEST_F(ServiceBatch, TheMemoriesOfABatchAreAnsweredInOrderEachByItself) {
  start();
  v1::RememberBatchRequest batch;
  *batch.add_memories() = memory("the first").memory();
  *batch.add_memories() = memory("").memory();
  *batch.add_memories() = keyed("k", "the same").memory();
  *batch.add_memories() = keyed("k", "the same").memory();
  *batch.add_memories() = keyed("k", "another").memory();
  *batch.add_memories() = memory("of another agent", "otto").memory();
  const auto response = ask(&Service::remember_batch, batch);
  ASSERT_TRUE(response) << response.error().message;
  ASSERT_EQ(response->results_size(), 6);
  EXPECT_EQ(response->results(0).remembered().memory().text(), "the first");
  EXPECT_EQ(response->results(1).error().code(), "INVALID_ARGUMENT");
  EXPECT_FALSE(response->results(2).remembered().duplicate());
  EXPECT_TRUE(response->results(3).remembered().duplicate());
  EXPECT_EQ(response->results(3).remembered().memory_id(), response->results(2).remembered().memory_id());
  EXPECT_EQ(response->results(4).error().code(), "ALREADY_EXISTS");
  EXPECT_EQ(response->results(5).remembered().memory().agent_id(), "otto");
  EXPECT_FALSE(response->results(5).has_error());
}

TEST_F(ServiceBatch, ABatchOfNoMemoryIsRefusedAndSoIsOneOfTooMany) {
  start();
  v1::RememberBatchRequest batch;
  EXPECT_EQ(ask(&Service::remember_batch, batch).error().code, Code::kInvalidArgument);
  for (int i = 0; i <= kBatchMemoriesMax; ++i) *batch.add_memories() = memory("a text").memory();
  const auto refused = ask(&Service::remember_batch, batch);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("1001"));
  batch.mutable_memories()->RemoveLast();
  const auto taken = ask(&Service::remember_batch, batch);
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->results_size(), kBatchMemoriesMax);
  Call keyed_call = call();
  keyed_call.idempotency_key = "of all";
  EXPECT_EQ(ask(&Service::remember_batch, keyed_call, batch).error().code, Code::kInvalidArgument);
}

TEST_F(ServiceBatch, ABatchOfInvalidMemoriesAloneIsAnsweredToo) {
  start();
  v1::RememberBatchRequest batch;
  *batch.add_memories() = memory("").memory();
  const auto response = ask(&Service::remember_batch, batch);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->results(0).error().code(), "INVALID_ARGUMENT");
}

// A newer client's class, beside memories that this build knows.
TEST_F(ServiceBatch, AMemoryWithWhatThisBuildDoesNotKnowIsRefusedAlone) {
  start();
  v1::RememberBatchRequest batch;
  *batch.add_memories() = memory("the first").memory();
  *batch.add_memories() = memory("of a class to come").memory();
  batch.mutable_memories(1)->set_class_(static_cast<v1::MemoryClass>(99));
  *batch.add_memories() = memory("the third").memory();
  EXPECT_TRUE(check_known_fields(batch)) << "the doors take it";
  const auto response = ask(&Service::remember_batch, batch);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->results(0).remembered().memory().text(), "the first");
  EXPECT_EQ(response->results(1).error().code(), "INVALID_ARGUMENT");
  EXPECT_THAT(response->results(1).error().message(), HasSubstr("'class' is 99"));
  EXPECT_EQ(response->results(2).remembered().memory().text(), "the third");
}

}  // namespace
}  // namespace mnemo::service_test
