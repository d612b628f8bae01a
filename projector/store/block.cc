#include "projector/store/block.h"

namespace mnemo {
namespace {

uint16_t get_le16(const char* p) {
  const auto* b = reinterpret_cast<const unsigned char*>(p);
  return static_cast<uint16_t>(b[0] | b[1] << 8);
}

constexpr uint64_t kHighBits = 0x8080808080808080;

}  // namespace

void ChunkBuilder::add_encoded(uint32_t term, std::string_view entry) {
  if (entries_.size() - used_ < 2 + entry.size()) entries_.resize(entries_.size() * 2 + 1024 + entry.size());
  begin_term(term);
  used_ = entry_ + entry.copy(entries_.data() + entry_, entry.size());
}

void ChunkBuilder::finish(std::string& out) {
  MNEMO_CHECK(terms_.size() <= UINT16_MAX && used_ <= UINT16_MAX);
  const size_t start = out.size();
  out.resize(start + bytes());
  char* at = out.data() + start;
  *at++ = static_cast<char>(BlockForm::kChunk);
  store_le16(at, static_cast<uint32_t>(terms_.size()));
  at += 2;
  for (const uint32_t term : terms_) store_le32(at, term), at += 4;
  for (const uint16_t begin : begins_) store_le16(at, begin), at += 2;
  entries_.copy(at, used_);
  clear();
}

void ChunkBuilder::clear() {
  terms_.clear();
  begins_.clear();
  used_ = 0;
}

bool ChunkView::parse(std::string_view row) {
  *this = ChunkView();
  if (row.size() < 3 || row[0] != static_cast<char>(BlockForm::kChunk)) return false;
  const uint32_t terms = get_le16(row.data() + 1);
  if (row.size() < 3 + size_t{terms} * 6) return false;
  terms_ = terms;
  hashes_ = row.data() + 3;
  begins_ = hashes_ + size_t{terms} * 4;
  entries_ = row.substr(3 + size_t{terms} * 6);
  return true;
}

uint32_t ChunkView::lower_bound(uint32_t term) const {
  uint32_t low = 0;
  for (uint32_t n = terms_; n > 0;) {
    const uint32_t half = n / 2;
    const bool right = this->term(low + half) < term;
    low = right ? low + half + 1 : low;
    n = right ? n - half - 1 : half;
  }
  return low;
}

std::string_view ChunkView::entry(uint32_t i) const {
  const size_t from = get_le16(begins_ + size_t{i} * 2);
  const size_t to = i + 1 < terms_ ? get_le16(begins_ + size_t{i} * 2 + 2) : entries_.size();
  if (from >= to || to > entries_.size()) return {};
  return entries_.substr(from, to - from);
}

uint32_t count_postings(std::string_view entry) {
  if (entry.size() < 3) return 0;
  uint32_t postings = 0;
  uint32_t number_is_count = 0;  // 1: what comes next is the count of the posting before
  bool inside = false;           // a number goes on
  uint32_t announced = 0;        // by the number that goes on
  const auto take = [&](uint8_t byte) {
    if (!inside) {
      postings += 1 - number_is_count;
      announced = byte & ~number_is_count & 1;
    }
    inside = byte >= 0x80;
    if (!inside) number_is_count = announced;
  };
  const char* p = entry.data() + 2;
  const char* const end = entry.data() + entry.size();
  // Most numbers of a common term are one byte: eight of them at a time, without a branch.
  for (; end - p >= 8; p += 8) {
    const uint64_t eight = get_le64(p);
    if (inside || (eight & kHighBits) != 0) {
      for (int i = 0; i < 8; ++i) take(static_cast<uint8_t>(p[i]));
      continue;
    }
    for (int i = 0; i < 8; ++i) {
      postings += 1 - number_is_count;
      number_is_count = static_cast<uint32_t>(eight >> (8 * i)) & ~number_is_count & 1;
    }
  }
  for (; p != end; ++p) take(static_cast<uint8_t>(*p));
  return inside || number_is_count != 0 ? 0 : postings;
}

bool ChunkView::ascending() const {
  for (uint32_t i = 1; i < terms_; ++i) {
    if (term(i - 1) >= term(i)) return false;
  }
  return true;
}

}  // namespace mnemo
