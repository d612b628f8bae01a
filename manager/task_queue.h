// File: manager/task_queue.h
// What waits: the tasks themselves, their bounds, their deadlines, their order. The scheduler without its threads.
//
// A task that is not ready (not_before) counts against the bounds and takes no turns. Every task that entered leaves
// once, through one of the functions that return it. Not thread-safe: its owner locks, tells nobody while it does, and
// frees what it got after it did. Costs: a turn of the strategy, and log(n) for a task with a deadline or not_before.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "manager/admission.h"
#include "manager/drain_rate.h"
#include "manager/statistics.h"
#include "manager/strategy.h"

namespace mnemo {

class TaskQueue {
 public:
  using Owned = std::unique_ptr<Queued>;

  TaskQueue(AdmissionOptions admission, StrategyKind strategy)
      : options_(admission), admission_(admission), strategy_(make_strategy(strategy)) {}

  // Takes the task and gives it an id; when it is refused, `task` stays with the caller.
  std::optional<Refusal> push(Owned& task, MonotonicTime now);

  // Tasks whose deadline has come, which leave.
  std::vector<Owned> take_expired(MonotonicTime now);
  // Lets those take turns whose not_before has come.
  void wake(MonotonicTime now);
  // The next one, or null when none is ready. Call the two above first.
  Owned pop(MonotonicTime now);

  Owned remove(TaskId id);  // null when it does not wait
  std::vector<Owned> remove_agent(std::string_view agent_key);
  std::vector<Owned> remove_operation(const OperationId& operation);
  std::vector<Owned> remove_not_ready();
  std::vector<Owned> remove_all();

  // Those who wait go on by arrival, under another strategy.
  void set_strategy(StrategyKind kind);

  bool empty() const { return tasks_.empty(); }
  size_t ready() const { return strategy_->depth(); }
  // When take_expired() or wake() has something to do next.
  std::optional<MonotonicTime> next_event() const;
  uint32_t retry_after_ms(MonotonicTime now) const;
  void describe(Statistics& statistics, MonotonicTime now) const;

 private:
  using Times = std::set<std::pair<MonotonicTime, TaskId>>;

  void make_ready(Queued& task, MonotonicTime now);
  // The task has left the strategy; it leaves everything else.
  Owned release(Queued& task);
  std::vector<Owned> release_all(const std::vector<Queued*>& ready);
  template <typename Which>
  void remove_not_ready(const Which& which, std::vector<Owned>& removed);
  void note_depth();

  const AdmissionOptions options_;
  Admission admission_;
  DrainRate drain_rate_;
  std::unique_ptr<Strategy> strategy_;         // of those that are ready
  std::unordered_map<uint64_t, Owned> tasks_;  // all, by TaskId
  Times deadlines_;                            // of all that have one
  Times not_ready_;                            // by not_before
  uint64_t last_id_ = 0;
  uint64_t last_arrival_ = 0;
};

}  // namespace mnemo
