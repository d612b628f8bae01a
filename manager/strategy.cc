#include "manager/strategy.h"

#include <fmt/format.h>

#include <utility>

#include "manager/fifo.h"
#include "manager/round_robin.h"

namespace mnemo {

// The length in front: no separator could be trusted not to be in a name.
std::string agent_key(std::string_view name_space, std::string_view agent_id) {
  return fmt::format("{}:{}{}", name_space.size(), name_space, agent_id);
}

Queued::Queued(Task waiting) : task(std::move(waiting)), agent_key(mnemo::agent_key(task.name_space, task.agent_id)) {}

std::string_view strategy_name(StrategyKind kind) {
  switch (kind) {
    case StrategyKind::kFifo: return "fifo";
    case StrategyKind::kRoundRobin: return "round_robin";
  }
  return "unknown";
}

Result<StrategyKind> parse_strategy(std::string_view name) {
  for (const StrategyKind kind : {StrategyKind::kFifo, StrategyKind::kRoundRobin}) {
    if (name == strategy_name(kind)) return kind;
  }
  return fail(Code::kInvalidArgument, fmt::format("no scheduling strategy '{}': take fifo or round_robin", name));
}

std::unique_ptr<Strategy> make_strategy(StrategyKind kind) {
  switch (kind) {
    case StrategyKind::kFifo: return std::make_unique<Fifo>();
    case StrategyKind::kRoundRobin: return std::make_unique<RoundRobin>();
  }
  return nullptr;
}

}  // namespace mnemo
