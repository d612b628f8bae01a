#include "manager/statistics.h"

#include <algorithm>
#include <bit>

namespace mnemo {

void WaitHistogram::add(MonotonicSpan waited) {
  const auto us = std::max<int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(waited).count(), 0);
  const auto bucket = static_cast<size_t>(std::bit_width(static_cast<uint64_t>(us)));
  ++buckets[std::min(bucket, kBuckets - 1)];
  ++count;
  sum_us += static_cast<uint64_t>(us);
}

uint64_t WaitHistogram::quantile_us(double share) const {
  if (count == 0) return 0;
  const double wanted = share * static_cast<double>(count);
  uint64_t reached = 0;
  size_t bucket = 0;
  for (; bucket < kBuckets - 1; ++bucket) {
    reached += buckets[bucket];
    if (reached > 0 && static_cast<double>(reached) >= wanted) break;
  }
  return uint64_t{1} << bucket;
}

}  // namespace mnemo
