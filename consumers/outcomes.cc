#include "consumers/outcomes.h"

#include <iterator>
#include <utility>
#include <vector>

namespace mnemo {

void Outcomes::expect(PartitionId partition, const Bytes16& event_id, const void* who, Done done) {
  std::unique_lock lock(mutex_);
  const auto halted = halted_.find(partition);
  if (halted != halted_.end()) {
    const Error why = halted->second;
    lock.unlock();
    done(fail(why));
    return;
  }
  waiting_.emplace(event_id, Waiting{partition, who, std::move(done)});
  count();
}

void Outcomes::drop(const Bytes16& event_id, const void* who) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = waiting_.equal_range(event_id);
  for (auto at = first; at != last;) at = at->second.who == who ? waiting_.erase(at) : std::next(at);
  count();
}

void Outcomes::deliver(Outcome outcome) {
  std::vector<Done> others;  // hardly ever any
  Done done;
  {
    const std::lock_guard lock(mutex_);
    const auto [first, last] = waiting_.equal_range(outcome.record_id);
    if (first == last) return;
    done = std::move(first->second.done);
    for (auto at = std::next(first); at != last; ++at) others.push_back(std::move(at->second.done));
    waiting_.erase(first, last);
    count();
  }
  for (const Done& other : others) other(outcome);
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
