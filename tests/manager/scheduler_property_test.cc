#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "manager/scheduler.h"
#include "tests/manager/queued.h"

namespace mnemo {
namespace {

using manager_test::task_of;
using std::chrono::milliseconds;

// A scheduler under a random history, on one thread and a clock moved by hand, beside a list of what must hold.
class History {
 public:
  explicit History(uint64_t seed) : random_(seed), scheduler_(options(), clock_) {}

  void step() {
    switch (below(12)) {
      case 0: clock_.advance(milliseconds(below(20))); break;
      case 1: scheduler_.tend(); break;
      case 2: scheduler_.set_strategy(below(2) == 0 ? StrategyKind::kFifo : StrategyKind::kRoundRobin); break;
      case 3: cancel(); break;
      case 4: land(); break;
      case 5:
      case 6:
      case 7: scheduler_.run_one(); break;
      default: submit(); break;
    }
    check_sums();
  }

  // Nothing may be left: everyone that was taken has run or has been told, and the bounds are free again.
  void end() {
    kept_.clear();
    keeps_ = false;
    static_cast<void>(scheduler_.drain(clock_.now() + milliseconds(below(30))));
    kept_.clear();
    for (const Fate& fate : fates_) EXPECT_EQ(fate.ends, 1);
    EXPECT_EQ(scheduler_.statistics().waiting, Usage{});
    EXPECT_EQ(scheduler_.statistics().in_flight, 0);
    check_sums();
  }

 private:
  struct Fate {
    int ends = 0;  // how often it ran or was told
    MonotonicTime not_before;
    MonotonicTime deadline;
    TaskId id;
  };

  static SchedulerOptions options() {
    return {.workers = 0,
            .in_flight_max = 5,
            .admission = {.process = {60, 6'000}, .name_space = {45, 4'500}, .agent = {20, 2'000}}};
  }
  uint64_t below(uint64_t bound) { return random_() % bound; }

  void submit() {
    fates_.emplace_back();
    Fate& fate = fates_.back();
    Task task = task_of("agent " + std::to_string(below(4)), "space " + std::to_string(below(3)));
    task.task_class = static_cast<TaskClass>(below(kTaskClasses));
    task.operation = OperationId{static_cast<uint8_t>(below(6))};
    task.cost = {below(4), below(400)};
    if (below(2) == 0) task.deadline = clock_.now() + milliseconds(below(40));
    if (below(4) == 0) task.not_before = clock_.now() + milliseconds(below(40));
    fate.deadline = task.deadline;
    fate.not_before = task.not_before;
    task.run = [this, &fate](const Running& running) {
      ++fate.ends;
      EXPECT_LT(clock_.now(), fate.deadline) << "ran after its deadline";
      EXPECT_GE(clock_.now(), fate.not_before) << "ran before it was ready";
      if (keeps_ && below(3) == 0) kept_.push_back(running);
    };
    task.not_run = [this, &fate](const NotRun& why) {
      ++fate.ends;
      EXPECT_TRUE(why.cause != NotRunCause::kExpired || clock_.now() >= fate.deadline) << "told too early";
    };
    const auto taken = scheduler_.submit(std::move(task));
    if (taken) {
      fate.id = *taken;
      return;
    }
    EXPECT_EQ(fate.ends, 0) << "refused and told";
    fate.ends = 1;
  }

  void cancel() {
    switch (below(4)) {
      case 0: scheduler_.cancel_agent("space 0", "agent " + std::to_string(below(4))); break;
      case 1: scheduler_.cancel_operation(OperationId{static_cast<uint8_t>(1 + below(5))}); break;
      default:
        if (!fates_.empty()) scheduler_.cancel(fates_[below(fates_.size())].id);
        break;
    }
  }

  void land() {
    if (kept_.empty()) return;
    std::swap(kept_[below(kept_.size())], kept_.back());
    kept_.pop_back();
  }

  void check_sums() {
    const Statistics statistics = scheduler_.statistics();
    uint64_t admitted = 0;
    uint64_t accounted = statistics.waiting.tasks;
    uint64_t flying = statistics.in_flight;
    for (const ClassStatistics& each : statistics.classes) {
      admitted += each.admitted;
      accounted += each.started;
      for (const uint64_t dropped : each.dropped) accounted += dropped;
      flying += each.finished - each.started;
      EXPECT_EQ(each.waited.count, each.started);
    }
    EXPECT_EQ(admitted, accounted);
    EXPECT_EQ(flying, 0);
    EXPECT_LE(statistics.waiting.items, 60);
    EXPECT_LE(statistics.waiting.bytes, 6'000);
    EXPECT_LE(statistics.in_flight, 5);
  }

  std::mt19937_64 random_;
  ManualMonotonicClock clock_;
  std::deque<Fate> fates_;     // stay where they are
  std::vector<Running> kept_;  // what goes on after its function has returned
  bool keeps_ = true;
  Scheduler scheduler_;
};

TEST(SchedulerProperty, NothingTakenIsLostToldTwiceOrRunAfterItsDeadline) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    for (int step = 0; step < 1'000; ++step) history.step();
    history.end();
    if (::testing::Test::HasFailure()) return;
  }
}

// Under FIFO, whatever happens beside, those that run do so in the order in which they came.
TEST(SchedulerProperty, FifoRunsByArrivalWhateverIsCancelledOrExpires) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    ManualMonotonicClock clock;
    Scheduler scheduler({.workers = 0, .strategy = StrategyKind::kFifo}, clock);
    uint64_t last = 0;
    uint64_t ran = 0;
    for (uint64_t number = 1; number <= 2'000; ++number) {
      Task task = task_of("agent " + std::to_string(random() % 5));
      task.task_class = static_cast<TaskClass>(random() % kTaskClasses);
      if (random() % 3 == 0) task.deadline = clock.now() + milliseconds(1 + random() % 9);
      task.run = [&, number](const Running&) {
        EXPECT_GT(number, last);
        last = number;
        ++ran;
      };
      ASSERT_TRUE(scheduler.submit(std::move(task)));
      if (random() % 4 == 0) scheduler.cancel(TaskId(1 + random() % number));
      if (random() % 5 == 0) clock.advance(milliseconds(random() % 3));
      if (random() % 2 == 0) scheduler.run_one();
    }
    EXPECT_TRUE(scheduler.drain(kNoDeadline));
    EXPECT_GT(ran, 500);
  }
}

// Under round-robin, between coming and running, no other agent runs twice.
TEST(SchedulerProperty, RoundRobinLetsNoOtherAgentRunTwiceBeforeOneThatHasNothingElse) {
  const uint64_t seed = 23;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  ManualMonotonicClock clock;
  Scheduler scheduler({.workers = 0, .admission = {.agent = {20'000, 1 << 20}}}, clock);
  std::vector<int> runs(20);
  const auto submit = [&](size_t agent, std::function<void()> run) {
    Task task = task_of("agent " + std::to_string(agent));
    task.run = [&runs, agent, run = std::move(run)](const Running&) {
      ++runs[agent];
      if (run) run();
    };
    ASSERT_TRUE(scheduler.submit(std::move(task)));
  };
  for (int i = 0; i < 10'000; ++i) submit(0, {});
  for (int round = 0; round < 300; ++round) {
    for (uint64_t i = random() % 10; i > 0; --i) submit(1 + random() % 18, {});
    const std::vector<int> before(runs.begin(), runs.end());
    bool ran = false;
    submit(19, [&ran] { ran = true; });
    for (int turn = 0; turn < 20 && !ran; ++turn) ASSERT_TRUE(scheduler.run_one());
    ASSERT_TRUE(ran) << "twenty agents, and more than twenty turns";
    for (size_t agent = 0; agent < 19; ++agent) ASSERT_LE(runs[agent] - before[agent], 1) << "agent " << agent;
  }
  EXPECT_TRUE(scheduler.drain(kNoDeadline));
}

}  // namespace
}  // namespace mnemo
