#include "manager/scheduler.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <string>

#include "manager/retry.h"
#include "tests/manager/queued.h"

namespace mnemo {
namespace {

using manager_test::task_of;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A scheduler without threads: everything happens on this one, at the time that the test says.
class SchedulerTest : public ::testing::Test {
 protected:
  SchedulerTest() { make({}); }

  void make(SchedulerOptions options) {
    options.workers = 0;
    scheduler_ = std::make_unique<Scheduler>(options, clock_);
  }

  // Notes under the name of the agent what became of the task.
  Task noted(const std::string& agent, MonotonicSpan time_left = std::chrono::hours(1)) {
    Task task = task_of(agent);
    task.deadline = clock_.now() + time_left;
    task.run = [this, agent](const Running&) { ran_.push_back(agent); };
    task.not_run = [this, agent](const NotRun& why) { told_[agent].push_back(why.error.code); };
    return task;
  }
  TaskId submit(Task task) { return scheduler_->submit(std::move(task)).value(); }
  void run_all() {
    while (scheduler_->run_one()) {
    }
  }
  ClassStatistics reads() const { return scheduler_->statistics().of(TaskClass::kRead); }

  ManualMonotonicClock clock_;
  std::vector<std::string> ran_;
  std::map<std::string, std::vector<Code>> told_;
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, NothingRunsWhenItIsSubmitted) {
  submit(noted("nina"));
  EXPECT_THAT(ran_, IsEmpty());
  EXPECT_TRUE(scheduler_->run_one());
  EXPECT_FALSE(scheduler_->run_one());
  EXPECT_THAT(ran_, ElementsAre("nina"));
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(SchedulerTest, FifoRunsByArrival) {
  make({.strategy = StrategyKind::kFifo});
  for (const char* agent : {"a", "a", "b", "a", "c"}) submit(noted(agent));
  run_all();
  EXPECT_THAT(ran_, ElementsAre("a", "a", "b", "a", "c"));
}

TEST_F(SchedulerTest, ATaskStartsBeforeItsDeadlineAndNotAtIt) {
  submit(noted("in time", milliseconds(10)));
  submit(noted("late", milliseconds(9)));
  clock_.advance(milliseconds(9));
  run_all();
  EXPECT_THAT(ran_, ElementsAre("in time"));
  EXPECT_THAT(told_["late"], ElementsAre(Code::kDeadlineExceeded));
  EXPECT_EQ(reads().dropped_by(NotRunCause::kExpired), 1);
}

TEST_F(SchedulerTest, AnExpiredTaskIsToldWhileNoWorkerIsFree) {
  submit(noted("late", milliseconds(9)));
  scheduler_->tend();
  EXPECT_THAT(told_, IsEmpty());
  clock_.advance(milliseconds(9));
  scheduler_->tend();
  EXPECT_THAT(told_["late"], ElementsAre(Code::kDeadlineExceeded));
  EXPECT_EQ(scheduler_->statistics().waiting, Usage{});
  run_all();
  EXPECT_THAT(ran_, IsEmpty());
}

TEST_F(SchedulerTest, ADeadlineThatHasPassedIsRefusedAtTheDoor) {
  const auto refused = scheduler_->submit(noted("late", milliseconds(0)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.code, Code::kDeadlineExceeded);
  EXPECT_EQ(refused.error().cause, NotRunCause::kExpired);
  EXPECT_THAT(told_, IsEmpty()) << "told by the refusal alone";
  EXPECT_EQ(reads().refused_by(NotRunCause::kExpired), 1);
  EXPECT_EQ(reads().admitted, 0);
}

TEST_F(SchedulerTest, ARefusalNamesTheBoundAndTheTimeUntilThereIsRoom) {
  make({.admission = {.process = {3, 1000}, .name_space = {3, 1000}, .agent = {2, 1000}}});
  submit(noted("nina"));
  clock_.advance(milliseconds(50));
  run_all();
  submit(noted("nina"));
  submit(noted("nina"));
  const auto refused = scheduler_->submit(noted("nina"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, NotRunCause::kAgentItems);
  EXPECT_EQ(refused.error().retry_after_ms, 100) << "two wait, and one took 50 ms";
  EXPECT_THAT(refused.error().error.message, HasSubstr("100 ms"));
  EXPECT_EQ(reads().refused_by(NotRunCause::kAgentItems), 1);
  submit(noted("omar"));
  run_all();
  EXPECT_TRUE(scheduler_->submit(noted("nina"))) << "there is room again";
}

TEST_F(SchedulerTest, CancellingWhatWaitsTellsItAndRunsItNot) {
  const TaskId id = submit(noted("nina"));
  submit(noted("omar"));
  EXPECT_EQ(scheduler_->cancel(id), 1);
  EXPECT_EQ(scheduler_->cancel(id), 0);
  run_all();
  EXPECT_THAT(ran_, ElementsAre("omar"));
  EXPECT_THAT(told_["nina"], ElementsAre(Code::kCancelled));
  EXPECT_EQ(reads().dropped_by(NotRunCause::kCancelled), 1);
}

TEST_F(SchedulerTest, CancellingWhatRunsIsSeenByIt) {
  std::vector<bool> seen;
  Task task = task_of("nina");
  TaskId id;
  task.run = [&](const Running& running) {
    seen.push_back(running.cancelled());
    EXPECT_EQ(scheduler_->cancel(id), 1);
    seen.push_back(running.cancelled());
  };
  id = submit(std::move(task));
  run_all();
  EXPECT_THAT(seen, ElementsAre(false, true));
  EXPECT_EQ(scheduler_->cancel(id), 0);
}

TEST_F(SchedulerTest, AnAgentsTasksAreCancelledTogether) {
  for (const char* agent : {"nina", "omar", "nina"}) submit(noted(agent));
  Task later = noted("nina");
  later.not_before = clock_.now() + milliseconds(5);
  submit(std::move(later));
  EXPECT_EQ(scheduler_->cancel_agent("acme", "nina"), 3);
  EXPECT_EQ(scheduler_->cancel_agent("other", "omar"), 0);
  run_all();
  EXPECT_THAT(ran_, ElementsAre("omar"));
  EXPECT_EQ(told_["nina"].size(), 3);
}

TEST_F(SchedulerTest, AnOperationIsCancelledInAllItsTasks) {
  std::optional<Running> kept;
  Task running = noted("running");
  running.operation = OperationId{7};
  running.run = [&](const Running& flight) { kept = flight; };
  submit(std::move(running));
  run_all();
  for (const char* agent : {"nina", "omar"}) {
    Task task = noted(agent);
    task.operation = OperationId{7};
    submit(std::move(task));
  }
  submit(noted("pia"));
  EXPECT_EQ(scheduler_->cancel_operation(OperationId{}), 0) << "0 is no operation";
  EXPECT_EQ(scheduler_->cancel_operation(OperationId{7}), 3);
  EXPECT_TRUE(kept->cancelled());
  run_all();
  EXPECT_THAT(ran_, ElementsAre("pia"));
  kept.reset();
}

TEST_F(SchedulerTest, ATaskThatIsNotReadyTakesNoTurnAndCountsAgainstTheBounds) {
  make({.admission = {.process = {2, 1000}, .name_space = {2, 1000}, .agent = {2, 1000}}});
  Task later = noted("later");
  later.not_before = clock_.now() + milliseconds(10);
  submit(std::move(later));
  submit(noted("nina"));
  EXPECT_FALSE(scheduler_->submit(noted("omar")));
  run_all();
  EXPECT_THAT(ran_, ElementsAre("nina"));
  clock_.advance(milliseconds(10));
  run_all();
  EXPECT_THAT(ran_, ElementsAre("nina", "later"));
  EXPECT_EQ(reads().waited.sum_us, 0) << "what it was told to wait is not waiting";
}

TEST_F(SchedulerTest, ARetryTakesATurnAfterItsPauseAndHoldsNoThread) {
  Retries retries({.attempts_max = 3, .first_pause = milliseconds(10)}, 1);
  const Error busy{Code::kUnavailable, "busy", true};
  uint32_t attempts = 0;
  std::function<void(MonotonicTime)> attempt = [&](MonotonicTime not_before) {
    Task task = task_of("nina");
    task.not_before = not_before;
    task.run = [&](const Running&) {
      ++attempts;
      const auto again = retries.next({.failed = attempts, .error = busy, .now = clock_.now()});
      if (again) attempt(*again);
    };
    submit(std::move(task));
  };
  attempt(clock_.now());
  run_all();
  EXPECT_EQ(attempts, 1);
  for (const auto& [passed, expected] : {std::pair(10, 2u), std::pair(20, 3u), std::pair(10'000, 3u)}) {
    clock_.advance(milliseconds(passed));
    run_all();
    EXPECT_EQ(attempts, expected);
  }
}

TEST_F(SchedulerTest, WhatKeepsItsRunningIsInFlightUntilItLetsGo) {
  make({.in_flight_max = 2});
  std::vector<Running> kept;
  for (int i = 0; i < 3; ++i) {
    Task task = task_of("nina");
    task.run = [&](const Running& running) { kept.push_back(running); };
    submit(std::move(task));
  }
  run_all();
  EXPECT_EQ(kept.size(), 2) << "the third waits for one of them to end";
  EXPECT_EQ(scheduler_->statistics().in_flight, 2);
  EXPECT_EQ(reads().finished, 0);
  kept.erase(kept.begin());
  run_all();
  EXPECT_EQ(kept.size(), 2);
  EXPECT_EQ(reads().finished, 1);
  kept.clear();
  EXPECT_EQ(reads().finished, 3);
}

TEST_F(SchedulerTest, SwitchingKeepsWhatWaitsInOrderOfArrival) {
  for (const char* agent : {"a", "a", "a", "b", "c"}) submit(noted(agent));
  scheduler_->run_one();
  scheduler_->set_strategy(StrategyKind::kFifo);
  EXPECT_EQ(scheduler_->statistics().strategy, StrategyKind::kFifo);
  scheduler_->run_one();
  scheduler_->set_strategy(StrategyKind::kRoundRobin);
  run_all();
  EXPECT_THAT(ran_, ElementsAre("a", "a", "a", "b", "c"));
  scheduler_->set_strategy(StrategyKind::kRoundRobin);
  for (const char* agent : {"a", "a", "b"}) submit(noted(agent));
  run_all();
  EXPECT_THAT(std::vector(ran_.begin() + 5, ran_.end()), ElementsAre("a", "b", "a"));
}

TEST_F(SchedulerTest, DrainingRunsWhatWaitsAndTakesNothingMore) {
  submit(noted("nina"));
  Task again = task_of("again");
  again.run = [&](const Running&) {
    const auto refused = scheduler_->submit(noted("late"));
    EXPECT_EQ(refused.error().error.code, Code::kUnavailable);
  };
  submit(std::move(again));
  Task later = noted("later");
  later.not_before = clock_.now() + milliseconds(10);
  submit(std::move(later));
  EXPECT_TRUE(scheduler_->drain(clock_.now() + milliseconds(100)));
  EXPECT_THAT(ran_, ElementsAre("nina"));
  EXPECT_THAT(told_["later"], ElementsAre(Code::kUnavailable));
  EXPECT_TRUE(scheduler_->statistics().draining);
  EXPECT_EQ(reads().refused_by(NotRunCause::kDraining), 1);
  EXPECT_TRUE(scheduler_->drain(clock_.now())) << "nothing is left to drain";
}

TEST_F(SchedulerTest, WhatHasNotStartedWhenTheDrainEndsIsTold) {
  Task slow = task_of("slow");
  slow.run = [&](const Running&) { clock_.advance(milliseconds(60)); };
  for (int i = 0; i < 2; ++i) submit(slow);
  submit(noted("nina"));
  const Status drained = scheduler_->drain(clock_.now() + milliseconds(50));
  ASSERT_FALSE(drained);
  EXPECT_EQ(drained.error().code, Code::kDeadlineExceeded);
  EXPECT_THAT(drained.error().message, HasSubstr("2 requests"));
  EXPECT_THAT(ran_, IsEmpty());
  EXPECT_THAT(told_["nina"], ElementsAre(Code::kUnavailable));
  EXPECT_EQ(scheduler_->statistics().waiting, Usage{});
}

TEST_F(SchedulerTest, WhatRunsWhenTheDrainEndsIsFlagged) {
  std::optional<Running> kept;
  Task task = task_of("nina");
  task.run = [&](const Running& running) { kept = running; };
  submit(std::move(task));
  run_all();
  EXPECT_FALSE(scheduler_->drain(clock_.now()));
  EXPECT_TRUE(kept->cancelled());
  kept.reset();
}

TEST_F(SchedulerTest, ItsEndTellsWhatWaits) {
  submit(noted("nina"));
  scheduler_.reset();
  EXPECT_THAT(ran_, IsEmpty());
  EXPECT_THAT(told_["nina"], ElementsAre(Code::kUnavailable));
}

TEST_F(SchedulerTest, WhatIsToldMaySubmitAgain) {
  Task task = noted("nina", milliseconds(1));
  task.not_run = [&](const NotRun&) { submit(noted("again")); };
  submit(std::move(task));
  clock_.advance(milliseconds(1));
  run_all();
  EXPECT_THAT(ran_, ElementsAre("again"));
}

TEST_F(SchedulerTest, TheDrainRateOutlastsThatWhatWaitedWasGivenUp) {
  for (int i = 0; i < 3; ++i) submit(noted("nina"));
  clock_.advance(milliseconds(10));
  scheduler_->run_one();
  EXPECT_DOUBLE_EQ(scheduler_->statistics().drained_per_second, 100);
  scheduler_->cancel_agent("acme", "nina");
  clock_.advance(std::chrono::seconds(10));
  EXPECT_DOUBLE_EQ(scheduler_->statistics().drained_per_second, 100);
  const TaskId last = submit(noted("nina"));
  scheduler_->cancel(last);
  clock_.advance(std::chrono::seconds(10));
  EXPECT_DOUBLE_EQ(scheduler_->statistics().drained_per_second, 100);
}

TEST_F(SchedulerTest, CountsByClassWhatBecameOfWhat) {
  for (const TaskClass task_class : {TaskClass::kRead, TaskClass::kWrite, TaskClass::kWrite}) {
    Task task = noted("nina");
    task.task_class = task_class;
    task.cost = {3, 50};
    submit(std::move(task));
  }
  Statistics statistics = scheduler_->statistics();
  EXPECT_EQ(statistics.waiting, (Usage{3, 9, 150}));
  EXPECT_EQ(statistics.agents_waiting, 1);
  EXPECT_EQ(statistics.name_spaces_waiting, 1);
  clock_.advance(milliseconds(3));
  run_all();
  statistics = scheduler_->statistics();
  EXPECT_EQ(statistics.of(TaskClass::kRead).finished, 1);
  EXPECT_EQ(statistics.of(TaskClass::kWrite).admitted, 2);
  EXPECT_EQ(statistics.of(TaskClass::kWrite).finished, 2);
  EXPECT_EQ(statistics.of(TaskClass::kWrite).waited.count, 2);
  EXPECT_EQ(statistics.of(TaskClass::kWrite).waited.sum_us, 6'000);
  EXPECT_EQ(statistics.of(TaskClass::kMaintenance).admitted, 0);
  EXPECT_GT(statistics.drained_per_second, 0);
  EXPECT_EQ(statistics.in_flight, 0);
}

TEST(WaitHistogram, CountsByPowersOfTwo) {
  WaitHistogram histogram;
  EXPECT_EQ(histogram.quantile_us(0.5), 0);
  for (const int us : {0, 1, 2, 3, 4, 1000}) histogram.add(std::chrono::microseconds(us));
  histogram.add(-std::chrono::seconds(1));
  histogram.add(std::chrono::hours(10));
  EXPECT_EQ(histogram.buckets[0], 2);
  EXPECT_EQ(histogram.buckets[1], 1);
  EXPECT_EQ(histogram.buckets[2], 2);
  EXPECT_EQ(histogram.buckets[3], 1);
  EXPECT_EQ(histogram.buckets[10], 1);
  EXPECT_EQ(histogram.buckets[31], 1);
  EXPECT_EQ(histogram.count, 8);
  EXPECT_EQ(histogram.quantile_us(0), 1);
  EXPECT_EQ(histogram.quantile_us(0.5), 4);
  EXPECT_EQ(histogram.quantile_us(0.8), 1024);
  EXPECT_EQ(histogram.quantile_us(1), uint64_t{1} << 31);
}

}  // namespace
}  // namespace mnemo
