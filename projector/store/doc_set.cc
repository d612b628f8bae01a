#include <algorithm>
#include <bit>

#include "projector/store/index.h"

namespace mnemo {

uint32_t DocSet::count() const {
  uint32_t count = 0;
  for (const uint64_t word : words_) count += static_cast<uint32_t>(std::popcount(word));
  return count;
}

bool DocSet::contains_all(uint32_t first_doc, uint32_t end_doc) const {
  for (uint32_t doc = first_doc; doc < end_doc;) {
    const uint32_t bits = std::min(64 - doc % 64, end_doc - doc);
    const uint64_t wanted = ~uint64_t{0} >> (64 - bits) << (doc % 64);
    if ((words_[doc / 64] & wanted) != wanted) return false;
    doc += bits;
  }
  return true;
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
