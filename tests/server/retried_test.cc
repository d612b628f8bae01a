#include "server/retried.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace mnemo {
namespace {

constexpr RetryOptions kQuick = {.attempts_max = 3,
                                 .first_pause = std::chrono::milliseconds(1),
                                 .longest_pause = std::chrono::milliseconds(1),
                                 .budget_max = 1};

struct Attempts {
  std::vector<Status> results;
  size_t made = 0;
  Status operator()() { return results[std::min(made++, results.size() - 1)]; }
};

Status busy() { return fail(Code::kResourceExhausted, "the append queue is full", true); }

Status run(Attempts& attempts, Retries& retries, MonotonicSpan within = std::chrono::minutes(1)) {
  const SteadyClock clock;
  return retried(retries, clock, clock.now() + within, std::ref(attempts));
}

TEST(Retried, WhatIsTransientIsTriedAgainUntilItSucceeds) {
  Attempts attempts{{busy(), Status{}}};
  Retries retries(kQuick, 1);
  EXPECT_TRUE(run(attempts, retries));
  EXPECT_EQ(attempts.made, 2U);
}

TEST(Retried, WhatWillNeverSucceedIsNotTriedAgain) {
  for (const Code code : {Code::kInvalidArgument, Code::kAlreadyExists, Code::kDeadlineExceeded, Code::kDataLoss}) {
    Attempts attempts{{fail(code, "no", true)}};
    Retries retries(kQuick, 1);
    EXPECT_EQ(run(attempts, retries).error().code, code);
    EXPECT_EQ(attempts.made, 1U);
  }
}

TEST(Retried, TheLastErrorStandsWhenTheBudgetIsSpent) {
  Attempts attempts{{busy()}};
  Retries retries(kQuick, 1);
  EXPECT_EQ(run(attempts, retries).error().code, Code::kResourceExhausted);
  EXPECT_EQ(attempts.made, 2U);  // one retry was saved up
  EXPECT_EQ(run(attempts, retries).error().code, Code::kResourceExhausted);
  EXPECT_EQ(attempts.made, 3U);
}

TEST(Retried, NothingIsTriedBeyondTheDeadline) {
  Attempts attempts{{busy()}};
  Retries retries(kQuick, 1);
  EXPECT_FALSE(run(attempts, retries, -std::chrono::seconds(1)));
  EXPECT_EQ(attempts.made, 1U);
}

TEST(Retried, KeysAreAllDifferent) { EXPECT_NE(new_key(), new_key()); }

}  // namespace
}  // namespace mnemo
