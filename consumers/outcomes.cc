#include "consumers/outcomes.h"

namespace mnemo {

void Outcomes::expect(const Bytes16& event_id, Done done) {
  const std::lock_guard lock(mutex_);
  waiting_.insert_or_assign(event_id, std::move(done));
  expected_.store(waiting_.size(), std::memory_order_release);
}

void Outcomes::drop(const Bytes16& event_id) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(event_id);
  expected_.store(waiting_.size(), std::memory_order_release);
}

void Outcomes::deliver(const Outcome& outcome) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    const auto at = waiting_.find(outcome.record_id);
    if (at == waiting_.end()) return;
    done = std::move(at->second);
    waiting_.erase(at);
    expected_.store(waiting_.size(), std::memory_order_release);
  }
  done(outcome);
}

}  // namespace mnemo
