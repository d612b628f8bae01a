// File: manager/fifo.h
// Strictly by arrival, whoever asks and whatever for. push, pop and remove cost the same at any depth.
#pragma once

#include "manager/strategy.h"

namespace mnemo {

class Fifo final : public Strategy {
 public:
  StrategyKind kind() const override { return StrategyKind::kFifo; }
  void push(Queued& task) override { task.place = waiting_.insert(waiting_.end(), &task); }
  Queued* pop() override;
  void remove(Queued& task) override { waiting_.erase(task.place); }
  size_t depth() const override { return waiting_.size(); }

  // These two look at everything that waits.
  std::vector<Queued*> remove_agent(std::string_view agent_key) override;
  std::vector<Queued*> remove_operation(const OperationId& operation) override;
  std::vector<Queued*> remove_all() override;

 private:
  template <typename Which>
  std::vector<Queued*> remove_if(const Which& which);

  std::list<Queued*> waiting_;
};

}  // namespace mnemo
