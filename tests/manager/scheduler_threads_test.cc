#include <gmock/gmock.h>

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

// Writers, cancellers, and one who switches strategies, all at once; then everything is accounted for.
TEST(SchedulerThreads, EveryTaskTakenRunsOnceOrIsToldOnceUnderLoad) {
  const SteadyClock clock;
  constexpr int kSubmitters = 3;
  constexpr int kEach = 3'000;
  std::vector<std::atomic<int>> ended(kSubmitters * kEach);
  std::atomic<uint64_t> taken = 0;
  std::atomic<uint64_t> ran = 0;
  std::atomic<uint64_t> told = 0;
  Statistics statistics;
  {
    Scheduler scheduler(
        {.workers = 3,
         .in_flight_max = 4,
         .admission = {.process = {500, 1 << 20}, .name_space = {500, 1 << 20}, .agent = {200, 1 << 20}}},
        clock);
    std::vector<std::jthread> threads;
    for (int submitter = 0; submitter < kSubmitters; ++submitter) {
      threads.emplace_back([&, submitter] {
        for (int i = 0; i < kEach; ++i) {
          std::atomic<int>& times = ended[static_cast<size_t>(submitter * kEach + i)];
          Task task = task_of("agent " + std::to_string(i % 5));
          task.operation = OperationId{static_cast<uint8_t>(i % 50)};
          if (i % 3 == 0) task.deadline = clock.now() + std::chrono::microseconds(i % 300);
          if (i % 7 == 0) task.not_before = clock.now() + std::chrono::microseconds(i % 500);
          task.run = [&](const Running&) { ++times, ++ran; };
          task.not_run = [&](const NotRun&) { ++times, ++told; };
          if (scheduler.submit(std::move(task))) {
            ++taken;
          } else {
            EXPECT_EQ(times, 0);
            times = 1;
          }
        }
      });
    }
    std::jthread meddler([&](const std::stop_token& stop) {
      for (uint64_t i = 0; !stop.stop_requested(); ++i) {
        scheduler.set_strategy(i % 2 == 0 ? StrategyKind::kFifo : StrategyKind::kRoundRobin);
        scheduler.cancel(TaskId(taken.load()));
        scheduler.cancel_operation(OperationId{static_cast<uint8_t>(1 + i % 49)});
        if (i % 10 == 0) scheduler.cancel_agent("acme", "agent " + std::to_string(i % 5));
        std::this_thread::yield();
      }
    });
    threads.clear();
    EXPECT_TRUE(scheduler.drain(clock.now() + kLong));
    meddler.request_stop();
    meddler.join();
    statistics = scheduler.statistics();
  }
  for (const std::atomic<int>& times : ended) ASSERT_EQ(times, 1);
  EXPECT_EQ(ran + told, taken);
  const ClassStatistics& reads = statistics.of(TaskClass::kRead);
  EXPECT_EQ(reads.admitted, taken);
  EXPECT_EQ(reads.finished, ran);
  EXPECT_EQ(reads.dropped_by(NotRunCause::kExpired) + reads.dropped_by(NotRunCause::kCancelled) +
                reads.dropped_by(NotRunCause::kDraining),
            told);
  EXPECT_EQ(statistics.waiting, Usage{});
  EXPECT_GT(ran, 0);
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
