// File: tests/server/grpc_bad_requests.h
// The gRPC door before a real node, and requests that it should refuse without a trace on the log.
#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/grpc/grpc_server.h"
#include "tests/server/service_fixture.h"

namespace mnemo::service_test {

// "good" may do everything in acme; "reader" reads there, "writer" writes.
class Keys final : public Authenticator {
 public:
  Result<std::shared_ptr<const Principal>> authenticate(std::string_view authorization) const override {
    for (const std::string name : {"good", "reader", "writer"}) {
      if (authorization != "Bearer " + name) continue;
      auto principal = std::make_shared<Principal>();
      principal->name = name;
      principal->read = name != "writer";
      principal->write = name != "reader";
      principal->every_namespace = false;
      principal->namespaces = {"acme"};
      return principal;
    }
    return fail(Code::kUnauthenticated, "send a key");
  }
};

class Silent final : public RequestObserver {
 public:
  void done(const RequestDone&) override {}
};

// Of service.proto, by its name alone.
inline const google::protobuf::MethodDescriptor& rpc(const std::string& name) {
  for (const std::string service : {"mnemo.v1.MemoryService", "mnemo.v1.AdminService"}) {
    const google::protobuf::ServiceDescriptor* const found =
        v1::RememberRequest::descriptor()->file()->pool()->FindServiceByName(service);
    if (const google::protobuf::MethodDescriptor* const method = found->FindMethodByName(name)) return *method;
  }
  ADD_FAILURE() << name;
  std::abort();
}

inline std::vector<std::string> all_rpcs() {
  std::vector<std::string> names;
  const auto& file = *v1::RememberRequest::descriptor()->file();
  for (int s = 0; s < file.service_count(); ++s) {
    for (int m = 0; m < file.service(s)->method_count(); ++m) names.push_back(file.service(s)->method(m)->name());
  }
  return names;
}

inline const std::vector<std::string> kServed = {
    "Remember",   "RememberBatch", "GetMemory",      "UpdateMemory",   "ForgetMemory", "ForgetByFilter",
    "GetHistory", "LinkMemories",  "UnlinkMemories", "ListMemories",   "ListAgents",   "ExportMemories",
    "Retrieve",   "GetStatus",     "GetDigests",     "ListOperations", "GetOperation", "SetPolicy",
    "GetPolicy",  "GetRules",      "ActivateRules"};

// The request of an rpc, as text of protobuf's.
inline std::string request(const std::string& name, const std::string& text) {
  const google::protobuf::Descriptor* const type = rpc(name).input_type();
  const std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, message.get())) << name << ": " << text;
  return message->SerializeAsString();
}

inline std::string repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

// A request with one field more.
inline const std::string kScope = "namespace: 'acme' agent_id: 'nina' ";
inline std::string in_scope(const std::string& fields) { return kScope + fields; }
inline std::string with_text(const std::string& fields) {
  return "memory { " + kScope + "text: 'tea' " + fields + " }";
}
inline std::string condition(const std::string& fields) { return in_scope("filter { condition { " + fields + " } }"); }

struct Bad {
  std::string rpc;
  std::string text;  // of the request
  std::string told;  // a part of the message
  grpc::StatusCode code = grpc::INVALID_ARGUMENT;
};

class GrpcBadRequests : public ServiceTest {
 protected:
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override {
    start();
    remember_now(memory("a memory that is there"));
    auto started = GrpcServer::start({.address = "127.0.0.1:0"}, *service_, keys_, observer_, monotonic_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
    ends_ = ends();
  }
  // However it was refused, nothing was written.
  void TearDown() override {
    EXPECT_EQ(ends(), ends_);
    server_.reset();
  }

  std::vector<uint64_t> ends() const {
    std::vector<uint64_t> all;
    for (uint32_t p = 0; p < node_->partitions(); ++p) all.push_back(log_.end(PartitionId(p)).value());
    return all;
  }

  grpc::Status send(const std::string& name, const std::string& bytes, const Metadata& metadata = {kGood}) {
    grpc::ClientContext context;
    for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer sent(&slice, 1);
    grpc::ByteBuffer answer;
    std::promise<grpc::Status> done;
    const std::string path = "/" + rpc(name).service()->full_name() + "/" + name;
    grpc::GenericStub(channel_).UnaryCall(&context, path, grpc::StubOptions(), &sent, &answer,
                                          [&done](grpc::Status status) { done.set_value(std::move(status)); });
    return done.get_future().get();
  }

  void expect_refused(const std::string& what, const grpc::Status& status, grpc::StatusCode code,
                      const std::string& told) {
    const std::string named = what.substr(0, 200);
    EXPECT_EQ(status.error_code(), code) << named << ": " << status.error_message();
    EXPECT_THAT(status.error_message(), ::testing::HasSubstr(told)) << named;
    EXPECT_LT(status.error_message().size(), 700U) << named;
  }
  void expect_all_refused(const std::vector<Bad>& table) {
    for (const Bad& bad : table) {
      expect_refused(bad.rpc + " " + bad.text, send(bad.rpc, request(bad.rpc, bad.text)), bad.code, bad.told);
    }
  }

  static inline const std::pair<std::string, std::string> kGood{"authorization", "Bearer good"};
  Keys keys_;
  Silent observer_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<uint64_t> ends_;
};

}  // namespace mnemo::service_test
