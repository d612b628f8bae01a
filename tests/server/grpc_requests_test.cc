// What is refused before the service sees it.
#include <gmock/gmock.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include "server/grpc/grpc_limits.h"
#include "tests/server/grpc_world.h"

namespace mnemo {
namespace {

using ::testing::AllOf;
using testing::GrpcWorld;
using ::testing::HasSubstr;

void add_unknown(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(9999, 1);
}

// What INVALID_ARGUMENT says of it; the service must not have seen it.
std::string refusal(const v1::RememberRequest& request) {
  GrpcWorld world;
  const grpc::Status status = world.remember(request);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_TRUE(world.service.asked().empty());
  return status.error_message();
}

TEST(GrpcRequests, AnUnknownFieldIsRefusedAtAnyDepth) {
  v1::RememberRequest request;
  add_unknown(request);
  EXPECT_THAT(refusal(request), AllOf(HasSubstr("the RememberRequest"), HasSubstr("9999")));
  request.Clear();
  add_unknown(*request.mutable_memory()->mutable_embedding());
  EXPECT_THAT(refusal(request), AllOf(HasSubstr("'memory.embedding'"), HasSubstr("9999")));
  request.Clear();
  add_unknown((*request.mutable_memory()->mutable_metadata())["mood"]);
  EXPECT_THAT(refusal(request), AllOf(HasSubstr("'memory.metadata[0].value'"), HasSubstr("9999")));
}

TEST(GrpcRequests, AnUnknownFieldInAnElementNamesTheElement) {
  GrpcWorld world;
  v1::RetrieveRequest request;
  request.mutable_filter()->mutable_and_()->add_filters();
  add_unknown(*request.mutable_filter()->mutable_and_()->add_filters());
  grpc::ClientContext context;
  v1::RetrieveResponse response;
  const grpc::Status status = world.memories->Retrieve(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("'filter.and.filters[1]'"));
}

// Which of them can be remembered is the service's to say: each stands by itself.
TEST(GrpcRequests, ABatchIsTakenWithAMemoryThatHasAnUnknownField) {
  GrpcWorld world;
  v1::RememberBatchRequest request;
  request.add_memories();
  add_unknown(*request.add_memories());
  grpc::ClientContext taken;
  v1::RememberBatchResponse response;
  EXPECT_TRUE(world.memories->RememberBatch(&taken, request, &response).ok());
  EXPECT_EQ(world.service.asked().size(), 1U);
  add_unknown(request);
  grpc::ClientContext refused;
  const grpc::Status status = world.memories->RememberBatch(&refused, request, &response);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("the RememberBatchRequest"));
}

TEST(GrpcRequests, ARequestThatSaysNothingTakesNoUnknownFieldEither) {
  GrpcWorld world;
  v1::GetStatusRequest request;
  add_unknown(request);
  grpc::ClientContext context;
  v1::GetStatusResponse response;
  EXPECT_EQ(world.admin->GetStatus(&context, request, &response).error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_TRUE(world.service.asked().empty());
}

TEST(GrpcRequests, AnUnknownEnumNumberIsRefused) {
  v1::RememberRequest request;
  request.mutable_memory()->set_tier(static_cast<v1::Tier>(77));
  EXPECT_THAT(refusal(request), AllOf(HasSubstr("'memory.tier' is 77"), HasSubstr("Tier")));
}

TEST(GrpcRequests, WhatIsKnownIsNotRefused) {
  GrpcWorld world;
  v1::RememberRequest request;
  v1::MemoryInput& memory = *request.mutable_memory();
  memory.set_tier(v1::TIER_LONG);
  memory.mutable_embedding()->add_values(0.5F);
  (*memory.mutable_metadata())["mood"].set_text("fine");
  memory.mutable_observed_at()->set_seconds(1);
  EXPECT_TRUE(world.remember(request).ok());
}

TEST(GrpcRequests, WhatIsNoProtobufOrNoUtf8IsRefusedWithText) {
  GrpcWorld world;
  const std::string path = "/mnemo.v1.MemoryService/GetMemory";
  for (const std::string& bytes : {std::string("\x0a\x05"
                                               "ab"),
                                   std::string("\x0a\x02\xff\xfe"), std::string("\xff")}) {
    const grpc::Status status = world.send(path, bytes);
    EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("mnemo.v1.GetMemoryRequest"));
  }
  EXPECT_TRUE(world.service.asked().empty());
  EXPECT_EQ(world.observer.await(3).back().error, Code::kInvalidArgument);
  EXPECT_TRUE(world
                  .send(path,
                        "\x0a\x02"
                        "ab")
                  .ok());
}

// A request of exactly so many bytes.
v1::RememberRequest of_bytes(size_t bytes) {
  v1::RememberRequest request;
  request.mutable_memory()->set_text(std::string(bytes - 64, 'x'));
  const size_t missing = bytes - request.ByteSizeLong();
  request.mutable_memory()->mutable_text()->append(missing, 'x');
  EXPECT_EQ(request.ByteSizeLong(), bytes);
  return request;
}

TEST(GrpcRequests, TheLargestOneIsTakenAndOneByteMoreIsNot) {
  GrpcWorld world;
  EXPECT_TRUE(world.remember(of_bytes(kRequestBytesMax)).ok());
  EXPECT_EQ(world.service.asked().size(), 1u);
  EXPECT_EQ(world.remember(of_bytes(kRequestBytesMax + 1)).error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(world.service.asked().size(), 1u);
  EXPECT_TRUE(world.remember().ok()) << "the connection goes on";
}

// What is small on the wire and large here is no way around the limit.
TEST(GrpcRequests, ACompressedOneIsRefusedBeforeItIsInflated) {
  GrpcWorld world;
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    for (const size_t bytes : {size_t{1024}, size_t{kRequestBytesMax} + 1}) {
      grpc::ClientContext context;
      context.set_compression_algorithm(algorithm);
      v1::RememberResponse response;
      EXPECT_EQ(world.memories->Remember(&context, of_bytes(bytes), &response).error_code(), grpc::UNIMPLEMENTED);
    }
  }
  EXPECT_TRUE(world.service.asked().empty());
}

TEST(GrpcRequests, AnAnswerThatIsTooLargeSaysWhatToDo) {
  GrpcWorld world;
  const auto retrieve = [&](size_t bytes) {
    v1::RetrieveResponse response;
    response.set_context(std::string(bytes - 16, 'x'));
    world.service.pack(std::string(2 * bytes - 16 - response.ByteSizeLong(), 'x'));
    grpc::ClientContext context;
    return world.memories->Retrieve(&context, {}, &response);
  };
  EXPECT_TRUE(retrieve(kAnswerBytesMax).ok());
  const grpc::Status status = retrieve(kAnswerBytesMax + 1);
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("fewer memories"));
}

}  // namespace
}  // namespace mnemo
