#include <bit>

#include "projector/store/index.h"

namespace mnemo {

uint32_t DocSet::count() const {
  uint32_t count = 0;
  for (const uint64_t word : words_) count += static_cast<uint32_t>(std::popcount(word));
  return count;
}

void DocSet::intersect(const DocSet& other) {
  MNEMO_CHECK(docs_ == other.docs_);
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

void DocSet::unite(const DocSet& other) {
  MNEMO_CHECK(docs_ == other.docs_);
  for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
}

void DocSet::complement() {
  for (uint64_t& word : words_) word = ~word;
  if (docs_ % 64 != 0) words_.back() &= (uint64_t{1} << (docs_ % 64)) - 1;
}

}  // namespace mnemo
