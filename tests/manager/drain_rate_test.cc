#include "manager/drain_rate.h"

#include <gtest/gtest.h>

namespace mnemo {
namespace {

using std::chrono::milliseconds;

class DrainRateTest : public ::testing::Test {
 protected:
  // `count` items, one every `pause`, with more waiting after the last.
  void drain(int count, milliseconds pause) {
    for (int i = 0; i < count; ++i) {
      clock_.advance(pause);
      rate_.drained(1, true, clock_.now());
    }
  }
  double now() const { return rate_.per_second(clock_.now()).value_or(-1); }

  ManualMonotonicClock clock_;
  DrainRate rate_;
};

TEST_F(DrainRateTest, IsUnknownUntilSomethingHasDrained) {
  EXPECT_EQ(now(), -1);
  rate_.began(clock_.now());
  clock_.advance(milliseconds(10));
  EXPECT_EQ(now(), -1);
}

TEST_F(DrainRateTest, IsWhatDrainsWhileSomethingWaits) {
  rate_.began(clock_.now());
  drain(1'000, milliseconds(2));
  EXPECT_NEAR(now(), 500, 5);
}

TEST_F(DrainRateTest, AnIdleHourDoesNotLowerIt) {
  rate_.began(clock_.now());
  drain(1'000, milliseconds(2));
  rate_.drained(1, false, clock_.now());
  clock_.advance(std::chrono::hours(1));
  EXPECT_NEAR(now(), 500, 5);
  rate_.began(clock_.now());
  drain(10, milliseconds(2));
  EXPECT_NEAR(now(), 500, 5);
}

TEST_F(DrainRateTest, AStandstillLowersIt) {
  rate_.began(clock_.now());
  drain(1'000, milliseconds(2));
  clock_.advance(std::chrono::seconds(5));
  EXPECT_LT(now(), 10);
}

TEST_F(DrainRateTest, WhatWasGivenUpIsNoStandstill) {
  rate_.began(clock_.now());
  drain(1'000, milliseconds(2));
  rate_.ended();
  clock_.advance(std::chrono::seconds(5));
  EXPECT_NEAR(now(), 500, 5);
}

TEST_F(DrainRateTest, FollowsAChangeWithinSeconds) {
  rate_.began(clock_.now());
  drain(1'000, milliseconds(2));
  drain(60, milliseconds(50));
  EXPECT_NEAR(now(), 20 + 480 * 0.05, 10);
}

TEST_F(DrainRateTest, IsFiniteWhenNoTimePasses) {
  rate_.began(clock_.now());
  rate_.drained(1, true, clock_.now());
  EXPECT_LE(now(), 1e6);
  EXPECT_GT(now(), 0);
}

}  // namespace
}  // namespace mnemo
