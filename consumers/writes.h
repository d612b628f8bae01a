// File: consumers/writes.h
// Writes under way: what an append and a projection tell of the same events, brought together.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "events/log.h"
#include "projector/outcome.h"

namespace mnemo {

// A write that is durable, and what became of it.
struct Written {
  Position position;
  Outcome outcome;
};

// Called once for each of several writes, with its number.
using WriteDone = std::function<void(size_t number, Result<Written>)>;

// The events of one append. An event needs its position, from the append, and its outcome, from the projection; they
// come in either order and from different threads. Thread-safe; `done` is called by whoever brings the second half.
class Writes {
 public:
  Writes(std::vector<Bytes16> event_ids, WriteDone done)
      : event_ids_(std::move(event_ids)), slots_(event_ids_.size()), done_(std::move(done)) {}

  // In the order of the numbers.
  const std::vector<Bytes16>& event_ids() const { return event_ids_; }

  // The append has ended. An error is told for every event.
  void appended(const Result<std::vector<Appended>>& appended);
  // An error is the one that halted the event's partition: told is UNAVAILABLE, with the position.
  void decided(size_t number, Result<Outcome> outcome);
  // nullopt: not known to be durable.
  std::optional<Position> position(size_t number) const;

 private:
  struct Slot {
    std::optional<Position> position;
    std::optional<Result<Outcome>> outcome;
    bool told = false;
  };
  void tell(size_t number, const Position& position, Result<Outcome> outcome) const;

  const std::vector<Bytes16> event_ids_;
  mutable std::mutex mutex_;
  std::vector<Slot> slots_;  // guarded by mutex_
  const WriteDone done_;
};

}  // namespace mnemo
