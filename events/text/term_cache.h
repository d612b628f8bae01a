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

// A table of fixed size (512 KiB, for some 24,000 words) with room for three of the words that fall on one place; a
// fourth replaces the oldest of them. It never answers for a word that it was not given: the word itself stands in the
// slot. Not thread-safe.
class TermCache {
 public:
  static constexpr size_t kWordBytesMax = 16;
  static_assert(kWordBytesMax <= kTokenPadding);

  // The hash of the word's term; `make()` computes it when it is not known. The word must be of 1 to kWordBytesMax
  // bytes without zeros, and readable for kTokenPadding bytes past its end.
  template <typename Make>
  uint32_t find(std::string_view word, Make make) {
    const auto [low, high] = load(word);
    Place& at = places_[place(low, high)];
    // All are looked at, for a branch on where the word stands would be guessed wrong too often.
    uint64_t found = 0;
    uint32_t known = 0;
    for (size_t i = 0; i < kWordsAPlace; ++i) {
      const uint64_t hit = ((at.low[i] ^ low) | (at.high[i] ^ high)) == 0 ? ~uint64_t{0} : 0;
      found |= hit;
      known |= at.term[i] & static_cast<uint32_t>(hit);
    }
    if (found != 0) [[likely]]
      return known;
    const uint32_t term = make();
    at.put(low, high, term);
    return term;
  }

 private:
  static constexpr int kPlaceBits = 13;
  static constexpr size_t kWordsAPlace = 3;

  // The word in two integers, zero bytes after its end.
  struct Packed {
    uint64_t low;
    uint64_t high;
  };
  // Fills a cache line. Empty slots are zeros, which no word is packed into.
  struct alignas(64) Place {
    std::array<uint64_t, kWordsAPlace> low{};
    std::array<uint64_t, kWordsAPlace> high{};
    std::array<uint32_t, kWordsAPlace> term{};

    // The oldest word makes room.
    void put(uint64_t new_low, uint64_t new_high, uint32_t new_term) {
      for (size_t i = kWordsAPlace - 1; i > 0; --i) {
        low[i] = low[i - 1];
        high[i] = high[i - 1];
        term[i] = term[i - 1];
      }
      low[0] = new_low;
      high[0] = new_high;
      term[0] = new_term;
    }
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

  std::vector<Place> places_ = std::vector<Place>(size_t{1} << kPlaceBits);
};

}  // namespace mnemo
