#include "server/json/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "events/envelope.h"
#include "server/json/fields.h"

namespace mnemo {
namespace {

TEST(ParseJson, ValuesKeepTheirTypesAndMembersTheirOrder) {
  const std::string text =
      R"({"z":[1,-1,0.5,true,false,null,"\u00e9\ud83d\ude00"],"a":{"c":{},"b":[]},"m":18446744073709551615})";
  const Result<Json> json = parse_json(text);
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(*json, Json::parse(text));
  EXPECT_EQ(json->dump(), Json::parse(text).dump());
}

TEST(ParseJson, ARootMayBeAnyValue) {
  for (const std::string text : {"7", "\"x\"", "null", "[]", "{}", "  true\n"}) {
    const Result<Json> json = parse_json(text);
    ASSERT_TRUE(json) << text;
    EXPECT_EQ(*json, Json::parse(text));
  }
}

TEST(ParseJson, LevelsAreCountedExactly) {
  const auto nested = [](size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_TRUE(parse_json(nested(3), 3));
  EXPECT_FALSE(parse_json(nested(4), 3));
  EXPECT_TRUE(parse_json(R"([[[1]],[[2]],{"a":{"b":3}}])", 3));
}

TEST(ParseJson, TheSameNameMayStandInTwoObjects) {
  EXPECT_TRUE(parse_json(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"));
  const Result<Json> twice = parse_json(R"([{"a":{"x":1,"y":2,"x":3}}])");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message, "'x' is given twice: give it once");
}

TEST(ParseJson, NumbersAreExactOrRefused) {
  EXPECT_EQ(parse_json("18446744073709551615")->get<uint64_t>(), UINT64_MAX);
  EXPECT_EQ(parse_json("-9223372036854775808")->get<int64_t>(), INT64_MIN);
  EXPECT_FALSE(parse_json("18446744073709551616"));
  EXPECT_FALSE(parse_json("-9223372036854775809"));
  EXPECT_EQ(parse_json("18446744073709551616.0")->get<double>(), 18446744073709551616.0);
  EXPECT_EQ(parse_json("1e400").error().code, Code::kInvalidArgument);
}

TEST(ParseJson, WhatItSaysOfBrokenTextIsUtf8) {
  for (const std::string text : {"{\"a\"\u0184}", "\u00e9", "[1,\u00e9]", "tru\u00e9"}) {
    const Result<Json> json = parse_json(text);
    ASSERT_FALSE(json);
    EXPECT_TRUE(is_utf8(json.error().message)) << text;
  }
}

TEST(ParseJson, ALargeObjectTakesNoQuadraticTime) {
  std::string text = "{";
  constexpr int kMembers = 300'000;
  for (int i = 0; i < kMembers; ++i) text += "\"" + std::to_string(i) + "\":0,";
  text.back() = '}';
  const Result<Json> json = parse_json(text);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->size(), kMembers);
}

TEST(NumberJson, WholeNumbersHaveNoFractionAndComeBackTheSame) {
  for (const double number : {0.0, -0.0, 1.0, -7.0, 0.1, 1e300, 9007199254740992.0, 9007199254740994.0}) {
    const std::string text = number_json(number).dump();
    const double back = parse_json(text)->get<double>();
    EXPECT_EQ(back, number) << text;
    EXPECT_EQ(std::signbit(back), std::signbit(number)) << text;
  }
  EXPECT_EQ(number_json(2).dump(), "2");
}

TEST(Excerpt, IsCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "\xc3\xa9";
  EXPECT_EQ(excerpt(text), text.substr(0, 64) + "...");
  EXPECT_EQ(excerpt("x" + text), "x" + text.substr(0, 62) + "...");
  EXPECT_EQ(excerpt("short"), "short");
}

}  // namespace
}  // namespace mnemo
