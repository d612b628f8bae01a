#include "consumers/outcomes.h"

#include <utility>
#include <vector>

namespace mnemo {

void Outcomes::expect(PartitionId partition, const Bytes16& event_id, Done done) {
  std::unique_lock lock(mutex_);
  const auto halted = halted_.find(partition);
  if (halted != halted_.end()) {
    const Error why = halted->second;
    lock.unlock();
    done(fail(why));
    return;
  }
  waiting_.insert_or_assign(event_id, Waiting{partition, std::move(done)});
  count();
}

void Outcomes::drop(const Bytes16& event_id) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(event_id);
  count();
}

void Outcomes::deliver(Outcome outcome) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    const auto at = waiting_.find(outcome.record_id);
    if (at == waiting_.end()) return;
    done = std::move(at->second.done);
    waiting_.erase(at);
    count();
  }
  done(std::move(outcome));
}

void Outcomes::halt(PartitionId partition, const Error& why) {
  std::vector<Done> told;
  {
    const std::lock_guard lock(mutex_);
    halted_.insert_or_assign(partition, why);
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      if (at->second.partition != partition) {
        ++at;
        continue;
      }
      told.push_back(std::move(at->second.done));
      at = waiting_.erase(at);
    }
    count();
  }
  for (const Done& done : told) done(fail(why));
}

void Outcomes::resume(PartitionId partition) {
  const std::lock_guard lock(mutex_);
  halted_.erase(partition);
}

}  // namespace mnemo
