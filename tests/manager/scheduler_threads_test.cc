#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <future>
#include <latch>
#include <thread>

#include "manager/scheduler.h"
#include "tests/manager/queued.h"

namespace mnemo {
namespace {

using manager_test::task_of;
using std::chrono::milliseconds;

constexpr auto kLong = std::chrono::seconds(60);

TEST(SchedulerThreads, RunAtOnceWhatWaits) {
  const SteadyClock clock;
  Scheduler scheduler({.workers = 3}, clock);
  std::latch together(3);
  for (int i = 0; i < 3; ++i) {
    Task task = task_of("nina");
    task.run = [&](const Running&) { together.arrive_and_wait(); };
    ASSERT_TRUE(scheduler.submit(std::move(task)));
  }
  EXPECT_TRUE(scheduler.drain(clock.now() + kLong));
}

TEST(SchedulerThreads, ADeadlineIsToldWhileEveryWorkerIsBusy) {
  const SteadyClock clock;
  Scheduler scheduler({.workers = 1}, clock);
  std::latch told(1);
  Task busy = task_of("nina");
  busy.run = [&](const Running&) { told.wait(); };
  ASSERT_TRUE(scheduler.submit(std::move(busy)));
  std::atomic<bool> ran = false;
  Task late = task_of("omar");
  late.deadline = clock.now() + milliseconds(20);
  late.run = [&](const Running&) { ran = true; };
  late.not_run = [&](const NotRun& why) {
    EXPECT_EQ(why.error.code, Code::kDeadlineExceeded);
    told.count_down();
  };
  ASSERT_TRUE(scheduler.submit(std::move(late)));
  told.wait();
  EXPECT_TRUE(scheduler.drain(clock.now() + kLong));
  EXPECT_FALSE(ran);
}

TEST(SchedulerThreads, ATaskBecomesReadyByItself) {
  const SteadyClock clock;
  Scheduler scheduler({.workers = 1}, clock);
  std::promise<MonotonicTime> started;
  Task later = task_of("nina");
  later.not_before = clock.now() + milliseconds(20);
  later.run = [&](const Running&) { started.set_value(clock.now()); };
  const MonotonicTime ready = later.not_before;
  ASSERT_TRUE(scheduler.submit(std::move(later)));
  EXPECT_GE(started.get_future().get(), ready);
}

TEST(SchedulerThreads, WhatEndsElsewhereMakesRoomForTheNext) {
  const SteadyClock clock;
  Scheduler scheduler({.workers = 1, .in_flight_max = 1}, clock);
  std::promise<std::unique_ptr<Running>> started;
  Task task = task_of("nina");
  task.run = [&](const Running& running) { started.set_value(std::make_unique<Running>(running)); };
  ASSERT_TRUE(scheduler.submit(std::move(task)));
  std::unique_ptr<Running> kept = started.get_future().get();
  std::promise<void> next;
  Task other = task_of("omar");
  other.run = [&](const Running&) { next.set_value(); };
  ASSERT_TRUE(scheduler.submit(std::move(other)));
  auto ran = next.get_future();
  EXPECT_EQ(ran.wait_for(milliseconds(5)), std::future_status::timeout);
  kept.reset();
  EXPECT_EQ(ran.wait_for(kLong), std::future_status::ready);
  EXPECT_TRUE(scheduler.drain(clock.now() + kLong));
}

TEST(SchedulerThreads, ItsEndWaitsForWhatIsInFlight) {
  const SteadyClock clock;
  std::atomic<bool> ended = false;
  std::jthread elsewhere;
  {
    Scheduler scheduler({.workers = 1}, clock);
    std::latch started(1);
    Task task = task_of("nina");
    task.run = [&](const Running& running) {
      elsewhere = std::jthread([&ended, kept = std::make_unique<Running>(running)]() mutable {
        while (!kept->cancelled()) std::this_thread::yield();
        ended = true;
        kept.reset();
      });
      started.count_down();
    };
    ASSERT_TRUE(scheduler.submit(std::move(task)));
    started.wait();
  }
  EXPECT_TRUE(ended);
}

// Submitters, and one who cancels and switches strategies, all at once; each task's ends are counted.
class SchedulerUnderLoad : public ::testing::Test {
 protected:
  static constexpr int kSubmitters = 3;
  static constexpr int kEach = 3'000;

  void submit_all(int submitter) {
    for (int i = 0; i < kEach; ++i) submit(i, ends_[static_cast<size_t>(submitter * kEach + i)]);
  }

  void submit(int i, std::atomic<int>& ends) {
    Task task = task_of("agent " + std::to_string(i % 5));
    task.operation = OperationId{static_cast<uint8_t>(i % 50)};
    if (i % 3 == 0) task.deadline = clock_.now() + std::chrono::microseconds(i % 300);
    if (i % 7 == 0) task.not_before = clock_.now() + std::chrono::microseconds(i % 500);
    task.run = [this, &ends](const Running&) { ++ends, ++ran_; };
    task.not_run = [this, &ends](const NotRun&) { ++ends, ++told_; };
    if (scheduler_.submit(std::move(task))) {
      ++taken_;
      return;
    }
    EXPECT_EQ(ends, 0) << "refused and told";
    ends = 1;
  }

  void meddle(const std::stop_token& stop) {
    for (uint64_t i = 0; !stop.stop_requested(); ++i) {
      scheduler_.set_strategy(i % 2 == 0 ? StrategyKind::kFifo : StrategyKind::kRoundRobin);
      scheduler_.cancel(TaskId(taken_.load()));
      scheduler_.cancel_operation(OperationId{static_cast<uint8_t>(1 + i % 49)});
      if (i % 10 == 0) scheduler_.cancel_agent("acme", "agent " + std::to_string(i % 5));
      std::this_thread::yield();
    }
  }

  const SteadyClock clock_;
  std::array<std::atomic<int>, kSubmitters * kEach> ends_{};
  std::atomic<uint64_t> taken_ = 0;
  std::atomic<uint64_t> ran_ = 0;
  std::atomic<uint64_t> told_ = 0;
  Scheduler scheduler_{
      {.workers = 3,
       .in_flight_max = 4,
       .admission = {.process = {500, 1 << 20}, .name_space = {500, 1 << 20}, .agent = {200, 1 << 20}}},
      clock_};
};

TEST_F(SchedulerUnderLoad, EveryTaskTakenRunsOnceOrIsToldOnce) {
  {
    std::jthread meddler([this](const std::stop_token& stop) { meddle(stop); });
    std::vector<std::jthread> submitters;
    for (int i = 0; i < kSubmitters; ++i) submitters.emplace_back([this, i] { submit_all(i); });
    submitters.clear();
    EXPECT_TRUE(scheduler_.drain(clock_.now() + kLong));
  }
  for (const std::atomic<int>& ends : ends_) ASSERT_EQ(ends, 1);
  EXPECT_EQ(ran_ + told_, taken_);
  EXPECT_GT(ran_, 0);
  const Statistics statistics = scheduler_.statistics();
  const ClassStatistics& reads = statistics.of(TaskClass::kRead);
  EXPECT_EQ(reads.admitted, taken_);
  EXPECT_EQ(reads.finished, ran_);
  EXPECT_EQ(reads.dropped_by(NotRunCause::kExpired) + reads.dropped_by(NotRunCause::kCancelled) +
                reads.dropped_by(NotRunCause::kDraining),
            told_);
  EXPECT_EQ(statistics.waiting, Usage{});
}

TEST(SchedulerThreads, ADrainThatRunsOutTellsEveryone) {
  const SteadyClock clock;
  std::atomic<int> told = 0;
  Scheduler scheduler({.workers = 2}, clock);
  std::latch started(2);
  for (int i = 0; i < 2; ++i) {
    Task busy = task_of("busy");
    busy.run = [&](const Running& running) {
      started.count_down();
      while (!running.cancelled()) std::this_thread::yield();
    };
    ASSERT_TRUE(scheduler.submit(std::move(busy)));
  }
  started.wait();
  for (int i = 0; i < 100; ++i) {
    Task task = task_of("nina");
    task.not_run = [&](const NotRun& why) {
      EXPECT_EQ(why.error.code, Code::kUnavailable);
      ++told;
    };
    ASSERT_TRUE(scheduler.submit(std::move(task)));
  }
  const Status drained = scheduler.drain(clock.now() + milliseconds(5));
  ASSERT_FALSE(drained);
  EXPECT_EQ(drained.error().code, Code::kDeadlineExceeded);
  EXPECT_EQ(told, 100);
}

}  // namespace
}  // namespace mnemo
