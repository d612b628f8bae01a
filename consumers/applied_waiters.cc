#include "consumers/applied_waiters.h"

#include <utility>

namespace mnemo {

uint64_t AppliedWaiters::wait(Reached reached, Done done) {
  uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_id_;
    waiting_.emplace(id, Waiter{std::move(reached), std::move(done)});
    count_.store(waiting_.size());
  }
  // Only now may one look: who publishes in between finds it waiting.
  published();
  return id;
}

bool AppliedWaiters::cancel(uint64_t id) {
  Waiter gone;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) return false;
  gone = std::move(at->second);
  waiting_.erase(at);
  count_.store(waiting_.size());
  return true;
}

void AppliedWaiters::published() {
  if (count_.load() == 0) return;
  for (const Told& told : take_told()) told.done(told.status);
}

std::vector<AppliedWaiters::Told> AppliedWaiters::take_told() {
  const Meta applied = projection_.applied();
  const std::optional<Error> halted = projection_.halted();
  std::vector<Told> told;
  const std::lock_guard lock(mutex_);
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const bool reached = at->second.reached(applied);
    if (!reached && !halted) {
      ++at;
      continue;
    }
    told.push_back({std::move(at->second.done), reached ? Status{} : Status(fail(*halted))});
    at = waiting_.erase(at);
  }
  count_.store(waiting_.size());
  return told;
}

}  // namespace mnemo
