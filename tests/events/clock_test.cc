#include "events/clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace mnemo {
namespace {

using std::chrono::days;
using std::chrono::hh_mm_ss;
using std::chrono::milliseconds;
using std::chrono::sys_days;
using std::chrono::sys_time;
using std::chrono::year_month_day;

constexpr TimestampMs kFirstMs = -62135596800000;  // 0001-01-01T00:00:00.000Z
constexpr TimestampMs kLastMs = 253402300799999;   // 9999-12-31T23:59:59.999Z

// The same by the standard library's calendar.
std::string expected_text(TimestampMs time_ms) {
  const sys_time<milliseconds> time{milliseconds(time_ms)};
  const sys_days day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss<milliseconds> clock(time - day);
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

void expect_time(std::string_view text, TimestampMs expected) {
  const auto parsed = parse_rfc3339(text);
  ASSERT_TRUE(parsed) << text;
  EXPECT_EQ(*parsed, expected) << text;
}

TEST(Rfc3339, PrintsUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(1683554160000), "2023-05-08T13:56:00.000Z");
  EXPECT_EQ(to_rfc3339(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(kFirstMs), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(kLastMs), "9999-12-31T23:59:59.999Z");
}

void expect_like_standard_library(TimestampMs time) {
  const std::string text = to_rfc3339(time);
  ASSERT_EQ(text, expected_text(time));
  const auto parsed = parse_rfc3339(text);
  ASSERT_TRUE(parsed) << text;
  ASSERT_EQ(*parsed, time) << text;
}

// The calendar repeats after 400 years.
TEST(Rfc3339, AgreesWithTheStandardLibraryOnEveryDayOfThreeTimesFourHundredYears) {
  constexpr TimestampMs kDay = 86400000;
  constexpr TimestampMs kYears = 146097 * kDay;
  for (TimestampMs day = 0; day < kYears; day += kDay) {
    expect_like_standard_library(kFirstMs + day);
    expect_like_standard_library(day - kYears / 2);  // around 1970
    expect_like_standard_library(kLastMs - day);
    if (HasFatalFailure()) return;
  }
}

TEST(Rfc3339, AgreesWithTheStandardLibraryOnRandomMilliseconds) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<TimestampMs> times(kFirstMs, kLastMs);
  for (int i = 0; i < 100000; ++i) {
    expect_like_standard_library(times(random));
    if (HasFatalFailure()) return;
  }
}

TEST(Rfc3339, PrintsTimesBeyondItsYearsAsTheNearestOfThem) {
  EXPECT_EQ(to_rfc3339(kFirstMs - 1), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(kLastMs + 1), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(std::numeric_limits<int64_t>::min()), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(std::numeric_limits<int64_t>::max()), "9999-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ReadsOffsets) {
  expect_time("2023-05-08T13:56:00Z", 1683554160000);
  expect_time("2023-05-08T15:56:00+02:00", 1683554160000);
  expect_time("2023-05-08T19:26:00+05:30", 1683554160000);
  expect_time("2023-05-08T02:56:00-11:00", 1683554160000);
  expect_time("2023-05-09T13:55:00+23:59", 1683554160000);
  expect_time("2023-05-08T13:56:00-00:00", 1683554160000);
  expect_time("1970-01-01T00:00:00+00:01", -60000);
}

TEST(Rfc3339, ReadsLettersOfEitherCase) { expect_time("2023-05-08t13:56:00z", 1683554160000); }

TEST(Rfc3339, CutsFractionsToMilliseconds) {
  expect_time("1970-01-01T00:00:00.1Z", 100);
  expect_time("1970-01-01T00:00:00.12Z", 120);
  expect_time("1970-01-01T00:00:00.123Z", 123);
  expect_time("1970-01-01T00:00:00.1239Z", 123);
  expect_time("1970-01-01T00:00:00.000999999Z", 0);
  expect_time("1970-01-01T00:00:00.999999999+00:00", 999);
  expect_time("1969-12-31T23:59:59.0019Z", -999);
}

TEST(Rfc3339, KnowsLeapYears) {
  for (const std::string year : {"2024", "2000", "1600", "0004", "9996"}) {
    EXPECT_TRUE(parse_rfc3339(year + "-02-29T00:00:00Z")) << year;
    EXPECT_FALSE(parse_rfc3339(year + "-02-30T00:00:00Z")) << year;
  }
  for (const std::string year : {"2023", "1900", "2100", "0001", "9999"}) {
    EXPECT_TRUE(parse_rfc3339(year + "-02-28T00:00:00Z")) << year;
    EXPECT_FALSE(parse_rfc3339(year + "-02-29T00:00:00Z")) << year;
  }
}

TEST(Rfc3339, TakesALeapSecondAtTheEndOfAMonthInUtcForTheNextSecond) {
  expect_time("2016-12-31T23:59:60Z", 1483228800000);
  expect_time("2016-12-31T23:59:60.5Z", 1483228800500);
  expect_time("2017-01-01T05:29:60+05:30", 1483228800000);
  EXPECT_FALSE(parse_rfc3339("2016-12-30T23:59:60Z"));
  EXPECT_FALSE(parse_rfc3339("2016-12-31T23:58:60Z"));
  EXPECT_FALSE(parse_rfc3339("2016-12-31T22:59:60Z"));
  EXPECT_FALSE(parse_rfc3339("2016-12-31T23:59:60+01:00"));
  EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:60Z"));
}

TEST(Rfc3339, RefusesTimesOutsideItsYearsInUtc) {
  EXPECT_FALSE(parse_rfc3339("0000-12-31T23:59:59Z"));
  EXPECT_FALSE(parse_rfc3339("0001-01-01T00:59:59+01:00"));
  EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:59-00:01"));
  expect_time("0001-01-01T01:00:00+01:00", kFirstMs);
  expect_time("0000-12-31T23:00:00-01:00", kFirstMs);
  expect_time("9999-12-31T22:59:59.999-01:00", kLastMs);
}

TEST(Rfc3339, RefusesWhatIsNotRfc3339) {
  const std::vector<std::string> bad = {"",
                                        "Z",
                                        "2023",
                                        "2023-05-08",
                                        "2023-05-08T13:56",
                                        "2023-05-08T13:56Z",
                                        "2023-05-08T13:56:00",
                                        "2023-05-08 13:56:00Z",
                                        "2023-05-08T13:56:00 Z",
                                        " 2023-05-08T13:56:00Z",
                                        "2023-05-08T13:56:00Z ",
                                        "2023-05-08T13:56:00ZZ",
                                        "2023-05-08T13:56:00Z+00:00",
                                        "2023-05-08T13:56:00+0200",
                                        "2023-05-08T13:56:00+02",
                                        "2023-05-08T13:56:00+2:00",
                                        "2023-05-08T13:56:00+24:00",
                                        "2023-05-08T13:56:00+02:60",
                                        "2023-05-08T13:56:00.Z",
                                        "2023-05-08T13:56:00,5Z",
                                        "2023-05-08T13:56:00.1234567890Z",
                                        "2023-05-08T13:56:00.-1Z",
                                        "23-05-08T13:56:00Z",
                                        "02023-05-08T13:56:00Z",
                                        "+2023-05-08T13:56:00Z",
                                        "-023-05-08T13:56:00Z",
                                        "2023-5-08T13:56:00Z",
                                        "2023-05-8T13:56:00Z",
                                        "2023-00-08T13:56:00Z",
                                        "2023-13-08T13:56:00Z",
                                        "2023-05-00T13:56:00Z",
                                        "2023-05-32T13:56:00Z",
                                        "2023-04-31T13:56:00Z",
                                        "2023-05-08T24:00:00Z",
                                        "2023-05-08T13:60:00Z",
                                        "2023-05-08T13:56:61Z",
                                        "2023/05/08T13:56:00Z",
                                        "2023-05-08T13.56.00Z",
                                        "2023-05-08T1a:56:00Z",
                                        "20230508T135600Z",
                                        "2023-05-08T13:56:00z+",
                                        "2023-05-08T13:56:00U",
                                        "2023-W19-1T13:56:00Z",
                                        std::string("2023-05-08T13:56:00Z\0", 21),
                                        "２023-05-08T13:56:00Z"};
  for (const std::string& text : bad) {
    const auto parsed = parse_rfc3339(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument) << text;
  }
}

TEST(Clock, TheManualClockStandsStillUntilItIsMoved) {
  ManualClock clock(1000);
  EXPECT_EQ(clock.now_ms(), 1000);
  clock.advance_ms(5);
  EXPECT_EQ(clock.now_ms(), 1005);
  clock.set_ms(7);
  EXPECT_EQ(clock.now_ms(), 7);
}

TEST(Clock, TheSystemClockTellsMillisecondsSince1970) {
  const TimestampMs year_2020 = 1577836800000;
  EXPECT_GT(SystemClock().now_ms(), year_2020);
  EXPECT_LT(SystemClock().now_ms(), kLastMs);
}

}  // namespace
}  // namespace mnemo
