// File: manager/scheduler.h
// Who runs next, on which thread, and who is told that it will not run.
//
//   Scheduler scheduler({.workers = 4}, clock);
//   Task task;
//   task.task_class = TaskClass::kWrite;
//   task.run = [&](const Running& running) { ... };
//   task.not_run = [&](const NotRun& why) { ... };
//   if (auto id = scheduler.submit(std::move(task)); !id) ... id.error() says why, and when to come again ...
//
// A task that was taken runs once or is told once why it does not; one that was refused is told by the refusal alone.
// It never starts at or after its deadline, and is told soon after that has passed, whether or not a worker is free.
// Without workers nothing happens by itself: run_one() and tend() do it, under a clock that a test moves.
//
// Thread-safe. Functions of tasks are called without a lock and may call anything here but drain() and the destructor.
#pragma once

#include <memory>
#include <thread>
#include <tl/expected.hpp>
#include <unordered_map>
#include <vector>

#include "events/mutex.h"
#include "manager/task_queue.h"

namespace mnemo {

struct SchedulerOptions {
  size_t workers = 4;           // threads that run tasks; one more watches deadlines. 0: none of either
  size_t in_flight_max = 1024;  // tasks that run, or have returned and keep their Running
  StrategyKind strategy = StrategyKind::kRoundRobin;
  AdmissionOptions admission{};
};

class Scheduler {
 public:
  // `clock`, and what `options` point to, must outlive the scheduler.
  Scheduler(SchedulerOptions options, const MonotonicClock& clock);
  // Tells what waits that it is draining, flags what is in flight as cancelled, and waits until it has ended.
  ~Scheduler();

  // Queues the task and returns; nothing is run here. An error says that it was not taken: `not_run` is not called.
  tl::expected<TaskId, NotRun> submit(Task task);

  // What waits is told CANCELLED, from here; what is in flight sees Running::cancelled(). How many there were of both.
  size_t cancel(TaskId id);
  size_t cancel_agent(std::string_view name_space, std::string_view agent_id);
  size_t cancel_operation(const OperationId& operation);

  // Takes nothing any more (UNAVAILABLE, also for what waits and is not ready), and waits until what it has taken has
  // ended. At the deadline, what still waits is told UNAVAILABLE and what is in flight is flagged as cancelled:
  // DEADLINE_EXCEEDED, with how many of each. Without workers the tasks run here.
  Status drain(MonotonicTime deadline);

  // While it runs; what waits keeps waiting, by arrival.
  void set_strategy(StrategyKind kind);
  Statistics statistics() const;

  // Runs the next task on this thread; false when none may run now.
  bool run_one();
  // Tells those whose deadline has passed, and readies those whose not_before has. Workers need not be told.
  void tend();

 private:
  struct Flight {
    TaskClass task_class;
    std::string agent_key;
    OperationId operation;
    Running::State* state;
  };
  using Owned = TaskQueue::Owned;
  // What was decided under the lock and is done without it: either of the two, or nothing.
  struct Turn {
    std::vector<Owned> expired;
    Owned next;
    std::shared_ptr<Running::State> state;
  };

  void work();
  void watch();
  bool await_work();
  bool await_event();
  bool may_run() const MNEMO_REQUIRES(mutex_);
  bool idle() const MNEMO_REQUIRES(mutex_) { return queue_.empty() && in_flight_.empty() && telling_ == 0; }
  void wake_watcher() MNEMO_REQUIRES(mutex_);
  std::shared_ptr<Running::State> depart(const Queued& task, MonotonicTime now) MNEMO_REQUIRES(mutex_);
  void drop(const std::vector<Owned>& tasks, NotRunCause cause) MNEMO_REQUIRES(mutex_);
  template <typename Which>
  size_t flag(const Which& which) MNEMO_REQUIRES(mutex_);
  ClassStatistics& counts(const Queued& task) MNEMO_REQUIRES(mutex_);
  Turn take_turn();
  void landed(TaskId id);
  void tell(std::vector<Owned> tasks, NotRunCause cause);
  bool await_idle(MonotonicTime deadline);
  Status give_up();

  const SchedulerOptions options_;
  const MonotonicClock& clock_;

  mutable Mutex mutex_;
  Condition work_;   // a task may run
  Condition watch_;  // the next event comes sooner than it did
  Condition ended_;  // something has landed, or left without having run
  TaskQueue queue_ MNEMO_GUARDED_BY(mutex_);
  std::unordered_map<uint64_t, Flight> in_flight_ MNEMO_GUARDED_BY(mutex_);  // by TaskId
  std::array<ClassStatistics, kTaskClasses> counts_ MNEMO_GUARDED_BY(mutex_);
  size_t telling_ MNEMO_GUARDED_BY(mutex_) = 0;  // tasks that have left and are being told so
  // Until when the watcher sleeps. It is not woken for what comes later: most tasks have started by then.
  MonotonicTime watched_until_ MNEMO_GUARDED_BY(mutex_) = MonotonicTime::min();
  bool draining_ MNEMO_GUARDED_BY(mutex_) = false;
  bool stopping_ MNEMO_GUARDED_BY(mutex_) = false;

  std::vector<std::jthread> threads_;
};

}  // namespace mnemo
