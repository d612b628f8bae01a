// File: manager/round_robin.h
// Agents take turns: one task each, by arrival within an agent. Who comes waits behind at most one task of each agent
// that waits already, however many these have. push, pop and remove cost the same at any depth.
#pragma once

#include <string>
#include <unordered_map>

#include "manager/strategy.h"

namespace mnemo {

class RoundRobin final : public Strategy {
 public:
  StrategyKind kind() const override { return StrategyKind::kRoundRobin; }
  void push(Queued& task) override;
  Queued* pop() override;
  void remove(Queued& task) override;
  size_t depth() const override { return depth_; }

  // Costs what the agent has waiting; the other two look at everything.
  std::vector<Queued*> remove_agent(std::string_view agent_key) override;
  std::vector<Queued*> remove_operation(const OperationId& operation) override;
  std::vector<Queued*> remove_all() override;

 private:
  // What one agent has waiting. There is one only while that is something, so idle agents cost nothing.
  struct Lane {
    std::list<Queued*> waiting;
    std::list<Lane*>::iterator turn;
  };
  using Lanes = std::unordered_map<std::string, Lane>;  // nodes stay where they are

  void close_if_empty(Lanes::iterator lane);

  Lanes lanes_;             // by agent_key
  std::list<Lane*> turns_;  // the first is next; whoever had its turn goes to the end
  size_t depth_ = 0;
};

}  // namespace mnemo
