#include "events/ids.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace mnemo {
namespace {

Position at(uint32_t partition, uint32_t epoch, uint64_t offset) { return {PartitionId{partition}, epoch, offset}; }

TEST(Position, PrintsPartitionEpochAndOffset) {
  EXPECT_EQ(to_string(at(3, 1, 42)), "3-1-42");
  EXPECT_EQ(to_string(at(0, 0, 0)), "0-0-0");
  EXPECT_EQ(to_string(at(~0U, ~0U, ~uint64_t{0})), "4294967295-4294967295-18446744073709551615");
}

TEST(Position, ReadsBackEveryPositionThatItPrints) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto number = [&](int bits) { return random() >> (64 - bits) >> random() % static_cast<uint64_t>(bits); };
  for (int i = 0; i < 10000; ++i) {
    const Position position = at(static_cast<uint32_t>(number(32)), static_cast<uint32_t>(number(32)), number(64));
    const auto parsed = parse_position(to_string(position));
    ASSERT_TRUE(parsed) << to_string(position);
    ASSERT_EQ(*parsed, position);
  }
}

TEST(Position, UsesOnlyCharactersThatNeedNoEscapeInAUrl) {
  for (const char c : to_string(at(~0U, ~0U, ~uint64_t{0}))) EXPECT_TRUE((c >= '0' && c <= '9') || c == '-') << c;
}

TEST(Position, RefusesEveryTextThatItDoesNotPrint) {
  const std::vector<std::string> bad = {
      "", "-", "--", "1", "1-2", "1-2-", "-2-3", "1--3", "1-2-3-", "1-2-3-4", " 1-2-3", "1-2-3 ", "1-2-3\n", "1 -2-3",
      "01-2-3", "1-02-3", "1-2-03", "00-0-0", "1-2-00", "+1-2-3", "1-+2-3", "-1-2-3", "1--2-3", "a-2-3", "1-2-0x3",
      "1_2_3", "1.2.3", "1-2-3.0",
      // One more than each part can hold, and much more.
      "4294967296-1-1", "1-4294967296-1", "1-1-18446744073709551616", "1-1-99999999999999999999999999",
      std::string("1-2-3\0", 6), std::string("1-2\0-3", 6), "١-2-3"};
  for (const std::string& text : bad) {
    const auto parsed = parse_position(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument) << text;
  }
}

TEST(Position, SortsByOffsetWithinAnEpochAndByEpochWithinAPartition) {
  EXPECT_LT(at(1, 1, 9), at(1, 1, 10));
  EXPECT_LT(at(1, 1, 10), at(1, 2, 0));
  EXPECT_LT(at(1, 2, 0), at(2, 0, 0));
}

TEST(Hex, PrintsTwoLowerCaseDigitsAByte) {
  EXPECT_EQ(to_hex(std::string_view("\x00\x01\x7f\x80\xab\xff", 6)), "00017f80abff");
  EXPECT_EQ(to_hex(std::string_view()), "");
  EXPECT_EQ(to_hex(Bytes16{0, 1, 2, 0xfe}), "000102fe000000000000000000000000");
}

TEST(Hex, ReadsBackEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  const auto read = from_hex(to_hex(bytes));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, bytes);
}

TEST(Hex, RefusesEveryTextThatItDoesNotPrint) {
  for (const std::string text : {"0", "abc", "AB", "0G", "g0", "0x", " 0", "0 ", "-1", "/0", ":0", "`0"}) {
    const auto read = from_hex(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::kInvalidArgument) << text;
  }
  EXPECT_FALSE(from_hex(std::string_view("abcd").substr(0, 3)));
}

}  // namespace
}  // namespace mnemo
