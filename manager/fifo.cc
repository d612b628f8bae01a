#include "manager/fifo.h"

namespace mnemo {

Queued* Fifo::pop() {
  if (waiting_.empty()) return nullptr;
  Queued* next = waiting_.front();
  waiting_.pop_front();
  return next;
}

template <typename Which>
std::vector<Queued*> Fifo::remove_if(const Which& which) {
  std::vector<Queued*> removed;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (!which(**at)) {
      ++at;
      continue;
    }
    removed.push_back(*at);
    at = waiting_.erase(at);
  }
  return removed;
}

std::vector<Queued*> Fifo::remove_agent(std::string_view agent_key) {
  return remove_if([&](const Queued& task) { return task.agent_key == agent_key; });
}

std::vector<Queued*> Fifo::remove_operation(const OperationId& operation) {
  return remove_if([&](const Queued& task) { return task.task.operation == operation; });
}

std::vector<Queued*> Fifo::remove_all() {
  return remove_if([](const Queued&) { return true; });
}

}  // namespace mnemo
