#include "projector/store/index_build.h"

#include <algorithm>
#include <array>
#include <string>

#include "projector/store/index_segments.h"

namespace mnemo {
namespace {

constexpr uint32_t kDigitBits = 11;
constexpr uint32_t kDigits = 3;            // 33 bits: all of a hash
constexpr size_t kPostingsKept = 1 << 17;  // memory for more is given back: a page of very long documents

uint32_t hash_of(uint64_t posting) { return static_cast<uint32_t>(posting >> 32); }
uint32_t digit_of(uint64_t posting, uint32_t digit) {
  return hash_of(posting) >> (digit * kDigitBits) & ((1U << kDigitBits) - 1);
}

Posting posting_of(uint64_t posting) {
  return {static_cast<uint32_t>(posting >> 24 & 0xff), static_cast<uint32_t>(posting & kTailCountMax)};
}

EntryBound widest(EntryBound a, EntryBound b) {
  return {std::max(a.max_count, b.max_count), std::min(a.min_length, b.min_length)};
}

bool add_to(ChunkBuilder& chunk, uint64_t posting, const TailView& tail) {
  const auto [doc, count] = posting_of(posting);
  return chunk.add(hash_of(posting), doc, count, bound_of(count, tail.doc(doc).length));
}

}  // namespace

Status PageBuilder::write(RowWriter& rows, AgentOrd ord, uint32_t page, const TailView& tail, const PageBits& dead) {
  uint64_t words = 0;
  uint64_t expiring = 0;
  if (page > 0) {
    const std::string key = columns_key(ord, page - 1);
    std::string row;
    MNEMO_ASSIGN(const bool found, rows.get(key, row));
    if (!found) return missing_row(key);
    PageHead before;
    if (!before.parse(row)) return damaged_row(key);
    words = before.words;
    expiring = before.expiring;
  }
  write_columns(rows, ord, page, tail, dead, words, expiring);
  collect(tail, dead);
  sort();
  if (!write_one_row(rows, ord, page, tail)) write_chunks(rows, ord, page, tail);
  if (postings_.capacity() > kPostingsKept) postings_ = scratch_ = {};
  return {};
}

void PageBuilder::collect(const TailView& tail, const PageBits& dead) {
  postings_.clear();
  postings_.reserve(tail.terms());
  const uint32_t* hashes = tail.hashes();
  const uint32_t* occurrences = tail.occurrences();
  uint32_t at = 0;
  for (uint32_t i = 0; i < tail.docs(); ++i) {
    const uint32_t end = tail.doc(i).terms_end;
    if (has_bit(dead, i)) at = end;
    for (; at < end; ++at) postings_.push_back(uint64_t{hashes[at]} << 32 | occurrences[at]);
  }
}

// Stable, by hash: postings are in order of document already.
void PageBuilder::sort() {
  std::array<std::array<uint32_t, 1U << kDigitBits>, kDigits> begins{};
  for (const uint64_t posting : postings_) {
    for (uint32_t d = 0; d < kDigits; ++d) ++begins[d][digit_of(posting, d)];
  }
  scratch_.resize(postings_.size());
  for (uint32_t d = 0; d < kDigits; ++d) {
    uint32_t begin = 0;
    for (uint32_t& count : begins[d]) begin += std::exchange(count, begin);
    for (const uint64_t posting : postings_) scratch_[begins[d][digit_of(posting, d)]++] = posting;
    postings_.swap(scratch_);
  }
}

// What ChunkBuilder would make of them, in one go: this is half of what adding documents costs.
bool PageBuilder::write_one_row(RowWriter& rows, AgentOrd ord, uint32_t page, const TailView& tail) {
  const size_t n = postings_.size();
  size_t terms = 0;
  for (size_t i = 0; i < n; ++i) terms += i == 0 || hash_of(postings_[i]) != hash_of(postings_[i - 1]) ? 1 : 0;
  if (kChunkHeaderBytes + terms * kChunkTermBytes + n > kBlockRowBytesMax) return false;
  if (row_.size() < kChunkHeaderBytes + terms * kChunkTermBytes + n * kPostingBytesMax) {
    row_.resize(kChunkHeaderBytes + terms * kChunkTermBytes + n * kPostingBytesMax);
  }
  row_[0] = static_cast<char>(BlockForm::kChunk);
  store_le16(row_.data() + 1, static_cast<uint32_t>(terms));
  char* hashes = row_.data() + kChunkHeaderBytes;
  char* begins = hashes + terms * 4;
  char* const entries = begins + terms * 2;
  char* at = entries;
  for (size_t i = 0; i < n;) {
    const uint32_t term = hash_of(postings_[i]);
    store_le32(hashes, term);
    store_le16(begins, static_cast<uint32_t>(at - entries));
    hashes += 4;
    begins += 2;
    char* const bound_at = at;
    EntryBound bound;
    uint32_t next_doc = 0;
    for (at += 2; i < n && hash_of(postings_[i]) == term; ++i) {
      const auto [doc, count] = posting_of(postings_[i]);
      at = put_posting(at, doc - next_doc, count);
      next_doc = doc + 1;
      bound = widest(bound, bound_of(count, tail.doc(doc).length));
    }
    bound_at[0] = static_cast<char>(bound.max_count);
    bound_at[1] = static_cast<char>(bound.min_length);
  }
  const auto size = static_cast<size_t>(at - row_.data());
  if (size > kBlockRowBytesMax) return false;
  rows.put(block_key(ord, page), std::string_view(row_).substr(0, size));
  return true;
}

// Adds postings from the one at `from` on, whole terms only, until the chunk is full. Returns where the next begins.
size_t PageBuilder::fill_chunk(size_t from, const TailView& tail, ChunkBuilder& chunk) const {
  size_t term_begin = from;
  for (size_t i = from; i < postings_.size(); ++i) {
    if (hash_of(postings_[i]) != hash_of(postings_[term_begin])) term_begin = i;
    if (add_to(chunk, postings_[i], tail)) continue;
    // A page's postings of one term never fill a chunk.
    if (i > term_begin) MNEMO_CHECK(chunk.drop_last_term());
    return term_begin;
  }
  return postings_.size();
}

// A block of long documents: chunk rows of level 0 from the start, and their fence in the block row.
void PageBuilder::write_chunks(RowWriter& rows, AgentOrd ord, uint32_t page, const TailView& tail) {
  Fence fence;
  ChunkBuilder chunk(kChunkRowBytesMax);
  std::string row;
  Place place = 0;
  for (size_t at = 0; at < postings_.size();) {
    const size_t end = fill_chunk(at, tail, chunk);
    const uint32_t last = chunk.last_term();
    row.clear();
    chunk.finish(row);
    rows.put(segment_part_key(keys::Row::kChunk, ord, 0, page, static_cast<uint32_t>(fence.size())), row);
    fence.push_back(place);
    if (end < postings_.size()) place = place_between(last, hash_of(postings_[end]));
    at = end;
  }
  rows.put(block_key(ord, page), encode_block_fence(fence));
}

}  // namespace mnemo
