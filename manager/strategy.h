// File: manager/strategy.h
// Which of the waiting tasks is next.
//
// A strategy orders tasks that are its owner's; it neither runs nor frees them, and knows no time. It sees all that
// later ones decide by: class, cost, weight and agent. Not thread-safe: its owner locks. A task is in one strategy at
// a time, and lives at least as long as it is in it.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "manager/task.h"

namespace mnemo {

// A task that waits.
struct Queued {
  explicit Queued(Task waiting);

  Task task;
  const std::string agent_key;  // namespace and agent, told apart whatever they hold
  TaskId id;
  MonotonicTime ready_at;  // when it arrived, or was allowed to start; waiting is measured from here
  uint64_t arrival = 0;    // order of becoming ready, from 1; 0: not ready yet

  std::list<Queued*>::iterator place;  // the strategy's own
};

enum class StrategyKind : uint8_t {
  kFifo,        // strictly by arrival
  kRoundRobin,  // agents take turns, by arrival within one: whoever comes waits for one task of each other agent
};
std::string_view strategy_name(StrategyKind kind);
// INVALID_ARGUMENT, naming the strategies there are.
Result<StrategyKind> parse_strategy(std::string_view name);

class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual StrategyKind kind() const = 0;

  virtual void push(Queued& task) = 0;
  // The next task, which leaves; null when none waits.
  virtual Queued* pop() = 0;
  // Leaves out of turn. It must be in here.
  virtual void remove(Queued& task) = 0;
  virtual size_t depth() const = 0;

  // All that one agent, or one operation, has waiting; they leave. By arrival.
  virtual std::vector<Queued*> remove_agent(std::string_view agent_key) = 0;
  virtual std::vector<Queued*> remove_operation(const OperationId& operation) = 0;
  // Everything leaves, by arrival, so that another strategy takes over what has waited longest first.
  virtual std::vector<Queued*> remove_all() = 0;
};

std::unique_ptr<Strategy> make_strategy(StrategyKind kind);

// What Queued::agent_key holds.
std::string agent_key(std::string_view name_space, std::string_view agent_id);

}  // namespace mnemo
