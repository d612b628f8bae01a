// File: server/service/operations.h
// Operations of several steps, one after the other on a thread of their own, and on again after what cut them off.
//
// Each is on the log before its first step, so the thread does one for as long as its caller waits; what is left, or
// was left by a process before this one, it goes on with by itself, with pauses while a partition stands still.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "consumers/operations.h"
#include "manager/scheduler.h"

namespace mnemo {

class Operations {
 public:
  // `node` and `clock`, of which deadlines are, outlive it.
  Operations(Node& node, const MonotonicClock& clock);

  // Goes on with what is running, from now on until nothing is.
  void resume();
  // Takes nothing any more, and waits for what it does. At the deadline that is left where it is: on the log.
  void stop(MonotonicTime deadline) { static_cast<void>(scheduler_.drain(deadline)); }
  // The clock was moved by hand.
  void look_at_clock() { scheduler_.tend(); }

  struct Policy {
    PolicyRequest policy;
    std::string key;
    v1::Envelope by;  // OperationRunner::start_policy()
  };
  // `done` is called once: as OperationRunner::set_policy() returns, or with why its turn did not come.
  using Done = std::function<void(Result<Operation>)>;
  void set_policy(Policy policy, MonotonicTime deadline, Done done);

  // Node::activate_rules(); `done` is called once.
  using Activated = std::function<void(Result<std::vector<PartitionId>>)>;
  void activate_rules(MonotonicTime deadline, Activated done);

  const OperationRunner& journal() const { return runner_; }

 private:
  template <typename Value>
  void enqueue(MonotonicTime deadline, std::function<void(Result<Value>)> done,
               std::function<Result<Value>(const Running&)> run);
  template <typename Value>
  Result<Value> in_slices(const Running& running, const std::function<Result<Value>(Deadline)>& step) const;
  Result<Operation> run_policy(const Policy& policy, const Running& running);
  void resume_after(MonotonicSpan pause);
  void resume_once(MonotonicSpan pause, const Running& running);

  Node& node_;
  const MonotonicClock& clock_;
  OperationRunner runner_;
  std::atomic<bool> resuming_{false};  // a turn for it is waiting or has come
  Scheduler scheduler_;                // last: what it runs uses the others
};

}  // namespace mnemo
