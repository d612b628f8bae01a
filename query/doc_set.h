// File: query/doc_set.h
// Walking over a DocSet a word at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "projector/store/index.h"

namespace mnemo {

// Calls `visit(doc)` in ascending order. `visit` may erase the document it was given from the set.
template <typename Visit>
void for_each_doc(const DocSet& set, Visit visit) {
  for (size_t i = 0; i < set.words().size(); ++i) {
    for (uint64_t word = set.words()[i]; word != 0; word &= word - 1) {
      visit(static_cast<uint32_t>(i * 64) + static_cast<uint32_t>(std::countr_zero(word)));
    }
  }
}

// The same for documents in [first, end).
template <typename Visit>
void for_each_doc_in(const DocSet& set, uint32_t first, uint32_t end, Visit visit) {
  for (uint32_t at = first; at < end; at = (at / 64 + 1) * 64) {
    uint64_t word = set.words()[at / 64] >> (at % 64) << (at % 64);
    if (end - at / 64 * 64 < 64) word &= (uint64_t{1} << (end % 64)) - 1;
    for (; word != 0; word &= word - 1) visit(at / 64 * 64 + static_cast<uint32_t>(std::countr_zero(word)));
  }
}

// The first document of the set in [first, end); `end` when there is none.
inline uint32_t first_doc_in(const DocSet& set, uint32_t first, uint32_t end) {
  for (uint32_t at = first; at < end; at = (at / 64 + 1) * 64) {
    const uint64_t word = set.words()[at / 64] >> (at % 64);
    if (word != 0) return std::min(end, at + static_cast<uint32_t>(std::countr_zero(word)));
  }
  return end;
}

// Calls `visit(doc)` in descending order for documents before `end`, until it returns false.
template <typename Visit>
void for_each_doc_down(const DocSet& set, uint32_t end, Visit visit) {
  for (size_t i = set.words().size(); i-- > 0;) {
    for (uint64_t word = set.words()[i]; word != 0;) {
      const auto bit = static_cast<uint32_t>(63 - std::countl_zero(word));
      word &= ~(uint64_t{1} << bit);
      const uint32_t doc = static_cast<uint32_t>(i * 64) + bit;
      if (doc < end && !visit(doc)) return;
    }
  }
}

}  // namespace mnemo
