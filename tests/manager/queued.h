// File: tests/manager/queued.h
// Tasks that only wait, for tests of what orders and counts them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "manager/strategy.h"

namespace mnemo::manager_test {

inline Task task_of(const std::string& agent, const std::string& name_space = "acme") {
  Task task;
  task.name_space = name_space;
  task.agent_id = agent;
  task.run = [](const Running&) {};
  return task;
}

// Owns tasks and numbers them by arrival.
class Waiting {
 public:
  Queued& add(Task task) {
    tasks_.push_back(std::make_unique<Queued>(std::move(task)));
    tasks_.back()->id = TaskId(tasks_.size());
    tasks_.back()->arrival = tasks_.size();
    return *tasks_.back();
  }

 private:
  std::vector<std::unique_ptr<Queued>> tasks_;
};

inline std::vector<uint64_t> arrivals(const std::vector<Queued*>& tasks) {
  std::vector<uint64_t> numbers;
  for (const Queued* task : tasks) numbers.push_back(task->arrival);
  return numbers;
}

// What a strategy gives until it is empty.
inline std::vector<uint64_t> pop_all(Strategy& strategy) {
  std::vector<uint64_t> numbers;
  while (const Queued* next = strategy.pop()) numbers.push_back(next->arrival);
  return numbers;
}

}  // namespace mnemo::manager_test
