#include "server/service/request_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/http_client.h"

namespace mnemo {
namespace {

Code asked_as(const RequestGuard& guard, const std::string& host) {
  const Status status = guard.check({{"host", host}});
  return status ? Code{} : status.error().code;
}
constexpr Code kAllowed{};

TEST(RequestGuard, OnLoopbackOnlyNamesOfThisMachineAreTaken) {
  for (const char* address : {"127.0.0.1", "::1", "127.0.0.2", "0:0:0:0:0:0:0:1"}) {
    const RequestGuard guard(address, {}, {});
    for (const char* host : {"localhost", "LocalHost:7070", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:7070"}) {
      EXPECT_EQ(asked_as(guard, host), kAllowed) << address << " " << host;
    }
    for (const char* host :
         {"", ":7070", "evil.example", "localhost.evil.example", "evil.example:7070", "localhost:80:80",
          "127.0.0.1.evil.example", "::1", "[::1", "[::2]", "localhost:x", "user@localhost", "127.0.0.10"}) {
      EXPECT_EQ(asked_as(guard, host), Code::kPermissionDenied) << address << " " << host;
    }
  }
  EXPECT_EQ(asked_as(RequestGuard("127.0.0.2", {}, {}), "127.0.0.2:7070"), kAllowed);
}

TEST(RequestGuard, OnLoopbackOtherNamesMayBeAllowed) {
  const RequestGuard guard("127.0.0.1", {"mnemo.example", "2001:db8::1"}, {});
  EXPECT_EQ(asked_as(guard, "mnemo.example:443"), kAllowed);
  EXPECT_EQ(asked_as(guard, "[2001:db8::1]"), kAllowed);
  EXPECT_EQ(asked_as(guard, "localhost"), kAllowed);
  EXPECT_EQ(asked_as(guard, "other.example"), Code::kPermissionDenied);
}

TEST(RequestGuard, ElsewhereAnyNameIsTakenUnlessThereIsAList) {
  EXPECT_EQ(asked_as(RequestGuard("0.0.0.0", {}, {}), "any.example"), kAllowed);
  const RequestGuard guard("192.0.2.1", {"mnemo.example"}, {});
  EXPECT_EQ(asked_as(guard, "mnemo.example"), kAllowed);
  EXPECT_EQ(asked_as(guard, "192.0.2.1:7070"), kAllowed);
  EXPECT_EQ(asked_as(guard, "any.example"), Code::kPermissionDenied);
  EXPECT_EQ(asked_as(guard, "localhost"), Code::kPermissionDenied);
}

TEST(RequestGuard, ThereIsOneHost) {
  const RequestGuard guard("127.0.0.1", {}, {});
  EXPECT_EQ(guard.check({}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(guard.check({{"Host", "localhost"}, {"host", "localhost"}}).error().code, Code::kInvalidArgument);
}

TEST(RequestGuard, AWebPageMayAskWhereItsOriginIsListed) {
  const RequestGuard guard("127.0.0.1", {}, {"https://app.example"});
  EXPECT_TRUE(guard.check({{"Host", "localhost"}, {"Origin", "https://app.example"}}));
  for (const char* origin : {"http://app.example", "https://app.example:444", "null", "", "http://localhost"}) {
    const Status status = guard.check({{"Host", "localhost"}, {"origin", origin}});
    ASSERT_FALSE(status) << origin;
    EXPECT_EQ(status.error().code, Code::kPermissionDenied);
  }
}

TEST(RequestGuard, TheServerAsksItBeforeItReadsTheBody) {
  const auto server = serve(echo);
  for (const std::string head : {"Host: evil.example\r\n", "Host: localhost\r\nOrigin: https://evil.example\r\n"}) {
    TestClient client(server->port());
    const ClientResponse response = client.ask("POST / HTTP/1.1\r\nContent-Length: 1000\r\n" + head + "\r\n");
    EXPECT_EQ(response.result_int(), 403U);
    EXPECT_THAT(response.body(), ::testing::HasSubstr("PERMISSION_DENIED"));
    EXPECT_TRUE(client.closed());
  }
}

}  // namespace
}  // namespace mnemo
