// File: tests/server/bad_request.h
// Requests that are refused before the service hears of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/server/http_door.h"

namespace mnemo {

struct Bad {
  std::string method;
  std::string target;
  std::string body;
  std::string told;  // a part of the message
  int status = 400;
  std::string code = "INVALID_ARGUMENT";
};
using Table = std::vector<Bad>;

inline void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.method << ' ' << bad.target << ' ' << bad.body.substr(0, 200);
}

inline const std::string kScope = "?namespace=n&agent_id=a";
inline const std::string kMemory = "/v1/memories/m" + kScope;
inline const std::string kLinks = "/v1/memories/m/links" + kScope;

inline std::string repeated(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

// A memory, or a question, with one more member.
inline std::string with(const std::string& member) { return R"({"namespace":"n","agent_id":"a",)" + member + "}"; }

inline void expect_refused(const Bad& bad, const HttpResponse& response) {
  EXPECT_EQ(response.status, bad.status) << testing::PrintToString(bad);
  const Json json = Json::parse(response.body, nullptr, false);
  ASSERT_TRUE(json.is_object() && json.contains("error")) << testing::PrintToString(bad) << response.body;
  EXPECT_EQ(json["error"]["code"], bad.code) << testing::PrintToString(bad);
  EXPECT_EQ(json["error"]["retryable"], false);
  const std::string message = json["error"]["message"];
  EXPECT_THAT(message, testing::HasSubstr(bad.told)) << testing::PrintToString(bad);
  EXPECT_LT(message.size(), 600U) << testing::PrintToString(bad);
}

inline void expect_all_refused(const Table& table) {
  for (const Bad& bad : table) {
    HttpDoor door;
    expect_refused(bad, door.send(bad.method, bad.target, bad.body));
    EXPECT_TRUE(door.service.asked.empty()) << testing::PrintToString(bad);
  }
}

}  // namespace mnemo
