#include "manager/timer.h"

#include <gmock/gmock.h>

#include <future>
#include <string>

#include "manager/executor.h"

namespace mnemo {
namespace {

using std::chrono::seconds;

class TimerTest : public ::testing::Test {
 protected:
  TimerId schedule(seconds in, const std::string& name) {
    return timer_.schedule(clock_.now() + in, [this, name] { called_.push_back(name); });
  }
  void pass(seconds time) {
    clock_.advance(time);
    timer_.look_again();
  }
  // Until what is due by now has been called: the last that is due tells.
  void await_due() {
    std::promise<void> called;
    timer_.schedule(clock_.now(), [&called] { called.set_value(); });
    called.get_future().wait();
  }

  ManualMonotonicClock clock_;
  std::vector<std::string> called_;  // by the timer's thread
  Timer timer_{clock_};              // ends before what it calls uses
};

TEST_F(TimerTest, CallsInTheOrderOfTimeAndThenOfScheduling) {
  schedule(seconds(2), "later");
  schedule(seconds(1), "first");
  schedule(seconds(1), "second");
  await_due();
  EXPECT_THAT(called_, ::testing::IsEmpty());
  pass(seconds(2));
  await_due();
  EXPECT_THAT(called_, ::testing::ElementsAre("first", "second", "later"));
}

TEST_F(TimerTest, WhatIsCancelledIsNotCalled) {
  const TimerId id = schedule(seconds(1), "cancelled");
  EXPECT_TRUE(timer_.cancel(id));
  EXPECT_FALSE(timer_.cancel(id));
  pass(seconds(1));
  await_due();
  EXPECT_THAT(called_, ::testing::IsEmpty());
}

TEST_F(TimerTest, WhenItIsFinishedEveryTimeHasCome) {
  schedule(seconds(1000), "before");
  timer_.schedule(MonotonicTime::max(), [this] { called_.emplace_back("never"); });
  timer_.finish();
  std::promise<void> after;
  timer_.schedule(MonotonicTime::max(), [&after] { after.set_value(); });
  after.get_future().wait();
  EXPECT_THAT(called_, ::testing::ElementsAre("before", "never"));
}

TEST_F(TimerTest, AFunctionMaySchedule) {
  std::promise<void> inner;
  timer_.schedule(clock_.now(), [&] { timer_.schedule(clock_.now(), [&inner] { inner.set_value(); }); });
  inner.get_future().wait();
}

TEST(TimerOnTheMachinesClock, CallsByItself) {
  const SteadyClock clock;
  std::promise<void> called;
  Timer timer(clock);
  timer.schedule(clock.now() + std::chrono::milliseconds(5), [&called] { called.set_value(); });
  called.get_future().wait();
}

TEST(Executor, DoesWhatWasPostedBeforeItEnds) {
  std::atomic<int> done = 0;
  {
    Executor executor(2);
    for (int i = 0; i < 1000; ++i) executor.post([&done] { ++done; });
  }
  EXPECT_EQ(done, 1000);
}

}  // namespace
}  // namespace mnemo
