#include "manager/round_robin.h"

#include <algorithm>
#include <iterator>

namespace mnemo {

namespace {

bool arrived_before(const Queued* a, const Queued* b) { return a->arrival < b->arrival; }

}  // namespace

void RoundRobin::push(Queued& task) {
  const auto [lane, opened] = lanes_.try_emplace(task.agent_key);
  if (opened) lane->second.turn = turns_.insert(turns_.end(), &lane->second);
  task.place = lane->second.waiting.insert(lane->second.waiting.end(), &task);
  ++depth_;
}

Queued* RoundRobin::pop() {
  if (turns_.empty()) return nullptr;
  Lane& lane = *turns_.front();
  Queued* next = lane.waiting.front();
  turns_.splice(turns_.end(), turns_, lane.turn);
  remove(*next);
  return next;
}

void RoundRobin::remove(Queued& task) {
  const auto lane = lanes_.find(task.agent_key);
  lane->second.waiting.erase(task.place);
  --depth_;
  close_if_empty(lane);
}

void RoundRobin::close_if_empty(Lanes::iterator lane) {
  if (!lane->second.waiting.empty()) return;
  turns_.erase(lane->second.turn);
  lanes_.erase(lane);
}

std::vector<Queued*> RoundRobin::remove_agent(std::string_view agent_key) {
  const auto lane = lanes_.find(std::string(agent_key));
  if (lane == lanes_.end()) return {};
  std::vector<Queued*> removed(lane->second.waiting.begin(), lane->second.waiting.end());
  lane->second.waiting.clear();
  depth_ -= removed.size();
  close_if_empty(lane);
  return removed;
}

std::vector<Queued*> RoundRobin::remove_operation(const OperationId& operation) {
  std::vector<Queued*> removed;
  for (const Lane* lane : turns_) {
    std::copy_if(lane->waiting.begin(), lane->waiting.end(), std::back_inserter(removed),
                 [&](const Queued* task) { return task->task.operation == operation; });
  }
  for (Queued* task : removed) remove(*task);
  std::sort(removed.begin(), removed.end(), arrived_before);
  return removed;
}

std::vector<Queued*> RoundRobin::remove_all() {
  std::vector<Queued*> removed;
  removed.reserve(depth_);
  for (const Lane* lane : turns_) removed.insert(removed.end(), lane->waiting.begin(), lane->waiting.end());
  turns_.clear();
  lanes_.clear();
  depth_ = 0;
  std::sort(removed.begin(), removed.end(), arrived_before);
  return removed;
}

}  // namespace mnemo
