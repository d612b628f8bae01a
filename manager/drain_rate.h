// File: manager/drain_rate.h
// How fast a queue empties, measured while something waits: an idle hour says nothing about how fast work is done.
//
// A mean over the last second or so of waiting, older times counting exponentially less. Not thread-safe.
#pragma once

#include <optional>

#include "manager/monotonic_clock.h"

namespace mnemo {

class DrainRate {
 public:
  // Something waits, after nothing did.
  void began(MonotonicTime now) { since_ = now; }
  // So many items left to be worked on. `more_waits`: something waits still.
  void drained(uint64_t items, bool more_waits, MonotonicTime now);
  // Nothing waits any more, without work having been done.
  void ended() { since_.reset(); }

  // Items a second; a standstill that lasts lowers it. nullopt until something has drained.
  std::optional<double> per_second(MonotonicTime now) const;

 private:
  struct Sums {
    double items = 0;
    double seconds = 0;
  };
  Sums at(MonotonicTime now) const;

  Sums sums_;
  std::optional<MonotonicTime> since_;  // up to when sums_ counts; empty: nothing waits
};

}  // namespace mnemo
