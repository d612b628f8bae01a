// File: events/text/term_cache.h
// Remembers the term hash of words lately seen, since stemming one costs ten times as much as all else about it.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "events/text/split.h"

namespace mnemo {

// A table of fixed size; a word that falls on the place of another replaces it. It never answers for a word that it
// was not given: the word itself stands in the table. Not thread-safe.
class TermCache {
 public:
  static constexpr size_t kWordBytesMax = 16;
  static_assert(kWordBytesMax <= kTokenPadding);

  // The hash of the word's term; `make()` computes it when it is not known. The word must be of 1 to kWordBytesMax
  // bytes without zeros, and readable for kTokenPadding bytes past its end.
  template <typename Make>
  uint32_t find(std::string_view word, Make make) {
    const auto [low, high] = load(word);
    Slot& slot = slots_[place(low, high)];
    if (slot.low != low || slot.high != high) [[unlikely]]
      slot = {low, high, make()};
    return slot.term;
  }

 private:
  static constexpr int kPlaceBits = 14;

  // The word in two integers, zero bytes after its end.
  struct Packed {
    uint64_t low;
    uint64_t high;
  };
  struct Slot {
    uint64_t low = 0;  // no word is packed into zeros
    uint64_t high = 0;
    uint32_t term = 0;
  };

  static Packed load(std::string_view word) {
    Packed packed;
    std::memcpy(&packed, word.data(), sizeof packed);
    packed.low &= kMasks[word.size() + 8];
    packed.high &= kMasks[word.size()];
    return packed;
  }
  static size_t place(uint64_t low, uint64_t high) {
    constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio
    const uint64_t mixed = (low * kOdd) ^ (high + (low >> 32));
    return static_cast<size_t>((mixed * kOdd) >> (64 - kPlaceBits));
  }

  // Entry 8 + n covers the first n of 8 bytes; the entries below, none.
  static constexpr std::array<uint64_t, kWordBytesMax + 8 + 1> kMasks = [] {
    std::array<uint64_t, kWordBytesMax + 8 + 1> masks{};
    for (size_t size = 1; size <= kWordBytesMax; ++size) masks[8 + size] = masks[7 + size] << 8 | 0xff;
    return masks;
  }();

  std::vector<Slot> slots_ = std::vector<Slot>(size_t{1} << kPlaceBits);
};

}  // namespace mnemo
