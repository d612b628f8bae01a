#include "server/load/zipf.h"

#include <algorithm>
#include <cmath>

#include "events/result.h"

namespace mnemo {

Zipf::Zipf(size_t ranks, double exponent) {
  MNEMO_CHECK(ranks > 0 && exponent >= 0);
  cumulative_.reserve(ranks);
  double sum = 0;
  for (size_t rank = 1; rank <= ranks; ++rank) {
    sum += 1 / std::pow(static_cast<double>(rank), exponent);
    cumulative_.push_back(sum);
  }
}

size_t Zipf::operator()(std::mt19937_64& random) const {
  const double at = std::uniform_real_distribution<double>(0, cumulative_.back())(random);
  const auto found = std::lower_bound(cumulative_.begin(), cumulative_.end(), at);
  return static_cast<size_t>(std::min(found, cumulative_.end() - 1) - cumulative_.begin());
}

}  // namespace mnemo
