#include "manager/retry.h"

#include <gmock/gmock.h>

#include <vector>

namespace mnemo {
namespace {

using std::chrono::milliseconds;

const Error kTransient{Code::kUnavailable, "the log is busy", true};
constexpr uint64_t kSeed = 5;

class RetryTest : public ::testing::Test {
 protected:
  // How long until the next attempt; -1: none.
  double pause_ms(Retries& retries, uint32_t failed, milliseconds left = std::chrono::hours(1)) const {
    const auto at =
        retries.next({.failed = failed, .error = kTransient, .now = clock_.now(), .deadline = clock_.now() + left});
    return at ? std::chrono::duration<double, std::milli>(*at - clock_.now()).count() : -1;
  }

  ManualMonotonicClock clock_;
};

TEST_F(RetryTest, OnlyTransientErrorsAreTriedAgain) {
  for (int number = 1; number <= 16; ++number) {
    const auto code = static_cast<Code>(number);
    EXPECT_EQ(is_transient({code, "", true}), code == Code::kUnavailable || code == Code::kResourceExhausted)
        << code_name(code);
    EXPECT_FALSE(is_transient({code, "", false})) << code_name(code);
  }
  Retries retries({}, kSeed);
  const Error invalid{Code::kInvalidArgument, "no text", true};
  EXPECT_FALSE(retries.next({.failed = 1, .error = invalid, .now = clock_.now()}));
}

TEST_F(RetryTest, AttemptsEnd) {
  Retries retries({.attempts_max = 3}, kSeed);
  EXPECT_GE(pause_ms(retries, 1), 0);
  EXPECT_GE(pause_ms(retries, 2), 0);
  EXPECT_EQ(pause_ms(retries, 3), -1);
}

TEST_F(RetryTest, PausesFillTheWholeRangeAndTheRangeDoublesToItsBound) {
  Retries retries({.attempts_max = 100,
                   .first_pause = milliseconds(10),
                   .longest_pause = milliseconds(80),
                   .budget_max = 1'000'000},
                  kSeed);
  const auto range = [&](uint32_t failed) {
    double shortest = 1e9;
    double longest = -1;
    double sum = 0;
    for (int i = 0; i < 2'000; ++i) {
      const double pause = pause_ms(retries, failed);
      shortest = std::min(shortest, pause);
      longest = std::max(longest, pause);
      sum += pause;
    }
    return std::vector<double>{shortest, longest, sum / 2'000};
  };
  const std::vector<std::pair<uint32_t, double>> bounds = {{1, 10}, {2, 20}, {3, 40}, {4, 80}, {5, 80}, {90, 80}};
  for (const auto& [failed, bound] : bounds) {
    const std::vector<double> seen = range(failed);
    EXPECT_LT(seen[0], bound * 0.02) << failed;
    EXPECT_LT(seen[1], bound) << failed;
    EXPECT_GT(seen[1], bound * 0.98) << failed;
    EXPECT_NEAR(seen[2], bound / 2, bound * 0.05) << failed;
  }
}

TEST_F(RetryTest, TheSameSeedGivesTheSamePauses) {
  Retries one({}, 3);
  Retries other({}, 3);
  Retries third({}, 4);
  bool differs = false;
  for (int i = 0; i < 20; ++i) {
    const double pause = pause_ms(one, 1);
    EXPECT_EQ(pause, pause_ms(other, 1));
    differs |= pause != pause_ms(third, 1);
  }
  EXPECT_TRUE(differs);
}

TEST_F(RetryTest, TheBudgetBoundsRetriesToAShareOfRequests) {
  Retries retries({.budget_per_request_permille = 100, .budget_max = 10}, kSeed);
  int retried = 0;
  for (int request = 0; request < 1'000; ++request) {
    retries.requested();
    if (pause_ms(retries, 1) >= 0) ++retried;
  }
  EXPECT_GE(retried, 100);
  EXPECT_LE(retried, 110) << "the saved ones, and a tenth of the requests";
  EXPECT_EQ(retries.budget_left(), 0);
  for (int request = 0; request < 1'000; ++request) retries.requested();
  EXPECT_EQ(retries.budget_left(), 10) << "no more is saved up";
}

TEST_F(RetryTest, ADeadlineThatComesBeforeIsRespectedAndCostsNothing) {
  Retries retries({.budget_max = 10}, kSeed);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pause_ms(retries, 1, milliseconds(0)), -1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pause_ms(retries, 1, milliseconds(-5)), -1);
  EXPECT_EQ(retries.budget_left(), 10);
}

TEST_F(RetryTest, WhatTheRefusalAskedForComesFirst) {
  Retries retries({.first_pause = milliseconds(10)}, kSeed);
  const Error full{Code::kResourceExhausted, "full", true};
  const auto at = retries.next({.failed = 1, .error = full, .now = clock_.now(), .retry_after_ms = 500});
  ASSERT_TRUE(at);
  EXPECT_GE(*at, clock_.now() + milliseconds(500));
  EXPECT_LT(*at, clock_.now() + milliseconds(510));
}

TEST_F(RetryTest, ARetryThatWouldStartAtTheDeadlineIsNotMade) {
  Retries retries({.first_pause = milliseconds(0)}, kSeed);
  const Error full{Code::kResourceExhausted, "full", true};
  for (const int left_ms : {500, 501}) {
    const auto at = retries.next({.failed = 1,
                                  .error = full,
                                  .now = clock_.now(),
                                  .deadline = clock_.now() + milliseconds(left_ms),
                                  .retry_after_ms = 500});
    EXPECT_EQ(at.has_value(), left_ms == 501);
  }
}

}  // namespace
}  // namespace mnemo
