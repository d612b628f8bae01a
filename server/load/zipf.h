// File: server/load/zipf.h
// Zipf's law over the ranks 0 to n - 1: rank r is drawn in proportion to 1 / (r + 1)^exponent. An exponent of 0 makes
// all alike. 8 bytes a rank; a draw takes logarithmic time.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace mnemo {

class Zipf {
 public:
  // `ranks` is not 0, `exponent` not below 0.
  Zipf(size_t ranks, double exponent);

  size_t operator()(std::mt19937_64& random) const;

 private:
  std::vector<double> cumulative_;
};

}  // namespace mnemo
