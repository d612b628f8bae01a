// File: projector/store/block.h
// Chunks: text postings of a range of terms, the one encoding of block rows and chunk rows. docs/formats.md has the
// bytes.
//
// Documents are numbered from the first of the segment that the chunk belongs to. Decoders never read outside their
// input; what they cannot make sense of is reported as damage, never guessed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/coding.h"
#include "events/result.h"
#include "projector/store/fence.h"
#include "projector/store/index.h"

namespace mnemo {

enum class BlockForm : uint8_t { kChunk = 0, kFence = 1 };  // first byte of a block row; chunk rows have kChunk

// What a term's entry says of all its postings. 255 as a count stands for any count from 255 on; a length over 255 is
// told as 255.
struct EntryBound {
  uint8_t max_count = 0;
  uint8_t min_length = 255;
};
inline EntryBound bound_of(uint32_t count, uint32_t length) {
  return {static_cast<uint8_t>(count < 255 ? count : 255), static_cast<uint8_t>(length < 255 ? length : 255)};
}

// The parts of a chunk row: its form and number of terms; for each term its hash and where its entry begins; entries,
// each of a bound and postings.
inline constexpr size_t kChunkHeaderBytes = 1 + 2;
inline constexpr size_t kChunkTermBytes = 4 + 2 + 2;  // with the bound
inline constexpr size_t kPostingBytesMax = 5 + 5;

inline void store_le16(char* p, uint32_t v) {
  p[0] = static_cast<char>(v);
  p[1] = static_cast<char>(v >> 8);
}
inline void store_le32(char* p, uint32_t v) {
  store_le16(p, v);
  store_le16(p + 2, v >> 16);
}
// Writes a posting: `gap` documents lie between it and the one before it in its entry. Returns the end.
inline char* put_posting(char* at, uint32_t gap, uint32_t count) {
  const auto put = [&at](uint64_t v) {
    for (; v >= 0x80; v >>= 7) *at++ = static_cast<char>(v | 0x80);
    *at++ = static_cast<char>(v);
  };
  put(uint64_t{gap} << 1 | (count == 1 ? 0 : 1));
  if (count != 1) put(count);
  return at;
}

// Keeps its memory from chunk to chunk.
class ChunkBuilder {
 public:
  explicit ChunkBuilder(size_t bytes_max) : bytes_max_(bytes_max) {}

  bool empty() const { return terms_.empty(); }

  // Adds a posting, the next in order of Place. False, and nothing added, when the row could grow beyond its limit.
  bool add(uint32_t term, uint32_t doc, uint32_t count, EntryBound bound) {
    const bool new_term = terms_.empty() || terms_.back() != term;
    if (bytes() + (new_term ? kChunkTermBytes : 0) + kPostingBytesMax > bytes_max_) [[unlikely]]
      return false;
    if (entries_.size() - used_ < 2 + kPostingBytesMax) [[unlikely]]
      entries_.resize(entries_.size() * 2 + 1024);
    if (new_term) begin_term(term);
    char* const end = put_posting(entries_.data() + used_, doc - next_doc_, count);
    next_doc_ = doc + 1;
    used_ = static_cast<size_t>(end - entries_.data());
    widen(bound);
    return true;
  }

  // Takes the last term out of a full chunk again, if another is before it: false where it is the only one.
  bool drop_last_term() {
    if (terms_.size() < 2) return false;
    used_ = entry_;
    terms_.pop_back();
    begins_.pop_back();
    return true;
  }
  uint32_t last_term() const { return terms_.back(); }  // of one that is not empty

  // Adds a term with its postings as they are already encoded; for rewriting a chunk, which never makes it longer.
  void add_encoded(uint32_t term, std::string_view entry);

  // Appends the row to `out` and begins anew.
  void finish(std::string& out);
  void clear();

 private:
  void widen(EntryBound bound) {
    auto& max_count = reinterpret_cast<uint8_t&>(entries_[entry_]);
    auto& min_length = reinterpret_cast<uint8_t&>(entries_[entry_ + 1]);
    if (bound.max_count > max_count) max_count = bound.max_count;
    if (bound.min_length < min_length) min_length = bound.min_length;
  }
  size_t bytes() const { return kChunkHeaderBytes + terms_.size() * 6 + used_; }
  void begin_term(uint32_t term) {
    MNEMO_CHECK(terms_.empty() || terms_.back() < term);
    const EntryBound none;
    terms_.push_back(term);
    begins_.push_back(static_cast<uint16_t>(used_));
    entry_ = used_;
    next_doc_ = 0;
    entries_[used_++] = static_cast<char>(none.max_count);
    entries_[used_++] = static_cast<char>(none.min_length);
  }

  size_t bytes_max_;
  uint32_t next_doc_ = 0;
  size_t entry_ = 0;  // where the open term's entry begins
  std::vector<uint32_t> terms_;
  std::vector<uint16_t> begins_;
  std::string entries_;  // the first used_ bytes
  size_t used_ = 0;
};

// A chunk row as it lies in memory; a view. Reading a term of a damaged chunk tells damage or finds other postings,
// within bounds.
class ChunkView {
 public:
  // False when the row is too short for what it says it holds.
  bool parse(std::string_view row);

  uint32_t terms() const { return terms_; }
  uint32_t term(uint32_t i) const { return get_le32(hashes_ + size_t{i} * 4); }
  // Of the first term that is not less; terms() when there is none.
  uint32_t lower_bound(uint32_t term) const;
  // The entry of the i-th term; empty when it is damaged.
  std::string_view entry(uint32_t i) const;
  // Terms ascend strictly: what is rewritten or merged must pass.
  bool ascending() const;

 private:
  uint32_t terms_ = 0;
  const char* hashes_ = nullptr;
  const char* begins_ = nullptr;
  std::string_view entries_;
};

inline EntryBound entry_bound(std::string_view entry) {
  return {static_cast<uint8_t>(entry[0]), static_cast<uint8_t>(entry[1])};
}

// How many postings a term's entry has, without a look at the documents; 0: damaged.
uint32_t count_postings(std::string_view entry);

// Calls visit(doc, count) for every posting of a term's entry, in order, until it returns false. False: damaged, or a
// document not below `docs`.
template <typename Visit>
bool for_each_posting(std::string_view entry, uint32_t docs, Visit&& visit) {
  if (entry.size() < 3) return false;
  const auto* p = reinterpret_cast<const uint8_t*>(entry.data()) + 2;
  const uint8_t* const end = reinterpret_cast<const uint8_t*>(entry.data()) + entry.size();
  const auto number = [&]() -> uint64_t {
    if (p != end && *p < 0x80) [[likely]]
      return *p++;
    Decoder in(std::string_view(reinterpret_cast<const char*>(p), static_cast<size_t>(end - p)));
    const uint64_t v = in.varint();
    p = in.ok() ? end - in.left() : nullptr;
    return v;
  };
  uint64_t next = 0;
  while (p != end) {
    const uint64_t gap = number();
    if (p == nullptr) return false;
    uint64_t count = 1;
    if ((gap & 1) != 0) {
      count = number();
      if (p == nullptr || count < 2 || count > UINT32_MAX) return false;
    }
    if ((gap >> 1) >= docs - next) return false;
    next += gap >> 1;
    if (!visit(static_cast<uint32_t>(next), static_cast<uint32_t>(count))) return true;
    ++next;
  }
  return true;
}

}  // namespace mnemo
