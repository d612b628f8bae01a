// How a whole server stops, with clients at both of its doors and a log that takes its time.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "events/log_embedded_hooks.h"
#include "mnemo/v1/service.grpc.pb.h"
#include "server/running_server.h"
#include "tests/log/log_testing.h"
#include "tests/server/http_client.h"

namespace mnemo {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// What no write of the log gets past while it is closed: none is acknowledged.
class LogGate {
 public:
  std::shared_ptr<const EmbeddedLogHooks> hooks() {
    auto hooks = std::make_shared<EmbeddedLogHooks>();
    hooks->before_mark_sync = [this]() -> Status {
      MutexLock lock(mutex_);
      while (!open_) changed_.wait(lock);
      return {};
    };
    return hooks;
  }
  void close() { set(false); }
  void open() { set(true); }

 private:
  void set(bool open) {
    const MutexLock lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  Mutex mutex_;
  Condition changed_;
  bool open_ MNEMO_GUARDED_BY(mutex_) = true;
};

uint16_t port_of(const std::string& address) {
  return static_cast<uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

bool connects(uint16_t port) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  boost::system::error_code error;
  socket.connect({boost::asio::ip::make_address("127.0.0.1"), port}, error);
  return !error.failed();
}

MonotonicTime steady_now() { return MonotonicTime::clock::now(); }

template <typename Condition>
bool within(MonotonicSpan time, Condition condition) {
  const MonotonicTime until = steady_now() + time;
  while (!condition()) {
    if (steady_now() > until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

struct GrpcWrite {
  grpc::Status status;
  v1::RememberResponse response;
};

class RunningServerStop : public ::testing::Test {
 protected:
  void SetUp() override { start(); }

  void start() {
    CommonOptions common;
    common.data = (dir_.path() / "data").string();
    common.partitions = 1;
    common.memory_bytes = 64 << 20;
    ServeOptions options;
    options.http = options.grpc = "127.0.0.1:0";
    auto started = RunningServer::start(common, options, "test", gate_.hooks());
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
    http_port_ = port_of(server_->http_address());
    grpc_port_ = port_of(server_->grpc_address());
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto channel = grpc::CreateCustomChannel(server_->grpc_address(), grpc::InsecureChannelCredentials(), own);
    grpc_ = v1::MemoryService::NewStub(channel);
    await([&] { return TestClient(http_port_).ask(get("/readyz")).result_int() == 200; });
  }

  GrpcWrite write_grpc(const std::string& text) {
    GrpcWrite write;
    v1::RememberRequest request;
    request.mutable_memory()->set_namespace_("stop");
    request.mutable_memory()->set_agent_id("nina");
    request.mutable_memory()->set_text(text);
    grpc::ClientContext context;
    write.status = grpc_->Remember(&context, request, &write.response);
    return write;
  }
  static std::string write_http(const std::string& text) {
    return post(R"({"namespace":"stop","agent_id":"nina","text":")" + text + "\"}",
                "Content-Type: application/json\r\n");
  }
  // Writes at both doors, which wait for the log.
  void begin_writes() {
    gate_.close();
    http_ = std::make_unique<TestClient>(http_port_);
    http_->send(write_http("oolong"));
    grpc_write_ = std::async(std::launch::async, [this] { return write_grpc("sencha"); });
    await([&] {
      const std::string metrics = TestClient(http_port_).ask(get("/metrics")).body();
      return metrics.find("mnemo_scheduler_in_flight_tasks 2\n") != std::string::npos;
    });
  }
  std::string texts() { return TestClient(http_port_).ask(get("/v1/memories?namespace=stop&agent_id=nina")).body(); }

  TempDir dir_;
  LogGate gate_;
  std::unique_ptr<RunningServer> server_;
  uint16_t http_port_ = 0;
  uint16_t grpc_port_ = 0;
  std::unique_ptr<v1::MemoryService::Stub> grpc_;
  std::unique_ptr<TestClient> http_;
  std::future<GrpcWrite> grpc_write_;
};

// The doors first: what is drained behind them would not become less otherwise.
TEST_F(RunningServerStop, BothDoorsRefuseWhatIsNewAndThenAnswerWhatIsUnderWay) {
  begin_writes();
  const MonotonicTime deadline = steady_now() + 30s;
  auto stopped = std::async(std::launch::async, [&] { return server_->stop(deadline); });
  EXPECT_TRUE(within(10s, [&] { return !connects(http_port_) && !connects(grpc_port_); }));
  const GrpcWrite refused = write_grpc("assam");
  EXPECT_EQ(refused.status.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("stopping"));
  EXPECT_EQ(stopped.wait_for(0s), std::future_status::timeout);
  EXPECT_EQ(grpc_write_.wait_for(0s), std::future_status::timeout);

  gate_.open();
  const GrpcWrite answered = grpc_write_.get();
  EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
  EXPECT_FALSE(answered.response.pending());
  EXPECT_EQ(http_->receive().result_int(), 201U);
  const Status status = stopped.get();
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_LT(steady_now(), deadline - 10s);

  server_.reset();
  start();
  EXPECT_THAT(texts(), ::testing::AllOf(HasSubstr("oolong"), HasSubstr("sencha"), Not(HasSubstr("assam"))));
}

TEST_F(RunningServerStop, WhatDoesNotEndInTimeIsToldSoAtBothDoorsBeforeTheyClose) {
  begin_writes();
  const MonotonicTime deadline = steady_now() + 2s;
  auto stopped = std::async(std::launch::async, [&] { return server_->stop(deadline); });
  const GrpcWrite told = grpc_write_.get();
  const ClientResponse also = http_->receive();
  EXPECT_LT(steady_now(), deadline);
  EXPECT_EQ(told.status.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(told.status.error_message(), HasSubstr("may be yet: ask again with the same key"));
  EXPECT_EQ(also.result_int(), 503U);
  gate_.open();  // the log itself ends what it has begun, however long that takes
  EXPECT_TRUE(stopped.get());
}

TEST_F(RunningServerStop, MetricsTellOfTheTransportToo) {
  TestClient client(http_port_);
  // Those that asked before it may not all be seen to have gone.
  await([&] { return client.ask(get("/metrics")).body().find("\nmnemo_http_connections 1\n") != std::string::npos; });
  EXPECT_THAT(client.ask(get("/metrics")).body(), HasSubstr("mnemo_http_connections_accepted_total"));
}

TEST_F(RunningServerStop, TakesNoTimeWhereNothingIsUnderWay) {
  EXPECT_TRUE(write_grpc("oolong").status.ok());
  EXPECT_EQ(TestClient(http_port_).ask(write_http("sencha")).result_int(), 201U);
  const MonotonicTime began = steady_now();
  EXPECT_TRUE(server_->stop(began + 1h));
  EXPECT_LT(steady_now() - began, 5s);
  EXPECT_FALSE(connects(http_port_));
  EXPECT_FALSE(connects(grpc_port_));
}

}  // namespace
}  // namespace mnemo
