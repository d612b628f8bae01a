// How a server starts, over TLS too, and what it tells of itself.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/server/grpc_world.h"
#include "tests/server/tls_certificate.h"

namespace mnemo {
namespace {

using ::testing::AllOf;
using testing::GrpcWorld;
using ::testing::HasSubstr;

// Why a server with these options does not start.
Error not_started(const GrpcOptions& options) {
  testing::RecordingService service;
  testing::RecordingObserver observer;
  const NoAuthentication no_authentication;
  const ManualMonotonicClock clock;
  const auto server = GrpcServer::start(options, service, no_authentication, observer, clock);
  EXPECT_FALSE(server.has_value());
  return server ? Error{} : server.error();
}

TEST(GrpcStart, APortThatIsTakenIsNamedAlsoWhereAnotherGrpcServerHasIt) {
  const GrpcWorld world;
  const Error error = not_started({.address = world.address()});
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_THAT(error.message, AllOf(HasSubstr(world.address()), HasSubstr("in use"), HasSubstr("another port")));
}

TEST(GrpcStart, AnAddressOfAnotherMachineIsNamed) {
  const Error error = not_started({.address = "192.0.2.1:0"});
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_THAT(error.message, AllOf(HasSubstr("192.0.2.1:0"), HasSubstr("address of this machine")));
}

TEST(GrpcStart, WhatIsNoAddressIsRefused) {
  for (const char* address : {"", "127.0.0.1", ":7071", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:http", "::1:7071",
                              "unix:/tmp/socket", "[127.0.0.1]:0", "127.0.0.1:-1"}) {
    const Error error = not_started({.address = address});
    EXPECT_EQ(error.code, Code::kInvalidArgument) << address;
    EXPECT_THAT(error.message, HasSubstr("HOST:PORT")) << address;
  }
}

class GrpcTls : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/mnemo-tls-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    dir_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::filesystem::path file(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name) << text;
    return dir_ / name;
  }
  GrpcOptions with(const std::filesystem::path& certificate, const std::filesystem::path& key) {
    return {.address = "127.0.0.1:0", .tls = TlsFiles{certificate, key}};
  }

  std::filesystem::path dir_;
  testing::TlsPair pair_ = testing::make_tls_pair();
};

TEST_F(GrpcTls, AClientThatTrustsTheCertificateIsServedAndOneInPlainTextIsNot) {
  GrpcWorld world(nullptr, with(file("cert", pair_.certificate), file("key", pair_.key)));
  EXPECT_EQ(world.remember().error_code(), grpc::UNAVAILABLE);
  grpc::SslCredentialsOptions trusting;
  trusting.pem_root_certs = pair_.certificate;
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  world.connect(grpc::SslCredentials(trusting), arguments);
  EXPECT_TRUE(world.remember().ok());
  trusting.pem_root_certs = testing::make_tls_pair().certificate;
  world.connect(grpc::SslCredentials(trusting), arguments);
  EXPECT_EQ(world.remember().error_code(), grpc::UNAVAILABLE);
}

TEST_F(GrpcTls, FilesThatCannotServeItAreNamed) {
  const auto certificate = file("cert", pair_.certificate);
  const auto key = file("key", pair_.key);
  const auto other_key = file("other", testing::make_tls_pair().key);
  Error error = not_started(with(dir_ / "absent", key));
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("absent"));
  error = not_started(with(certificate, file("text", "tea")));
  EXPECT_EQ(error.code, Code::kInvalidArgument);
  EXPECT_THAT(error.message, AllOf(HasSubstr("text"), HasSubstr("PEM")));
  const auto pipe = dir_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), S_IRUSR | S_IWUSR), 0);
  for (const auto& no_file : {pipe, dir_}) {
    for (const GrpcOptions& options : {with(no_file, key), with(certificate, no_file)}) {
      error = not_started(options);
      EXPECT_EQ(error.code, Code::kInvalidArgument);
      EXPECT_THAT(error.message, AllOf(HasSubstr(no_file.string()), HasSubstr("no regular file")));
    }
  }
  for (const GrpcOptions& options : {with(certificate, other_key), with(key, certificate)}) {
    error = not_started(options);
    EXPECT_EQ(error.code, Code::kInvalidArgument);
    EXPECT_THAT(error.message, AllOf(HasSubstr(options.tls->certificate.string()), HasSubstr("private key")));
  }
}

// What reflection answers to a request of its own.
std::string reflected(GrpcWorld& world, const std::string& request) {
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto next = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::GenericStub stub(world.channel);
  auto stream = stub.PrepareCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  stream->StartCall(nullptr);
  EXPECT_TRUE(next());
  const grpc::Slice bytes(request);
  stream->WriteLast(grpc::ByteBuffer(&bytes, 1), {}, nullptr);
  EXPECT_TRUE(next());
  grpc::ByteBuffer response;
  stream->Read(&response, nullptr);
  EXPECT_TRUE(next());
  grpc::Slice whole;
  EXPECT_TRUE(response.DumpToSingleSlice(&whole).ok());
  grpc::Status status;
  stream->Finish(&status, nullptr);
  EXPECT_TRUE(next());
  EXPECT_TRUE(status.ok());
  return {reinterpret_cast<const char*>(whole.begin()), whole.size()};
}

TEST(GrpcReflection, ListsTheServices) {
  GrpcWorld world;
  EXPECT_THAT(reflected(world, std::string("\x3a\x00", 2)),  // field 7, empty
              AllOf(HasSubstr("mnemo.v1.MemoryService"), HasSubstr("mnemo.v1.AdminService"),
                    HasSubstr("grpc.health.v1.Health")));
}

TEST(GrpcReflection, DescribesEachServiceThatItLists) {
  GrpcWorld world;
  for (const std::string& name : std::vector<std::string>{"mnemo.v1.MemoryService", "grpc.health.v1.Health",
                                                          "grpc.reflection.v1alpha.ServerReflection"}) {
    // Field 4: the file that has the symbol.
    const std::string answer = reflected(world, "\x22" + std::string(1, static_cast<char>(name.size())) + name);
    EXPECT_THAT(answer, HasSubstr(".proto")) << name;
    EXPECT_THAT(answer, ::testing::Not(HasSubstr("not found"))) << name;
  }
}

// "serving", "not serving", or gRPC's error, of a service's name.
std::string health(GrpcWorld& world, const std::string& service) {
  const std::string request =
      service.empty() ? "" : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  std::string answer;
  const grpc::Status status = world.send("/grpc.health.v1.Health/Check", request, &answer);
  if (!status.ok()) return std::to_string(status.error_code());
  return answer == "\x08\x01" ? "serving" : "not serving";
}

TEST(GrpcHealth, TellsWhetherTheServiceIsReady) {
  GrpcWorld world;
  for (const char* name : {"", "read", "write", "mnemo.v1.MemoryService", "mnemo.v1.AdminService"}) {
    EXPECT_EQ(health(world, name), "serving") << name;
  }
  EXPECT_EQ(health(world, "tea"), std::to_string(grpc::NOT_FOUND));
  world.service.be_ready({}, fail(Code::kUnavailable, "the log is out of reach"));
  world.server->refresh_health();
  EXPECT_EQ(health(world, "read"), "serving");
  for (const char* name : {"", "write", "mnemo.v1.MemoryService"})
    EXPECT_EQ(health(world, name), "not serving") << name;
  world.service.be_ready({}, {});
  world.server->refresh_health();
  EXPECT_EQ(health(world, ""), "serving");
}

}  // namespace
}  // namespace mnemo
