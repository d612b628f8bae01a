// File: manager/monotonic_clock.h
// Time that never goes back, as a dependency: deadlines, waiting times and drain rates are measured with it.
#pragma once

#include <atomic>
#include <chrono>

namespace mnemo {

using MonotonicTime = std::chrono::steady_clock::time_point;
using MonotonicSpan = std::chrono::steady_clock::duration;

// Thread-safe.
class MonotonicClock {
 public:
  virtual ~MonotonicClock() = default;
  virtual MonotonicTime now() const = 0;
};

class SteadyClock final : public MonotonicClock {
 public:
  MonotonicTime now() const override { return std::chrono::steady_clock::now(); }
};

// Stands still until told otherwise: for tests and the simulation.
class ManualMonotonicClock final : public MonotonicClock {
 public:
  MonotonicTime now() const override { return MonotonicTime(MonotonicSpan(now_.load())); }
  void advance(MonotonicSpan by) { now_.fetch_add(by.count()); }

 private:
  // Not at zero, so that a time before the first one can be named.
  std::atomic<MonotonicSpan::rep> now_{MonotonicSpan(std::chrono::hours(1)).count()};
};

}  // namespace mnemo
