#include "events/json_syntax.h"

#include <gtest/gtest.h>

#include <string>

namespace mnemo {
namespace {

TEST(Json, TextsOfTheGrammarPass) {
  for (const char* json :
       {"0", "-0", "-1.5e+30", "1E9", "true", "false", "null", R"("")", R"("\u00e9\n\"\\\/ é 🙂")", R"("\ud83d\ude00")",
        "[]", "{}", " [ 1 , \"a\" , [ ] , { } ] ", R"({"a":{"b":[1,2,{"c":null}]},"a":1})", "\t\r\n 1 \n"}) {
    EXPECT_TRUE(is_json(json)) << json;
  }
}

TEST(Json, AnythingElseFails) {
  for (const char* json : {"",
                           " ",
                           "01",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "-",
                           "tru",
                           "True",
                           "nul",
                           "NaN",
                           "Infinity",
                           "'a'",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\ud83d\"",
                           "\"\\ud83dx\"",
                           "\"\\ud83d\\u0041\"",
                           "\"\\ude00\"",
                           "\"a\nb\"",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[",
                           "]",
                           "{",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:2}",
                           "1 2",
                           "[1]]",
                           "// c\n1",
                           "\"\\"}) {
    EXPECT_FALSE(is_json(json)) << json;
  }
  EXPECT_FALSE(is_json(std::string_view("1\0", 2)));
  EXPECT_FALSE(is_json(std::string_view("\0", 1)));
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](int levels) { return std::string(levels, '[') + "1" + std::string(levels, ']'); };
  EXPECT_TRUE(is_json(nested(kJsonDepthMax)));
  EXPECT_FALSE(is_json(nested(kJsonDepthMax + 1)));
  EXPECT_FALSE(is_json(std::string(1'000'000, '['))) << "must not run out of stack";
}

}  // namespace
}  // namespace mnemo
