// File: projector/store/absent_keys.h
// Which keys have certainly never been written, for a writer that has seen every write since its rows were empty: so
// that a replay need not look into the database for keys that are new, as nearly all are.
//
// A Bloom filter of fixed size, one cache line a key. It only ever spares a read whose answer is known ("absent" is
// certain, anything else is read as usual), so no result depends on it. Writes that a dropped batch took back stay
// noted, which costs a read and nothing else. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mnemo {

class AbsentKeys {
 public:
  // From now on every written key is noted. Call when there are no rows.
  void start() { lines_.assign(size_t{1} << kLineBits, Line{}); }

  // `hash`: 64 well mixed bits of the key.
  void note(uint64_t hash) {
    if (lines_.empty()) return;
    if (++noted_ > kNotedMax) return stop();
    Line& line = lines_[hash >> (64 - kLineBits)];
    for (uint32_t i = 0; i < kBitsAKey; ++i) line[word(hash, i)] |= bit(hash, i);
  }

  // False when not started, or no longer of use.
  bool certainly_absent(uint64_t hash) const {
    if (lines_.empty()) return false;
    const Line& line = lines_[hash >> (64 - kLineBits)];
    for (uint32_t i = 0; i < kBitsAKey; ++i) {
      if ((line[word(hash, i)] & bit(hash, i)) == 0) return true;
    }
    return false;
  }

 private:
  using Line = std::array<uint64_t, 8>;
  static constexpr uint32_t kLineBits = 14;         // 1 MiB
  static constexpr uint32_t kBitsAKey = 5;          // of 9 hash bits each: the lower 45
  static constexpr uint64_t kNotedMax = 1'500'000;  // beyond, every tenth answer and more would be "look"

  static size_t word(uint64_t hash, uint32_t i) { return hash >> (9 * i + 6) & 7; }
  static uint64_t bit(uint64_t hash, uint32_t i) { return uint64_t{1} << (hash >> (9 * i) & 63); }

  void stop() { std::vector<Line>().swap(lines_); }

  std::vector<Line> lines_;  // empty: not started, or stopped
  uint64_t noted_ = 0;
};

}  // namespace mnemo
