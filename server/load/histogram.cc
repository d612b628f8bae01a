#include "server/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "events/result.h"

namespace mnemo {
namespace {

// log2 of the counters that a power of two is cut into. Below twice as many, each value has one of its own.
constexpr int kBits = 10;

int width_bits(uint64_t value) { return std::max(0, static_cast<int>(std::bit_width(value)) - (kBits + 1)); }

size_t index_of(uint64_t value) {
  const int width = width_bits(value);
  return (static_cast<size_t>(width) << kBits) + static_cast<size_t>(value >> width);
}

// The largest value that index_of() gives this index.
uint64_t last_of(size_t index) {
  const size_t power = index >> kBits;
  const auto width = static_cast<int>(power == 0 ? 0 : power - 1);
  const uint64_t step = index - (static_cast<size_t>(width) << kBits);
  return (step << width) + ((uint64_t{1} << width) - 1);
}

}  // namespace

void Histogram::record(uint64_t value) {
  const size_t index = index_of(value);
  if (index >= counters_.size()) counters_.resize(index + 1);
  ++counters_[index];
  ++count_;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::merge(const Histogram& other) {
  if (other.counters_.size() > counters_.size()) counters_.resize(other.counters_.size());
  for (size_t i = 0; i < other.counters_.size(); ++i) counters_[i] += other.counters_[i];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

uint64_t Histogram::percentile(double share) const {
  MNEMO_CHECK(share >= 0 && share <= 1);
  if (count_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  const uint64_t rank = std::clamp<uint64_t>(wanted, 1, count_);
  uint64_t seen = 0;
  size_t index = 0;
  while (seen + counters_[index] < rank) seen += counters_[index++];
  return std::min(last_of(index), max_);
}

}  // namespace mnemo
