// File: server/load/schedule.h
// When the requests of an open loop are meant to start: evenly, at so many a second, whatever becomes of those before.
// Latency counted from then on holds the time that a request waited for its turn, which a loop that sends when the last
// answer came would leave out.
//
// Exact to the nanosecond, without drift. Plain data.
#pragma once

#include <cstdint>

#include "manager/monotonic_clock.h"

namespace mnemo {

class Schedule {
 public:
  // `per_second` is not 0.
  Schedule(MonotonicTime start, uint32_t per_second) : start_(start), per_second_(per_second) {}

  // The intended start of request `number`, the first being 0.
  MonotonicTime start_of(uint64_t number) const {
    const std::chrono::seconds whole(number / per_second_);
    return start_ + whole + std::chrono::nanoseconds(number % per_second_ * 1'000'000'000 / per_second_);
  }

  // How many are meant to start before `end`.
  uint64_t starts_before(MonotonicTime end) const {
    if (end <= start_) return 0;
    const auto whole = std::chrono::floor<std::chrono::seconds>(end - start_);
    uint64_t number = static_cast<uint64_t>(whole.count()) * per_second_;
    const auto rest = static_cast<uint64_t>(std::chrono::nanoseconds(end - start_ - whole).count());
    number += rest * per_second_ / 1'000'000'000;
    while (start_of(number) < end) ++number;
    return number;
  }

 private:
  MonotonicTime start_;
  uint32_t per_second_;
};

}  // namespace mnemo
