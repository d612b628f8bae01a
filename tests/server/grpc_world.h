// File: tests/server/grpc_world.h
// A gRPC server on a free port of the loopback over a RecordingService, and clients of it.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "mnemo/v1/service.grpc.pb.h"
#include "server/grpc/grpc_server.h"
#include "tests/server/recording_service.h"

namespace mnemo::testing {

struct GrpcWorld {
  ManualMonotonicClock clock;
  RecordingService service;
  RecordingObserver observer;
  NoAuthentication no_authentication;
  std::unique_ptr<GrpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::MemoryService::Stub> memories;
  std::unique_ptr<v1::AdminService::Stub> admin;

  GrpcWorld() : GrpcWorld(nullptr) {}
  explicit GrpcWorld(const Authenticator* authenticator, GrpcOptions options = {.address = "127.0.0.1:0"}) {
    auto started =
        GrpcServer::start(options, service, authenticator ? *authenticator : no_authentication, observer, clock);
    EXPECT_TRUE(started.has_value()) << started.error().message;
    server = std::move(*started);
    connect(grpc::InsecureChannelCredentials(), {});
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(server->port()); }

  void connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials, grpc::ChannelArguments arguments) {
    arguments.SetMaxReceiveMessageSize(-1);
    // A channel of its own, rather than the connection of another test's to the same port.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel = grpc::CreateCustomChannel(address(), credentials, arguments);
    memories = v1::MemoryService::NewStub(channel);
    admin = v1::AdminService::NewStub(channel);
  }

  // Bytes to a path, and the bytes of the answer.
  grpc::Status send(const std::string& path, const std::string& bytes, std::string* answer = nullptr) {
    grpc::ClientContext context;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    grpc::GenericStub(channel).UnaryCall(&context, path, grpc::StubOptions(), &request, &response,
                                         [&](grpc::Status status) { done.set_value(std::move(status)); });
    grpc::Status status = done.get_future().get();
    grpc::Slice whole;
    if (answer != nullptr && status.ok() && response.DumpToSingleSlice(&whole).ok()) {
      answer->assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
    }
    return status;
  }

  grpc::Status remember(const v1::RememberRequest& request = {}) {
    grpc::ClientContext context;
    v1::RememberResponse response;
    return memories->Remember(&context, request, &response);
  }
};

}  // namespace mnemo::testing
