#include "manager/task_queue.h"

#include <algorithm>

namespace mnemo {

std::optional<Refusal> TaskQueue::push(Owned& task, MonotonicTime now) {
  if (task->task.deadline <= now) return Refusal{NotRunCause::kExpired};
  if (auto refusal = admission_.enter(*task, now)) return refusal;
  Queued& queued = *task;
  queued.id = TaskId(++last_id_);
  if (queued.task.deadline != kNoDeadline) deadlines_.emplace(queued.task.deadline, queued.id);
  if (queued.task.not_before > now) {
    not_ready_.emplace(queued.task.not_before, queued.id);
  } else {
    make_ready(queued, now);
  }
  tasks_.emplace(queued.id.value, std::move(task));
  return std::nullopt;
}

void TaskQueue::make_ready(Queued& task, MonotonicTime now) {
  if (strategy_->depth() == 0) drain_rate_.began(now);
  task.arrival = ++last_arrival_;
  task.ready_at = std::max(now, task.task.not_before);
  strategy_->push(task);
}

void TaskQueue::wake(MonotonicTime now) {
  while (!not_ready_.empty() && not_ready_.begin()->first <= now) {
    Queued& task = *tasks_.at(not_ready_.begin()->second.value);
    not_ready_.erase(not_ready_.begin());
    make_ready(task, now);
  }
}

TaskQueue::Owned TaskQueue::pop(MonotonicTime now) {
  Queued* next = strategy_->pop();
  if (!next) return nullptr;
  drain_rate_.drained(std::max<uint64_t>(next->task.cost.items, 1), strategy_->depth() > 0, now);
  if (options_.shedder) options_.shedder->started(next->task.task_class, now - next->ready_at, now);
  return release(*next);
}

std::vector<TaskQueue::Owned> TaskQueue::take_expired(MonotonicTime now) {
  std::vector<Owned> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) expired.push_back(remove(deadlines_.begin()->second));
  return expired;
}

TaskQueue::Owned TaskQueue::remove(TaskId id) {
  const auto at = tasks_.find(id.value);
  if (at == tasks_.end()) return nullptr;
  Queued& task = *at->second;
  if (task.arrival != 0) strategy_->remove(task);
  note_depth();
  return release(task);
}

TaskQueue::Owned TaskQueue::release(Queued& task) {
  if (task.task.deadline != kNoDeadline) deadlines_.erase({task.task.deadline, task.id});
  if (task.arrival == 0) not_ready_.erase({task.task.not_before, task.id});
  admission_.leave(task);
  const auto at = tasks_.find(task.id.value);
  Owned owned = std::move(at->second);
  tasks_.erase(at);
  return owned;
}

std::vector<TaskQueue::Owned> TaskQueue::release_all(const std::vector<Queued*>& ready) {
  note_depth();
  std::vector<Owned> removed;
  removed.reserve(ready.size());
  for (Queued* task : ready) removed.push_back(release(*task));
  return removed;
}

template <typename Which>
void TaskQueue::remove_not_ready(const Which& which, std::vector<Owned>& removed) {
  std::vector<TaskId> found;
  for (const auto& [time, id] : not_ready_) {
    if (which(*tasks_.at(id.value))) found.push_back(id);
  }
  for (const TaskId id : found) removed.push_back(remove(id));
}

std::vector<TaskQueue::Owned> TaskQueue::remove_agent(std::string_view agent_key) {
  std::vector<Owned> removed = release_all(strategy_->remove_agent(agent_key));
  remove_not_ready([&](const Queued& task) { return task.agent_key == agent_key; }, removed);
  return removed;
}

std::vector<TaskQueue::Owned> TaskQueue::remove_operation(const OperationId& operation) {
  std::vector<Owned> removed = release_all(strategy_->remove_operation(operation));
  remove_not_ready([&](const Queued& task) { return task.task.operation == operation; }, removed);
  return removed;
}

std::vector<TaskQueue::Owned> TaskQueue::remove_all() {
  std::vector<Owned> removed = release_all(strategy_->remove_all());
  remove_not_ready([](const Queued&) { return true; }, removed);
  return removed;
}

std::vector<TaskQueue::Owned> TaskQueue::remove_not_ready() {
  std::vector<Owned> removed;
  remove_not_ready([](const Queued&) { return true; }, removed);
  return removed;
}

void TaskQueue::set_strategy(StrategyKind kind) {
  const std::vector<Queued*> waiting = strategy_->remove_all();
  strategy_ = make_strategy(kind);
  for (Queued* task : waiting) strategy_->push(*task);
}

std::optional<MonotonicTime> TaskQueue::next_event() const {
  std::optional<MonotonicTime> next;
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  if (!not_ready_.empty() && (!next || not_ready_.begin()->first < *next)) next = not_ready_.begin()->first;
  return next;
}

void TaskQueue::note_depth() {
  if (strategy_->depth() == 0) drain_rate_.ended();
}

uint32_t TaskQueue::retry_after_ms(MonotonicTime now) const {
  return mnemo::retry_after_ms(admission_.process(), drain_rate_.per_second(now));
}

void TaskQueue::describe(Statistics& statistics, MonotonicTime now) const {
  statistics.waiting = admission_.process();
  statistics.agents_waiting = admission_.agents();
  statistics.name_spaces_waiting = admission_.name_spaces();
  statistics.drained_per_second = drain_rate_.per_second(now).value_or(0);
  statistics.strategy = strategy_->kind();
}

}  // namespace mnemo
