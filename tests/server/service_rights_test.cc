// Who may what.
#include "tests/server/service_fixture.h"

namespace mnemo::service_test {
namespace {

using ::testing::HasSubstr;

class ServiceRights : public ServiceTest {
 protected:
  static std::shared_ptr<Principal> of(std::vector<std::string> namespaces) {
    auto principal = everyone();
    principal->every_namespace = false;
    principal->namespaces = std::move(namespaces);
    return principal;
  }
};

TEST_F(ServiceRights, ANamespaceOfOthersAnswersAsOneThatIsNot) {
  start();
  const auto remembered = remember_now(memory("oolong"));
  const Call foreign = call(of({"other"}));
  auto get = scoped<v1::GetMemoryRequest>();
  get.set_id(remembered.memory_id());
  const auto there = ask(&Service::get, foreign, get);
  get.set_namespace_("never heard of");
  const auto absent = ask(&Service::get, foreign, get);
  ASSERT_FALSE(there || absent);
  EXPECT_EQ(there.error().code, Code::kNotFound);
  EXPECT_EQ(there.error().code, absent.error().code);
  EXPECT_EQ(there.error().message, absent.error().message);
  EXPECT_EQ(ask(&Service::remember, foreign, memory("mine now")).error().code, Code::kNotFound);
  EXPECT_TRUE(ask(&Service::remember, call(of({"acme", "other"})), memory("mine")));
}

TEST_F(ServiceRights, IsAskedBeforeAnythingElseIsSaidOfARequest) {
  start();
  const auto refused = ask(&Service::remember, call(of({"other"})), memory(""));
  EXPECT_EQ(refused.error().code, Code::kNotFound);
}

TEST_F(ServiceRights, AKeyThatMayNotWriteIsToldWhichRightItLacks) {
  start();
  auto reader = everyone();
  reader->write = false;
  const auto refused = ask(&Service::remember, call(reader), memory("oolong"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_THAT(refused.error().message, HasSubstr("'write'"));
  v1::RememberBatchRequest batch;
  *batch.add_memories() = memory("oolong").memory();
  EXPECT_EQ(ask(&Service::remember_batch, call(reader), batch).error().code, Code::kPermissionDenied);
  EXPECT_TRUE(ask(&Service::retrieve, call(reader), scoped<v1::RetrieveRequest>()));
}

TEST_F(ServiceRights, AKeyThatMayNotReadGetsNoMemoryForItsWrites) {
  start();
  auto writer = everyone();
  writer->read = false;
  const auto written = ask(&Service::remember, call(writer), memory("oolong"));
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_FALSE(written->has_memory());
  EXPECT_FALSE(written->memory_id().empty());
  EXPECT_EQ(ask(&Service::retrieve, call(writer), scoped<v1::RetrieveRequest>()).error().code, Code::kPermissionDenied);
}

TEST_F(ServiceRights, OfABatchTheMemoriesInForeignNamespacesAreRefused) {
  start();
  v1::RememberBatchRequest batch;
  *batch.add_memories() = memory("mine").memory();
  *batch.add_memories() = memory("theirs").memory();
  batch.mutable_memories(1)->set_namespace_("theirs");
  const auto response = ask(&Service::remember_batch, call(of({"acme"})), batch);
  ASSERT_TRUE(response);
  EXPECT_TRUE(response->results(0).has_remembered());
  EXPECT_EQ(response->results(1).error().code(), "NOT_FOUND");
}

TEST_F(ServiceRights, WhatConcernsAllNeedsAKeyForAll) {
  start();
  remember_now(memory("oolong"));
  Waited<v1::GetStatusResponse> refused;
  service_->status(call(of({"acme"})), refused.reply());
  EXPECT_EQ(refused.get().error().code, Code::kPermissionDenied);
  const auto status = ask_status();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->version(), "test");
  EXPECT_EQ(status->partitions_size(), 2);
  Waited<v1::GetDigestsResponse> waited;
  service_->digests(call(), waited.reply());
  const auto digests = waited.get();
  ASSERT_TRUE(digests);
  const auto partition = node_->partition_for("acme", "nina");
  EXPECT_EQ(digests->partitions(static_cast<int>(partition.value)).state(),
            to_hex(node_->projection(partition).applied().state));
}

TEST_F(ServiceRights, WhoAskedStandsOnTheLog) {
  start();
  Call traced = call();
  traced.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  traced.correlation_id = "c1";
  const auto written = ask(&Service::remember, traced, memory("oolong"));
  ASSERT_TRUE(written);
  const Position position = parse_position(written->position()).value();
  const auto reader = log_.read(position.partition, position.offset).value();
  const auto records = reader->poll({}, std::chrono::steady_clock::now());
  ASSERT_TRUE(records && !records->empty());
  v1::Envelope envelope;
  ASSERT_TRUE(decode(records->front().value, envelope));
  EXPECT_EQ(envelope.actor(), "tester");
  EXPECT_EQ(envelope.correlation_id(), "c1");
  EXPECT_EQ(envelope.traceparent(), traced.traceparent);
}

}  // namespace
}  // namespace mnemo::service_test
