#include "server/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/http_client.h"

namespace mnemo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(HttpServer, AHandlerSeesTheRequestAndItsAnswerIsSent) {
  HeldRequests held;
  const auto server = serve(held.handler());
  TestClient client(server->port());
  client.send(
      "PATCH /v1/memories/a%2Fb?tag=x&tag=y+z%21&empty HTTP/1.1\r\nHost: localhost\r\nX-One: 1\r\n"
      "Content-Length: 4\r\n\r\nbody");
  const auto [request, respond] = held.next();
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.path, "/v1/memories/a%2Fb");
  EXPECT_THAT(request.query, ElementsAre(Pair("tag", "x"), Pair("tag", "y z!"), Pair("empty", "")));
  EXPECT_EQ(request.header("x-one"), "1");
  EXPECT_EQ(request.body, "body");
  EXPECT_EQ(request.remote, "127.0.0.1");

  std::thread([&] { respond({201, "application/json", {{"X-Two", "2"}}, "{}"}); }).join();
  const ClientResponse response = client.receive();
  EXPECT_EQ(response.result_int(), 201U);
  EXPECT_EQ(response["Content-Type"], "application/json");
  EXPECT_EQ(response["X-Two"], "2");
  EXPECT_NE(response["Date"], "");
  EXPECT_EQ(response.body(), "{}");
}

TEST(HttpServer, AConnectionServesOneRequestAfterAnother) {
  const auto server = serve(echo);
  TestClient client(server->port());
  for (int i = 0; i < 100; ++i) {
    const std::string body(static_cast<size_t>(i) * 1000, 'x');
    ASSERT_EQ(client.ask(post(body)).body(), "POST /v1/memories " + body);
  }
  const HttpCounters counters = server->counters();
  EXPECT_EQ(counters.requests, 100U);
  EXPECT_EQ(counters.accepted, 1U);
  EXPECT_GT(counters.received_bytes, 4'950'000U);
}

TEST(HttpServer, PipelinedRequestsAreTakenOneAtATime) {
  HeldRequests held;
  const auto server = serve(held.handler());
  TestClient client(server->port());
  client.send(post("one") + get("/two") + post("three"));
  for (const std::string body : {"one", "", "three"}) {
    const auto [request, respond] = held.next();
    EXPECT_EQ(request.body, body);
    const uint64_t taken = server->counters().requests;
    respond({200, "text/plain", {}, "answer " + body});
    EXPECT_EQ(client.receive().body(), "answer " + body);
    EXPECT_EQ(taken, body == "one" ? 1U : body.empty() ? 2U : 3U);
  }
}

TEST(HttpServer, ARequestMayComeByteByByte) {
  const auto server = serve(echo);
  TestClient client(server->port());
  for (const char byte : post("slowly") + post("and again")) client.send({&byte, 1});
  EXPECT_EQ(client.receive().body(), "POST /v1/memories slowly");
  EXPECT_EQ(client.receive().body(), "POST /v1/memories and again");
}

TEST(HttpServer, AResponderThatIsDroppedAnswers500) {
  const auto server = serve([](const HttpRequest&, const HttpResponder&) {});
  TestClient client(server->port());
  const ClientResponse response = client.ask(get("/"));
  EXPECT_EQ(response.result_int(), 500U);
  EXPECT_THAT(response.body(), HasSubstr(R"("code":"INTERNAL")"));
  EXPECT_EQ(client.ask(get("/")).result_int(), 500U) << "the connection goes on";
}

TEST(HttpServer, AResponderMayBeCalledWhenTheServerIsGone) {
  HeldRequests held;
  auto server = serve(held.handler());
  TestClient client(server->port());
  client.send(get("/"));
  const auto [request, respond] = held.next();
  server.reset();
  respond({200, "text/plain", {}, "too late"});
  EXPECT_TRUE(client.closed());
}

TEST(HttpServer, AHeadIsAnsweredAsAGetWithoutTheBody) {
  const auto server = serve(echo);
  TestClient client(server->port());
  client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.receive(true)["Content-Length"], "7");
  EXPECT_EQ(client.ask(get("/y")).body(), "GET /y ") << "the connection goes on";
}

TEST(HttpServer, AClientThatExpectsToBeToldToGoOnIsTold) {
  const auto server = serve(echo);
  TestClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().result_int(), 100U);
  EXPECT_EQ(client.ask("body").body(), "POST / body");
}

TEST(HttpServer, ABodyInChunksIsPutTogether) {
  const auto server = serve(echo);
  TestClient client(server->port());
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\nfour\r\n5;name=value\r\n five\r\n0\r\nTrailer: t\r\n\r\n";
  EXPECT_EQ(client.ask(chunked).body(), "POST / four five");
  EXPECT_EQ(client.ask(chunked).body(), "POST / four five");
}

TEST(HttpServer, AConnectionIsClosedForWhomWantsItSo) {
  const auto server = serve(echo);
  for (const std::string request : {"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n",
                                    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"}) {
    TestClient client(server->port());
    EXPECT_EQ(client.ask(request).body(), "GET / ");
    EXPECT_TRUE(client.closed());
  }
}

TEST(HttpServer, ATargetMayBeAWholeUrlWhoseHostCounts) {
  const auto server = serve(echo);
  EXPECT_EQ(TestClient(server->port()).ask(get("http://localhost:7070/a?b=c")).body(), "GET /a ");
  EXPECT_EQ(TestClient(server->port()).ask(get("http://localhost?b=c")).body(), "GET / ");
  EXPECT_EQ(TestClient(server->port()).ask(get("http://evil.example/a")).result_int(), 403U);
}

struct BadRequest {
  std::string bytes;
  unsigned status;
};

TEST(HttpServer, WhatIsNoRequestIsRefusedAndTheConnectionClosed) {
  const auto server = serve(echo);
  const BadRequest requests[] = {
      {"\x16\x03\x01\x02 hello\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\n\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {get("/", "Host: localhost\r\n"), 400},
      {get("/?a=%4"), 400},
      {get("/", "Content-Length: -1\r\n"), 400},
      {get("/", "Content-Length: 18446744073709551616\r\n"), 400},
      {get("/", "Content-Length: 1\r\nContent-Length: 2\r\n"), 400},
      {get("/", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400},
      {get("/", "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 400},
      {get("/", "Content-Length: 1\r\nContent-Length: 1\r\n") + "x", 400},
      {get("/", "Content-Length: 1, 1\r\n") + "x", 400},
      {get("/", "Transfer-Encoding: gzip\r\n"), 400},
      {get("/", "Transfer-Encoding: identity\r\n"), 400},
      {get("/", "Transfer-Encoding: chunked, gzip\r\n") + "0\r\n\r\n", 400},
      {get("/", "Transfer-Encoding: chunked, chunked\r\n") + "0\r\n\r\n", 400},
      {get("/", "Transfer-Encoding:\r\n"), 400},
      {get("/", "Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n", 501},
      {get("/", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 501},
      {get("/", "Transfer-Encoding: chunked;q=1\r\n") + "0\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {post("x", "Content-Encoding: gzip\r\n"), 415},
      {post("x", "Content-Encoding: identity, gzip\r\n"), 415},
      {post("x", "Content-Encoding: identity\r\nContent-Encoding: br\r\n"), 415},
      {post("x", "Content-Type: application/json\r\ncontent-type: text/plain\r\n"), 400},
      {post("x", "Content-Type: application/json\r\nContent-Type: application/json\r\n"), 400},
      {post("x", "traceparent: a\r\ntraceparent: b\r\n"), 400},
      {get("/", "X-One: a\r\n b\r\n"), 400},
      {get("/", "X-One: a\r\n\tb\r\n"), 400},
      {"GET / HTTP/1.1\r\nHost: localhost\r\n .evil.example\r\n\r\n", 400},
      {get("/", "X-One:\r\n \r\n"), 400},
      {get("/", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400},
      {get("/", "Idempotency-Key: a\r\nidempotency-key: b\r\n"), 400},
      {get("/", "Transfer-Encoding: chunked\r\n") + "x\r\n", 400},
      {get("/", "Transfer-Encoding: chunked\r\n") + "ffffffffffffffffff\r\n", 400},
  };
  for (const BadRequest& request : requests) {
    TestClient client(server->port());
    const ClientResponse response = client.ask(request.bytes);
    EXPECT_EQ(response.result_int(), request.status) << request.bytes;
    EXPECT_THAT(response.body(), HasSubstr(R"({"error":{"code":)")) << request.bytes;
    EXPECT_EQ(response["Connection"], "close") << request.bytes;
    EXPECT_TRUE(client.closed()) << request.bytes;
  }
  EXPECT_EQ(server->counters().refused, std::size(requests));
  EXPECT_EQ(server->counters().requests, 0U);
}

TEST(HttpServer, AFoldedHeaderIsRefusedHoweverItComes) {
  const auto server = serve(echo);
  TestClient client(server->port());
  for (const char byte : get("/", "X-One: a\r\n b\r\n")) client.send({&byte, 1});
  EXPECT_EQ(client.receive().result_int(), 400U);
}

TEST(HttpServer, CodingsThatChangeNothingAreTaken) {
  const auto server = serve(echo);
  for (const std::string headers : {"Content-Encoding: identity\r\n", "content-encoding: IDENTITY\r\n"}) {
    EXPECT_EQ(TestClient(server->port()).ask(post("body", headers)).body(), "POST /v1/memories body");
  }
  EXPECT_EQ(TestClient(server->port()).ask(get("/", "Transfer-Encoding: CHUNKED\r\n") + "0\r\n\r\n").body(), "GET / ");
}

TEST(HttpServer, WhoSendsACodingIsToldWhichOnesAreTaken) {
  const auto server = serve(echo);
  const ClientResponse response = TestClient(server->port()).ask(post("x", "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(response["Accept-Encoding"], "identity");
  EXPECT_THAT(response.body(), HasSubstr("Content-Encoding"));
}

TEST(HttpServer, HalfARequestIsForgottenWithItsConnection) {
  const auto server = serve(echo);
  for (const std::string& request : {get("/").substr(0, 10), post("body").substr(0, post("body").size() - 1)}) {
    TestClient(server->port()).send(request);
  }
  await([&] { return server->counters().accepted == 2 && server->counters().connections == 0; });
  EXPECT_EQ(server->counters().requests, 0U);
  EXPECT_EQ(server->counters().body_bytes, 0U);
}

TEST(HttpServer, APortThatIsInUseIsNamed) {
  const auto server = serve(echo);
  HttpServerOptions options;
  options.port = server->port();
  const auto second = HttpServer::start(options, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("port " + std::to_string(options.port) + " of 127.0.0.1 is in use"));
  EXPECT_THAT(second.error().message, HasSubstr("--http"));
}

TEST(HttpServer, WhoConnectsBeforeItServesIsAnsweredThen) {
  const auto server = HttpServer::listen({});
  ASSERT_TRUE(server) << server.error().message;
  HttpServerOptions taken;
  taken.port = (*server)->port();
  EXPECT_FALSE(HttpServer::listen(taken)) << "the port is taken from then on";
  TestClient early((*server)->port());
  early.send("GET /early HTTP/1.1\r\nHost: localhost\r\n\r\n");
  (*server)->serve(echo);
  EXPECT_EQ(early.receive().body(), "GET /early ");
}

TEST(HttpServer, AnAddressThatIsNotOfThisMachineIsRefused) {
  HttpServerOptions options;
  for (const char* host : {"localhost", "", "192.0.2.1"}) {
    options.host = host;
    const auto server = HttpServer::start(options, echo);
    ASSERT_FALSE(server) << host;
    EXPECT_EQ(server.error().code, Code::kInvalidArgument);
  }
}

TEST(HttpServer, ItListensOnIpv6) {
  HttpServerOptions options;
  options.host = "::1";
  const auto server = HttpServer::start(options, echo);
  if (!server) GTEST_SKIP() << "this machine has no IPv6: " << server.error().message;
  TestClient client((*server)->port(), "::1");
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: [::1]:7070\r\n\r\n").body(), "GET / ");
}

}  // namespace
}  // namespace mnemo
