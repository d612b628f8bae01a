// File: server/load/histogram.h
// How often each value occurred, to three significant digits, in bounded memory: percentiles of any number of
// latencies, and of several histograms put together, which percentiles themselves cannot be.
//
// The method is that of Gil Tene's HdrHistogram: each power of two is cut into 1,024 counters of one width, so a value
// is known to within a thousandth of itself; below 2,048, exactly. At most 440 KiB, and only as much as the largest
// value needs. For one thread.
#pragma once

#include <cstdint>
#include <vector>

namespace mnemo {

class Histogram {
 public:
  void record(uint64_t value);
  void merge(const Histogram& other);

  uint64_t count() const { return count_; }
  // Exact; 0 where nothing was recorded.
  uint64_t min() const { return count_ == 0 ? 0 : min_; }
  uint64_t max() const { return max_; }
  double mean() const;

  // The least value that `share` (0 to 1) of those recorded do not exceed, rounded up to the end of its counter, and
  // never above max(). 0 where nothing was recorded.
  uint64_t percentile(double share) const;

 private:
  std::vector<uint64_t> counters_;
  uint64_t count_ = 0;
  uint64_t min_ = UINT64_MAX;
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace mnemo
