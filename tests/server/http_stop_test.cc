#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "server/http/http_server.h"
#include "tests/server/http_client.h"

namespace mnemo {
namespace {

using ::testing::HasSubstr;

MonotonicTime far() { return MonotonicTime::clock::now() + std::chrono::minutes(5); }

TEST(HttpStop, ARequestUnderWayIsAnsweredAndIdleConnectionsAreClosed) {
  HeldRequests held;
  const auto server = serve(held.handler());
  TestClient idle(server->port());
  TestClient busy(server->port());
  busy.send(get("/"));
  const auto [request, respond] = held.next();
  await([&] { return server->counters().connections == 2; });

  auto stopped = std::async(std::launch::async, [&] { return server->stop(far()); });
  EXPECT_TRUE(idle.closed());
  respond({200, "text/plain", {}, "in time"});
  const ClientResponse response = busy.receive();
  EXPECT_EQ(response.body(), "in time");
  EXPECT_EQ(response["Connection"], "close");
  EXPECT_TRUE(busy.closed());
  EXPECT_TRUE(stopped.get());
  EXPECT_EQ(server->counters().connections, 0U);
}

TEST(HttpStop, ARequestOfWhichAPartIsHereIsReadAndAnswered) {
  const auto server = serve(echo);
  TestClient client(server->port());
  const std::string request = post("body");
  client.send(request.substr(0, 20));
  await([&] { return server->counters().received_bytes == 20; });
  auto stopped = std::async(std::launch::async, [&] { return server->stop(far()); });
  // Refused from when it stops on.
  boost::system::error_code error;
  await([&] {
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket(io);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), server->port()}, error);
    return error.failed();
  });
  EXPECT_EQ(error, boost::asio::error::connection_refused);
  EXPECT_EQ(client.ask(request.substr(20)).body(), "POST /v1/memories body");
  EXPECT_TRUE(stopped.get());
}

TEST(HttpStop, ARequestThatDoesNotComeHoldsItUpForAMomentOnly) {
  HttpServerOptions options;
  options.request_max = std::chrono::hours(1);
  const auto server = serve(echo, options);
  TestClient client(server->port());
  client.send(post("body").substr(0, 20));
  await([&] { return server->counters().received_bytes == 20; });
  EXPECT_TRUE(server->stop(far()));
  EXPECT_EQ(client.receive().result_int(), 408U);
}

TEST(HttpStop, WhatWasPipelinedIsNotBegun) {
  HeldRequests held;
  const auto server = serve(held.handler());
  TestClient idle(server->port());
  TestClient client(server->port());
  client.send(get("/1") + get("/2"));
  const auto [request, respond] = held.next();
  auto stopped = std::async(std::launch::async, [&] { return server->stop(far()); });
  EXPECT_TRUE(idle.closed());
  respond({200, "text/plain", {}, "first"});
  EXPECT_EQ(client.receive().body(), "first");
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(stopped.get());
  EXPECT_EQ(server->counters().requests, 1U);
}

TEST(HttpStop, AtTheDeadlineRequestsAreCutOff) {
  HeldRequests held;
  const auto server = serve(held.handler());
  TestClient client(server->port());
  client.send(get("/"));
  const auto [request, respond] = held.next();
  const Status stopped = server->stop(MonotonicTime::clock::now());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::kDeadlineExceeded);
  EXPECT_THAT(stopped.error().message, HasSubstr("1 "));
  EXPECT_TRUE(client.closed());
  respond({200, "text/plain", {}, "too late"});
  EXPECT_TRUE(server->stop(far())) << "a second time there is nothing to do";
}

TEST(HttpStop, ItHoldsWhateverIsUnderWay) {
  for (int round = 0; round < 20; ++round) {
    const auto server = serve(echo);
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([port = server->port()] {
        TestClient client(port);
        while (client.ask(post("body")).result_int() == 200) {
        }
      });
    }
    await([&] { return server->counters().requests > 20 && server->counters().accepted == 4; });
    EXPECT_TRUE(server->stop(far()));
    for (std::thread& client : clients) client.join();
  }
}

}  // namespace
}  // namespace mnemo
