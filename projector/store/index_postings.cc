#include <algorithm>
#include <array>

#include "projector/store/index_reader.h"

namespace mnemo {
namespace {

// Calls visit(i) for every i with hashes[i] == wanted. Looks at sixteen at a time: a tail has thousands of terms and a
// question's word is in a handful of them.
template <typename Visit>
void for_each_equal(const uint32_t* hashes, uint32_t n, uint32_t wanted, Visit&& visit) {
  constexpr uint32_t kStride = 16;
  uint32_t i = 0;
  for (; i + kStride <= n; i += kStride) {
    uint32_t hits = 0;
    for (uint32_t k = 0; k < kStride; ++k) hits |= hashes[i + k] == wanted ? 1U : 0U;
    if (hits == 0) continue;
    for (uint32_t k = 0; k < kStride; ++k) {
      if (hashes[i + k] == wanted) visit(i + k);
    }
  }
  for (; i < n; ++i) {
    if (hashes[i] == wanted) visit(i);
  }
}

}  // namespace

Status RowsIndex::open_segments() {
  if (segments_open_) return {};
  MNEMO_TRY(load_segments(rows_, ord_, pages_.size(), segments_, &reads_));
  block_views_.resize(segments_.size());
  kept_.resize(segments_.size());
  for (size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (!segment.chunked && !block_views_[i].parse(segment.row)) return damaged_row(chunk_key(ord_, segment, 0));
  }
  segments_open_ = true;
  return {};
}

Result<const ChunkView*> RowsIndex::chunk_view(size_t segment, size_t chunk) {
  if (!segments_[segment].chunked) return &block_views_[segment];
  if (kept_[segment].empty()) kept_[segment].resize(segments_[segment].chunks());
  std::unique_ptr<KeptChunk>& kept = kept_[segment][chunk];
  if (kept == nullptr) {
    auto read = std::make_unique<KeptChunk>();
    MNEMO_TRY(load_chunk(rows_, ord_, segments_[segment], chunk, read->row, read->view, &reads_));
    kept = std::move(read);
  }
  return &kept->view;
}

template <typename Visit>
Status RowsIndex::for_each_entry_of(size_t s, uint32_t term, uint32_t first_doc, uint32_t end_doc, Visit&& visit) {
  const Segment& segment = segments_[s];
  const uint32_t first = first_doc > segment.first_doc() ? first_doc - segment.first_doc() : 0;
  const Place last = place_of(term, end_doc - segment.first_doc() - 1);
  size_t chunk = segment.find(place_of(term, first));
  // A term whose postings begin in one chunk may go on in those behind it.
  if (chunk == Fence::kNone) chunk = 0;
  for (; chunk < segment.chunks() && segment.first_of(chunk) <= last; ++chunk) {
    MNEMO_ASSIGN(const ChunkView* view, chunk_view(s, chunk));
    const uint32_t i = view->lower_bound(term);
    if (i == view->terms() || view->term(i) != term) continue;
    if (!visit(segment, view->entry(i))) return damaged_row(chunk_key(ord_, segment, chunk));
  }
  return {};
}

template <typename Visit>
Status RowsIndex::for_each_entry(uint32_t term, uint32_t first_doc, uint32_t end_doc, Visit&& visit) {
  MNEMO_TRY(status());
  MNEMO_TRY(open_segments());
  const auto before = [](const Segment& segment, uint32_t doc) { return segment.first_doc() + segment.docs() <= doc; };
  auto segment = std::lower_bound(segments_.begin(), segments_.end(), first_doc, before);
  for (; segment != segments_.end() && segment->first_doc() < end_doc; ++segment) {
    MNEMO_TRY(for_each_entry_of(static_cast<size_t>(segment - segments_.begin()), term, first_doc, end_doc, visit));
  }
  return {};
}

template <typename Visit>
void RowsIndex::for_each_tail_posting(uint32_t term, Visit&& visit) const {
  for_each_equal(tail_.hashes(), tail_.terms(), term, [&](uint32_t i) {
    const uint32_t occurrence = tail_.occurrences()[i];
    const uint32_t doc = first_tail_doc() + (occurrence >> 24);
    if (live_.contains(doc)) visit(doc, occurrence & kTailCountMax);
  });
}

Status RowsIndex::load_pages_of(const std::vector<Posting>& postings, size_t from) {
  std::vector<bool> wanted(pages_.size());
  bool any = false;
  for (size_t i = from; i < postings.size() && !in_tail(postings[i].doc); ++i) {
    const uint32_t page = postings[i].doc / kPageDocs;
    if (pages_.loaded(page)) continue;
    wanted[page] = true;
    any = true;
  }
  if (!any) return {};
  return pages_.load_where([&](uint32_t page) { return bool{wanted[page]}; });
}

Status RowsIndex::postings(uint32_t term, uint32_t first_doc, uint32_t end_doc, const DocSet& among,
                           std::vector<Posting>& out) {
  const size_t before = out.size();
  MNEMO_TRY(for_each_entry(term, first_doc, end_doc, [&](const Segment& segment, std::string_view entry) {
    const uint32_t first = segment.first_doc();
    return for_each_posting(entry, segment.docs(), [&](uint32_t in_segment, uint32_t count) {
      const uint32_t doc = first + in_segment;
      if (doc >= end_doc) return false;
      if (doc >= first_doc && among.contains(doc)) out.push_back({doc, count});
      return true;
    });
  }));
  MNEMO_TRY(load_pages_of(out, before));
  if (end_doc > first_tail_doc()) {
    for_each_tail_posting(term, [&](uint32_t doc, uint32_t count) {
      if (doc >= first_doc && doc < end_doc && among.contains(doc)) out.push_back({doc, count});
    });
  }
  reads_.postings += out.size() - before;
  return {};
}

Status RowsIndex::bounds(uint32_t term, const DocSet& among, std::vector<TermBound>& out) {
  const size_t before = out.size();
  MNEMO_TRY(for_each_entry(term, 0, docs(), [&](const Segment& segment, std::string_view entry) {
    const uint32_t first = segment.first_doc();
    uint32_t documents = 0;
    // Nothing of the range is hidden from the one who asks: postings need not be looked at one by one.
    if (among.contains_all(first, first + segment.docs())) {
      documents = count_postings(entry);
      if (documents == 0 || documents > segment.docs()) return false;
    } else if (!for_each_posting(entry, segment.docs(), [&](uint32_t doc, uint32_t) {
                 documents += among.contains(first + doc) ? 1 : 0;
                 return true;
               })) {
      return false;
    }
    const EntryBound bound = entry_bound(entry);
    if (out.size() == before || out.back().first_doc != first) {
      out.push_back({first, first + segment.docs(), 0, UINT32_MAX, 0});
    }
    TermBound& range = out.back();
    range.max_count = std::max(range.max_count, bound.max_count == 255 ? UINT32_MAX : uint32_t{bound.max_count});
    range.min_length = std::min(range.min_length, uint32_t{bound.min_length});
    range.documents += documents;
    return true;
  }));
  bound_tail(term, among, out);
  return {};
}

void RowsIndex::bound_tail(uint32_t term, const DocSet& among, std::vector<TermBound>& out) const {
  TermBound tail{first_tail_doc(), docs(), 0, UINT32_MAX, 0};
  for_each_tail_posting(term, [&](uint32_t doc, uint32_t count) {
    tail.max_count = std::max(tail.max_count, count);
    tail.min_length = std::min(tail.min_length, length(doc));
    tail.documents += among.contains(doc) ? 1 : 0;
  });
  if (tail.max_count > 0) out.push_back(tail);
}

}  // namespace mnemo
