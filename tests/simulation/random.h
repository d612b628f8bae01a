// File: tests/simulation/random.h
// The one source of chance: the same numbers on every platform, which the standard library's distributions do not
// promise.
#pragma once

#include <cstdint>
#include <random>
#include <span>

namespace mnemo::simulation {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t next() { return engine_(); }
  // 0 to below - 1; `below` > 0.
  uint64_t below(uint64_t below) { return engine_() % below; }
  uint64_t between(uint64_t least, uint64_t most) { return least + below(most - least + 1); }
  bool per_mille(uint32_t chance) { return below(1000) < chance; }
  // The number of an entry, drawn by weight.
  size_t weighted(std::span<const uint32_t> weights) {
    uint64_t total = 0;
    for (const uint32_t weight : weights) total += weight;
    uint64_t at = below(total);
    size_t i = 0;
    while (at >= weights[i]) at -= weights[i++];
    return i;
  }
  template <typename Container>
  const auto& pick(const Container& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace mnemo::simulation
