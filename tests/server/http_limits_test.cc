// Each limit of the transport, at it and one past it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <iterator>
#include <vector>

#include "server/http/http_server.h"
#include "tests/sanitizers.h"
#include "tests/server/http_client.h"

namespace mnemo {
namespace {

using ::testing::HasSubstr;

std::string chunked(const std::string& body) {
  std::string out = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char byte : body) out += std::string("1\r\n") + byte + "\r\n";
  return out + "0\r\n\r\n";
}

TEST(HttpLimits, ABodyOfTheLimitIsTakenAndOneByteMoreIsNot) {
  HttpServerOptions options;
  options.body_bytes_max = 1000;
  const auto server = serve(echo, options);
  const std::string most(1000, 'x');
  EXPECT_EQ(TestClient(server->port()).ask(post(most)).result_int(), 200U);
  EXPECT_EQ(TestClient(server->port()).ask(chunked(most)).result_int(), 200U);
  for (const std::string& request : {post(most + "x"), chunked(most + "x")}) {
    TestClient client(server->port());
    const ClientResponse response = client.ask(request);
    EXPECT_EQ(response.result_int(), 413U);
    EXPECT_THAT(response.body(), HasSubstr("1000 bytes"));
    EXPECT_TRUE(client.closed());
  }
}

TEST(HttpLimits, AnAnswerOfTheLimitIsSentAndALargerOneIsNot) {
  HttpServerOptions options;
  options.all_answers_bytes_max = 1000;
  const auto server = serve(
      [](const HttpRequest& request, const HttpResponder& respond) {
        respond({200, "text/plain", {}, std::string(std::stoul(request.body), 'x')});
      },
      options);
  EXPECT_EQ(TestClient(server->port()).ask(post("1000")).body().size(), 1000U);
  const ClientResponse refused = TestClient(server->port()).ask(post("1001"));
  EXPECT_EQ(refused.result_int(), 429U);
  EXPECT_THAT(refused.body(), HasSubstr("fewer memories"));
  EXPECT_EQ(TestClient(server->port()).ask(post("1000")).result_int(), 200U);
}

TEST(HttpLimits, ATooLargeBodyIsRefusedBeforeItIsSent) {
  const auto server = serve(echo);
  TestClient client(server->port());
  EXPECT_EQ(client.ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777217\r\nExpect: 100-continue\r\n\r\n")
                .result_int(),
            413U);
}

TEST(HttpLimits, ATooLargeBodyIsRefusedWhileItIsSent) {
  const auto server = serve(echo);
  TestClient client(server->port());
  client.send(post(std::string((16 << 20) + 1, 'x')));
  EXPECT_EQ(client.receive().result_int(), 413U);
}

TEST(HttpLimits, AHeadOfTheLimitIsTakenAndOneByteMoreIsNot) {
  const auto server = serve(echo);
  const size_t rest = get("/", "X: \r\n").size();
  const std::string most = get("/", "X: " + std::string((16 << 10) - rest, 'x') + "\r\n");
  EXPECT_EQ(TestClient(server->port()).ask(most).result_int(), 200U);
  const std::string more = get("/", "X: " + std::string((16 << 10) - rest + 1, 'x') + "\r\n");
  EXPECT_EQ(TestClient(server->port()).ask(more).result_int(), 431U);
  EXPECT_EQ(TestClient(server->port()).ask("GET /" + std::string(20'000, 'x')).result_int(), 431U);
}

TEST(HttpLimits, ALineOfAChunkHasNoEndlessExtension) {
  const auto server = serve(echo);
  TestClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(50'000, 'x'));
  EXPECT_EQ(client.receive().result_int(), 431U);
}

TEST(HttpLimits, BodiesOfAllRequestsTogetherHaveALimitThatAnswersGiveBack) {
  HttpServerOptions options;
  options.all_bodies_bytes_max = 100'000;
  HeldRequests held;
  const auto server = serve(held.handler(), options);
  TestClient first(server->port());
  first.send(post(std::string(60'000, 'x')));
  const auto [request, respond] = held.next();
  EXPECT_EQ(server->counters().body_bytes, 60'000U);

  const ClientResponse refused = TestClient(server->port()).ask(post(std::string(40'001, 'x')));
  EXPECT_EQ(refused.result_int(), 503U);
  EXPECT_THAT(refused.body(), HasSubstr(R"("retryable":true)"));
  EXPECT_EQ(refused["Retry-After"], "1");

  respond({});
  first.receive();
  await([&] { return server->counters().body_bytes == 0; });
  TestClient second(server->port());
  second.send(post(std::string(100'000, 'x')));
  held.next().second({});
  EXPECT_EQ(second.receive().result_int(), 200U);
}

TEST(HttpLimits, ALengthThatIsOnlyAnnouncedTakesNoMemory) {
  const auto server = serve(echo);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<TestClient>(server->port()));
    clients.back()->send(std::string() + "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777216\r\n\r\n" +
                         std::string(100, 'x'));
  }
  await([&] { return server->counters().body_bytes >= 20 * 100; });
  EXPECT_EQ(TestClient(server->port()).ask(post(std::string(1 << 20, 'x'))).result_int(), 200U);
}

TEST(HttpLimits, AConnectionTooManyIsToldSoUntilAnotherOneCloses) {
  HttpServerOptions options;
  options.connections_max = 2;
  const auto server = serve(echo, options);
  TestClient first(server->port());
  auto second = std::make_unique<TestClient>(server->port());
  EXPECT_EQ(first.ask(get("/")).result_int(), 200U);
  EXPECT_EQ(second->ask(get("/")).result_int(), 200U);
  {
    TestClient third(server->port());
    const ClientResponse refused = third.ask(get("/"));
    EXPECT_EQ(refused.result_int(), 503U);
    EXPECT_THAT(refused.body(), HasSubstr(R"("retryable":true)"));
    EXPECT_TRUE(third.closed());
  }
  second.reset();
  await([&] { return server->counters().connections == 1; });
  EXPECT_EQ(TestClient(server->port()).ask(get("/")).result_int(), 200U);
}

TEST(HttpLimits, ConnectionsBeyondThoseThatCanBeToldAreClosed) {
  HttpServerOptions options;
  options.connections_max = 1;
  const auto server = serve(echo, options);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 1 + 64; ++i) clients.push_back(std::make_unique<TestClient>(server->port()));
  EXPECT_TRUE(TestClient(server->port()).closed());
  EXPECT_EQ(server->counters().connections, 65U);
}

TEST(HttpLimits, ARequestThatComesTooSlowlyIsToldSo) {
  HttpServerOptions options;
  options.request_max = std::chrono::milliseconds(50);
  const auto server = serve(echo, options);
  const std::string whole = post("body");
  for (const size_t sent : {size_t{1}, size_t{40}, whole.size() - 1}) {
    TestClient client(server->port());
    const ClientResponse response = client.ask(whole.substr(0, sent));
    EXPECT_EQ(response.result_int(), 408U) << sent;
    EXPECT_THAT(response.body(), HasSubstr("DEADLINE_EXCEEDED"));
    EXPECT_TRUE(client.closed());
  }
}

TEST(HttpLimits, TheTimeOfARequestEndsHoweverOftenAByteComes) {
  HttpServerOptions options;
  options.request_max = std::chrono::milliseconds(50);
  const auto server = serve(echo, options);
  TestClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
  // The answer of the server ends this, and a limit on headers would come later.
  std::thread sender([&] {
    for (int i = 0; i < 10'000 && client.send("x"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  EXPECT_EQ(client.receive().result_int(), 408U);
  sender.join();
}

TEST(HttpLimits, AHandlerMayTakeLongerThanAnyTimeOfTheTransport) {
  HttpServerOptions options;
  options.request_max = options.idle_max = options.answer_max = std::chrono::milliseconds(50);
  HeldRequests held;
  const auto server = serve(held.handler(), options);
  TestClient client(server->port());
  client.send(get("/"));
  const auto [request, respond] = held.next();
  // Nothing is waited for: this is the time that must not count, and the 2 s after which a connection is closed that
  // did not end at its time.
  std::this_thread::sleep_for(std::chrono::milliseconds(2200));
  respond({});
  EXPECT_EQ(client.receive().result_int(), 200U);
}

TEST(HttpLimits, AnIdleConnectionIsClosedWithoutAWord) {
  HttpServerOptions options;
  options.idle_max = std::chrono::milliseconds(20);
  const auto server = serve(echo, options);
  TestClient fresh(server->port());
  EXPECT_TRUE(fresh.closed());
}

TEST(HttpLimits, AnAnswerThatNobodyTakesIsGivenUp) {
  HttpServerOptions options;
  options.answer_max = std::chrono::milliseconds(50);
  const auto server =
      serve([](const HttpRequest&,
               const HttpResponder& respond) { respond({200, "text/plain", {}, std::string(32 << 20, 'x')}); },
            options);
  TestClient client(server->port());
  client.send(get("/"));
  await([&] { return server->counters().requests == 1 && server->counters().connections == 0; });
  EXPECT_LT(server->counters().sent_bytes, 32U << 20);
}

// No descriptors but those that there are.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST(HttpLimits, WithoutDescriptorsConnectionsWaitAndTheOwnerIsToldWhatToDo) {
#ifdef MNEMO_SANITIZE_ADDRESS
  GTEST_SKIP() << "UBSan looks through a pipe whether memory may be read: without descriptors it takes any for bad";
#endif
  std::atomic<size_t> told{0};
  std::promise<Error> first;
  HttpServerOptions options;
  options.on_accept_failure = [&](const Error& why) {
    if (told++ == 0) first.set_value(why);
  };
  const auto server = serve(echo, options);
  EXPECT_EQ(TestClient(server->port()).ask(get("/")).result_int(), 200U);
  await([&] { return server->counters().connections == 0; });
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket client(io, boost::asio::ip::tcp::v4());
  {
    const NoMoreDescriptors none;
    client.connect({boost::asio::ip::make_address("127.0.0.1"), server->port()});
    boost::asio::write(client, boost::asio::buffer(get("/late")));
    const Error why = first.get_future().get();
    EXPECT_EQ(why.code, Code::kResourceExhausted);
    EXPECT_THAT(why.message, HasSubstr("ulimit -n"));
    EXPECT_EQ(server->counters().accepted, 1U);
  }
  boost::beast::flat_buffer buffer;
  EXPECT_EQ(receive_from(client, buffer).body(), "GET /late ") << "it waited";
  EXPECT_EQ(told, 1U) << "and not once for each time it was tried";
}

size_t threads() {
  return static_cast<size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()));
}

TEST(HttpLimits, ConnectionsTakeNoThreads) {
  const auto server = serve(echo);
  const size_t before = threads();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<TestClient>(server->port()));
    EXPECT_EQ(clients.back()->ask(get("/")).result_int(), 200U);
  }
  EXPECT_EQ(server->counters().connections, 64U);
  EXPECT_EQ(threads(), before);
}

}  // namespace
}  // namespace mnemo
