#include "manager/drain_rate.h"

#include <algorithm>
#include <cmath>

namespace mnemo {

namespace {

constexpr double kMemorySeconds = 1;       // after that long, what was measured counts 1/e
constexpr double kShortestSeconds = 1e-6;  // a clock that has not moved does not make a rate infinite

}  // namespace

DrainRate::Sums DrainRate::at(MonotonicTime now) const {
  if (!since_ || now <= *since_) return sums_;
  const double passed = std::chrono::duration<double>(now - *since_).count();
  const double kept = std::exp(-passed / kMemorySeconds);
  return {sums_.items * kept, sums_.seconds * kept + passed};
}

void DrainRate::drained(uint64_t items, bool more_waits, MonotonicTime now) {
  sums_ = at(now);
  sums_.items += static_cast<double>(items);
  since_ = more_waits ? std::optional(now) : std::nullopt;
}

std::optional<double> DrainRate::per_second(MonotonicTime now) const {
  const Sums sums = at(now);
  if (sums.items <= 0) return std::nullopt;
  return sums.items / std::max(sums.seconds, kShortestSeconds);
}

}  // namespace mnemo
