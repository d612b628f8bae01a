// File: manager/task.h
// A unit of work that waits for its turn: who it is for, what it costs, until when it makes sense, and what to call.
//
// What the work does is unknown here. Exactly one of `run` and `not_run` is called, once, for every task that a
// Scheduler has taken. All but Running are plain data.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "events/ids.h"
#include "events/result.h"
#include "manager/monotonic_clock.h"

namespace mnemo {

// Number of a task in its scheduler, from 1, in the order in which they were taken.
using TaskId = StrongInt<struct TaskTag, uint64_t>;
// What several tasks belong to, by the id that an operation has on the log; all zeros: nothing.
using OperationId = Bytes16;

// Who waits for it: a person or an agent in a conversation, a caller who wants it kept, nobody.
enum class TaskClass : uint8_t { kRead, kWrite, kMaintenance };
inline constexpr size_t kTaskClasses = 3;
std::string_view task_class_name(TaskClass task_class);

// An estimate, made where the work is known. Bounds on what may wait are sums of these.
struct Cost {
  uint64_t items = 1;  // memories, rows or the like; 0 counts as 1
  uint64_t bytes = 0;  // of memory that the task holds while it waits
};

// Why a task did not run. The first group is refused at the door, and nothing of the task is kept; kExpired and
// kDraining come at the door and later; kCancelled comes later.
enum class NotRunCause : uint8_t {
  kProcessItems,
  kProcessBytes,
  kNamespaceItems,
  kNamespaceBytes,
  kAgentItems,
  kAgentBytes,
  kShed,      // what adapts to load sheds this class now
  kTooLarge,  // costs more than a bound even when nothing else waits
  kDraining,
  kExpired,
  kCancelled,
};
inline constexpr size_t kNotRunCauses = 11;
std::string_view not_run_cause_name(NotRunCause cause);

// RESOURCE_EXHAUSTED (retryable)  one of the bounds, or shed; retry_after_ms says when there should be room
// INVALID_ARGUMENT                too large
// UNAVAILABLE (retryable)         draining
// DEADLINE_EXCEEDED (retryable)   the deadline passed before it ran: nothing was done
// CANCELLED
struct NotRun {
  NotRunCause cause;
  Error error;
  uint32_t retry_after_ms = 0;  // 0: nothing is known
};

// What a running function has of its task. Copies share it; the task is in flight until the last one is gone, so a
// function that only starts something (an append) keeps a copy until that has ended. Thread-safe.
class Running {
 public:
  // Nobody wants the result any more: end soon. What has been done stays done.
  bool cancelled() const { return state_->cancelled.load(std::memory_order_relaxed); }
  MonotonicTime deadline() const { return state_->deadline; }

 private:
  friend class Scheduler;
  struct State {
    MonotonicTime deadline;
    std::atomic<bool> cancelled{false};
  };
  explicit Running(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

inline constexpr MonotonicTime kNoDeadline = MonotonicTime::max();

struct Task {
  TaskClass task_class = TaskClass::kRead;
  std::string name_space;
  std::string agent_id;     // empty: the namespace itself, which takes turns like an agent of it
  OperationId operation{};  // cancel_operation() finds it by this
  Cost cost;
  uint32_t weight = 1;                   // share beside others of its class, for strategies that weigh
  MonotonicTime not_before{};            // for retries: until then it waits without taking turns
  MonotonicTime deadline = kNoDeadline;  // it never starts at or after it

  // Both are called without a lock held, may call the scheduler, and must not throw. `not_run` must be quick.
  std::function<void(const Running&)> run;
  std::function<void(const NotRun&)> not_run;  // empty: nobody asks
};

}  // namespace mnemo
