#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/grpc_world.h"

namespace mnemo {
namespace {

using testing::Asked;
using testing::GrpcWorld;
using ::testing::HasSubstr;

// What the service saw of a request that came by `rpc` of a stub.
template <typename Stub, typename Request, typename Response>
Asked asked_by(GrpcWorld& world, Stub& stub, grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
               const Request& request) {
  grpc::ClientContext context;
  Response response;
  const grpc::Status status = (stub.*rpc)(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_code() << ": " << status.error_message();
  const std::vector<Asked> asked = world.service.asked();
  return asked.empty() ? Asked{} : asked.back();
}

// A request in scope, which the service must see as it was sent.
template <typename Request, typename Response>
void expect_served(GrpcWorld& world,
                   grpc::Status (v1::MemoryService::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                   const std::string& function) {
  Request request;
  request.set_namespace_("acme");
  request.set_agent_id("nina");
  const Asked asked = asked_by(world, *world.memories, rpc, request);
  EXPECT_EQ(asked.function, function);
  EXPECT_EQ(asked.request, request.SerializeAsString()) << function;
}

TEST(GrpcRpcs, EachReachesItsFunctionOfTheServiceWithWhatWasSent) {
  GrpcWorld world;
  using Stub = v1::MemoryService::Stub;
  expect_served(world, &Stub::GetMemory, "get");
  expect_served(world, &Stub::UpdateMemory, "update");
  expect_served(world, &Stub::ForgetMemory, "forget");
  expect_served(world, &Stub::ForgetByFilter, "forget_by_filter");
  expect_served(world, &Stub::GetHistory, "history");
  expect_served(world, &Stub::LinkMemories, "link");
  expect_served(world, &Stub::UnlinkMemories, "unlink");
  expect_served(world, &Stub::ListMemories, "list");
  expect_served(world, &Stub::Retrieve, "retrieve");
  v1::RememberRequest one;
  one.mutable_memory()->set_text("tea");
  EXPECT_EQ(asked_by(world, *world.memories, &Stub::Remember, one).request, one.SerializeAsString());
  v1::RememberBatchRequest batch;
  *batch.add_memories() = one.memory();
  const Asked asked = asked_by(world, *world.memories, &Stub::RememberBatch, batch);
  EXPECT_EQ(asked.function, "remember_batch");
  EXPECT_EQ(asked.request, batch.SerializeAsString());
  using Admin = v1::AdminService::Stub;
  EXPECT_EQ(asked_by(world, *world.admin, &Admin::GetStatus, v1::GetStatusRequest()).function, "status");
  EXPECT_EQ(asked_by(world, *world.admin, &Admin::GetDigests, v1::GetDigestsRequest()).function, "digests");
}

TEST(GrpcRpcs, TheServicesAnswerArrives) {
  GrpcWorld world;
  grpc::ClientContext context;
  v1::RememberResponse response;
  ASSERT_TRUE(world.memories->Remember(&context, {}, &response).ok());
  EXPECT_EQ(response.memory_id(), "m1");
  EXPECT_EQ(world.observer.await(1)[0].error, std::nullopt);
  EXPECT_EQ(world.observer.await(1)[0].method, Method::kRemember);
}

TEST(GrpcRpcs, WhatTheServiceDoesNotDoIsUnimplementedByName) {
  GrpcWorld world;
  for (const std::string& name : std::vector<std::string>{"GetLineage", "AttachEmbedding", "Consolidate", "Prune"}) {
    const grpc::Status status = world.send("/mnemo.v1.MemoryService/" + name, "");
    EXPECT_EQ(status.error_code(), grpc::UNIMPLEMENTED) << name;
    EXPECT_THAT(status.error_message(), HasSubstr(name));
  }
  for (const std::string& name : std::vector<std::string>{"ListOperations", "GetOperation", "SetPolicy", "GetPolicy"}) {
    const grpc::Status status = world.send("/mnemo.v1.AdminService/" + name, "");
    EXPECT_EQ(status.error_code(), grpc::UNIMPLEMENTED) << name;
    EXPECT_THAT(status.error_message(), HasSubstr(name));
  }
  EXPECT_EQ(world.observer.await(1)[0].method, Method::kGetLineage);
  EXPECT_EQ(world.observer.await(1)[0].error, Code::kUnimplemented);
  EXPECT_EQ(world.send("/mnemo.v1.MemoryService/Invented", "").error_code(), grpc::UNIMPLEMENTED);
  EXPECT_TRUE(world.service.asked().empty());
}

TEST(GrpcRpcs, EachCodeArrivesAsItselfWithWhatTheErrorSays) {
  GrpcWorld world;
  for (int code = 1; code <= 16; ++code) {
    const bool retryable = code % 2 == 0;
    world.service.refuse_with(Error{static_cast<Code>(code), "tea is out: brew some", retryable,
                                    retryable ? static_cast<uint32_t>(code) : 0});
    grpc::ClientContext context;
    v1::RememberResponse response;
    const grpc::Status status = world.memories->Remember(&context, {}, &response);
    EXPECT_EQ(static_cast<int>(status.error_code()), code);
    EXPECT_EQ(status.error_message(), "tea is out: brew some");
    const auto& trailing = context.GetServerTrailingMetadata();
    ASSERT_EQ(trailing.count("retryable"), 1u);
    EXPECT_EQ(trailing.find("retryable")->second, retryable ? "true" : "false");
    ASSERT_EQ(trailing.count("retry-after-ms"), retryable ? 1u : 0u);
    if (retryable) {
      EXPECT_EQ(trailing.find("retry-after-ms")->second, std::to_string(code));
    }
    EXPECT_EQ(world.observer.await(static_cast<size_t>(code)).back().error, static_cast<Code>(code));
  }
}

TEST(GrpcRpcs, MetadataReachesTheCall) {
  GrpcWorld world;
  grpc::ClientContext context;
  context.AddMetadata("idempotency-key", "k1");
  context.AddMetadata("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  context.AddMetadata("x-correlation-id", "order 7");
  v1::RememberResponse response;
  ASSERT_TRUE(world.memories->Remember(&context, {}, &response).ok());
  const Call call = world.service.asked().at(0).call;
  EXPECT_EQ(call.idempotency_key, "k1");
  EXPECT_EQ(call.traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(call.correlation_id, "order 7");
  EXPECT_EQ(call.principal, everyone());
}

TEST(GrpcRpcs, MetadataGivenTwiceIsRefused) {
  GrpcWorld world;
  for (const char* name : {"idempotency-key", "authorization", "traceparent", "x-correlation-id"}) {
    grpc::ClientContext context;
    context.AddMetadata(name, "a");
    context.AddMetadata(name, "b");
    v1::RememberResponse response;
    const grpc::Status status = world.memories->Remember(&context, {}, &response);
    EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT) << name;
    EXPECT_THAT(status.error_message(), HasSubstr(name));
  }
  EXPECT_TRUE(world.service.asked().empty());
}

// What a request with this metadata comes to.
grpc::Status with_metadata(GrpcWorld& world, const std::string& name, const std::string& value) {
  grpc::ClientContext context;
  if (name == ":authority") {
    context.set_authority(value);
  } else {
    context.AddMetadata(name, value);
  }
  v1::RememberResponse response;
  return world.memories->Remember(&context, {}, &response);
}

TEST(GrpcRpcs, AnotherServersNameAndAForeignPageAreRefused) {
  GrpcWorld world;
  for (const std::string host : {"evil.example", "evil.example:7071", "localhost.evil.example", "10.0.0.1"}) {
    const grpc::Status status = with_metadata(world, ":authority", host);
    EXPECT_EQ(status.error_code(), grpc::PERMISSION_DENIED) << host;
    EXPECT_THAT(status.error_message(), HasSubstr("--allow-host")) << host;
  }
  for (const std::string origin : {"https://evil.example", "null", "http://localhost"}) {
    const grpc::Status status = with_metadata(world, "origin", origin);
    EXPECT_EQ(status.error_code(), grpc::PERMISSION_DENIED) << origin;
    EXPECT_THAT(status.error_message(), HasSubstr("--allow-origin")) << origin;
  }
  EXPECT_TRUE(world.service.asked().empty());
  for (const std::string host : {"localhost", "LocalHost:1", "127.0.0.1:7071", "[::1]:7071"}) {
    EXPECT_TRUE(with_metadata(world, ":authority", host).ok()) << host;
  }
}

TEST(GrpcRpcs, NamesAndPagesThatAreListedMayAsk) {
  GrpcWorld world(
      nullptr,
      {.address = "127.0.0.1:0", .allowed_hosts = {"mnemo.example"}, .allowed_origins = {"https://app.example"}});
  EXPECT_TRUE(with_metadata(world, ":authority", "mnemo.example:443").ok());
  EXPECT_TRUE(with_metadata(world, "origin", "https://app.example").ok());
  EXPECT_EQ(with_metadata(world, ":authority", "other.example").error_code(), grpc::PERMISSION_DENIED);
}

TEST(GrpcRpcs, MetadataHaveTheRulesOfHeaders) {
  GrpcWorld world;
  const std::pair<std::string, std::string> bad[] = {
      {"x-correlation-id", std::string(257, 'c')}, {"x-request-id", std::string(257, 'c')}, {"idempotency-key", ""}};
  for (const auto& [name, value] : bad) {
    const grpc::Status status = with_metadata(world, name, value);
    EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT) << name;
  }
  EXPECT_TRUE(world.service.asked().empty());
  EXPECT_TRUE(with_metadata(world, "x-correlation-id", std::string(256, 'c')).ok());
  EXPECT_TRUE(with_metadata(world, "x-request-id", "r1").ok());
  EXPECT_EQ(world.service.asked().at(1).call.correlation_id, "r1");
  EXPECT_TRUE(with_metadata(world, "traceparent", "nonsense").ok());
  EXPECT_EQ(world.service.asked().at(2).call.traceparent, "");
}

// Knows one header.
class OneKey final : public Authenticator {
 public:
  Result<std::shared_ptr<const Principal>> authenticate(std::string_view authorization) const override {
    if (authorization == "Bearer good") return principal;
    return fail(Code::kUnauthenticated, "send a key");
  }
  std::shared_ptr<const Principal> principal = std::make_shared<const Principal>();
};

TEST(GrpcRpcs, WithoutAKeyNothingIsLookedAt) {
  const OneKey keys;
  GrpcWorld world(&keys);
  for (const std::string path : {"MemoryService/GetLineage", "MemoryService/Prune", "AdminService/SetPolicy"}) {
    EXPECT_EQ(world.send("/mnemo.v1." + path, "").error_code(), grpc::UNAUTHENTICATED) << path;
  }
  EXPECT_EQ(world.send("/mnemo.v1.MemoryService/Remember", "no protobuf").error_code(), grpc::UNAUTHENTICATED);
  EXPECT_EQ(world.remember().error_message(), "send a key");
  EXPECT_TRUE(world.service.asked().empty());
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer good");
  v1::RememberResponse response;
  EXPECT_TRUE(world.memories->Remember(&context, {}, &response).ok());
  EXPECT_EQ(world.service.asked().at(0).call.principal, keys.principal);
}

}  // namespace
}  // namespace mnemo
