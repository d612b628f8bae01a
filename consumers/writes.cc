#include "consumers/writes.h"

#include <fmt/format.h>

namespace mnemo {

void Writes::tell(size_t number, const Position& position, Result<Outcome> outcome) const {
  if (outcome) {
    done_(number, Written{position, *std::move(outcome)});
    return;
  }
  done_(number,
        fail(Code::kUnavailable,
             fmt::format("the write is durable at {} and not applied: its partition has halted ({}). It will be "
                         "applied when the partition goes on: ask again with the same key",
                         to_string(position), outcome.error().message),
             true));
}

void Writes::appended(const Result<std::vector<Appended>>& appended) {
  std::vector<size_t> now;
  {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      if (appended) slot.position = (*appended)[i].position;
      const bool ready = !slot.told && (!appended || slot.outcome);
      if (!ready) continue;
      slot.told = true;
      now.push_back(i);
    }
  }
  for (const size_t i : now) {
    if (!appended) {
      done_(i, fail(appended.error()));
    } else {
      tell(i, *slots_[i].position, *std::move(slots_[i].outcome));
    }
  }
}

void Writes::decided(size_t number, Result<Outcome> outcome) {
  std::optional<Position> position;
  {
    const std::lock_guard lock(mutex_);
    Slot& slot = slots_[number];
    if (slot.told) return;
    if (!slot.position) {
      slot.outcome = std::move(outcome);
      return;
    }
    slot.told = true;
    position = slot.position;
  }
  tell(number, *position, std::move(outcome));
}

std::optional<Position> Writes::position(size_t number) const {
  const std::lock_guard lock(mutex_);
  return slots_[number].position;
}

}  // namespace mnemo
