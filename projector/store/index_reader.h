// File: projector/store/index_reader.h
// AgentIndex over rows and a tail.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "projector/store/index_page.h"
#include "projector/store/index_segments.h"
#include "projector/store/tail.h"

namespace mnemo {

// The columns rows of an agent, read in groups of pages; neighbouring groups by one scan.
class PageSet {
 public:
  static constexpr uint32_t kGroupPages = 16;

  PageSet(const RowReader& rows, AgentOrd ord, uint32_t pages, IndexReads& reads)
      : rows_(rows), ord_(ord), pages_(pages), reads_(reads) {}

  uint32_t size() const { return static_cast<uint32_t>(pages_.size()); }
  bool loaded(uint32_t page) const { return !pages_[page].rows.empty(); }
  Status load_group(uint32_t page);  // the group that the page is in
  Status load_all();
  // Loads the groups of all pages for which wanted(page) holds.
  template <typename Wanted>
  Status load_where(const Wanted& wanted) {
    uint32_t first = 0;
    for (uint32_t page = 0; page <= size(); page += kGroupPages) {
      bool needed = false;
      for (uint32_t i = page; i < size() && i < page + kGroupPages; ++i) needed = needed || (!loaded(i) && wanted(i));
      if (needed) continue;
      if (first < page) MNEMO_TRY(load_range(first, std::min(page, size())));
      first = page + kGroupPages;
    }
    if (first < size()) return load_range(first, size());
    return {};
  }
  void forget_group(uint32_t page);
  // Of a loaded page.
  const PageHead& head(uint32_t page) const { return pages_[page].head; }
  size_t parts(uint32_t page) const { return pages_[page].rows.size(); }
  std::string_view filters(uint32_t page, size_t part) const {
    return part == 0 ? pages_[page].head.filters : std::string_view(pages_[page].rows[part]);
  }
  // Calls visit(field, value, bits) for a loaded page's filter values until it returns false.
  template <typename Visit>
  Status for_each_value(uint32_t page, Visit&& visit) const {
    bool more = true;
    for (size_t part = 0; part < parts(page) && more; ++part) {
      const auto go_on = [&](FilterField field, std::string_view value, const PageBits& bits) {
        return more = visit(field, value, bits);
      };
      if (!for_each_filter(filters(page, part), go_on)) return damaged_row(columns_key(ord_, page));
    }
    return {};
  }

 private:
  struct Page {
    std::vector<std::string> rows;  // the columns row, further rows of filter values
    PageHead head;
  };
  Status load_range(uint32_t first, uint32_t end);
  Status read_range(uint32_t first, uint32_t end);
  Status take_row(std::string_view key, std::string_view row, uint32_t first, uint32_t end);

  const RowReader& rows_;
  AgentOrd ord_;
  std::vector<Page> pages_;
  IndexReads& reads_;
};

class RowsIndex final : public AgentIndex {
 public:
  RowsIndex(const RowReader& rows, const TailScope& tails, const LoadDoc& load, AgentOrd ord, uint32_t docs)
      : rows_(rows), tails_(tails), load_(load), ord_(ord), live_(docs), pages_(rows, ord, docs / kPageDocs, reads_) {}

  Status open();

  uint32_t docs() const override { return live_.docs(); }
  const DocSet& live() const override { return live_; }
  uint64_t live_words() const override { return live_words_; }
  uint32_t length(uint32_t doc) const override;
  TimestampMs observed_at_ms(uint32_t doc) const override;
  TimestampMs recorded_at_ms(uint32_t doc) const override;
  TimestampMs expires_at_ms(uint32_t doc) const override;
  Status status() const override;

  Status expired(TimestampMs now_ms, DocSet& out) override;
  Status postings(uint32_t term, uint32_t first_doc, uint32_t end_doc, const DocSet& among,
                  std::vector<Posting>& out) override;
  Status bounds(uint32_t term, const DocSet& among, std::vector<TermBound>& out) override;
  Status filter(FilterField field, std::string_view value, bool prefix, DocSet& out) override;
  Status values(FilterField field, std::vector<std::pair<std::string, uint32_t>>& out) override;
  const IndexReads& reads() const override { return reads_; }

 private:
  // A chunk row that was read.
  struct KeptChunk {
    std::string row;
    ChunkView view;
  };

  uint32_t first_tail_doc() const { return pages_.size() * kPageDocs; }
  bool in_tail(uint32_t doc) const { return doc >= first_tail_doc(); }
  // Bits of live_ of a page.
  PageBits live_bits(uint32_t page) const;
  int64_t column(Column which, uint32_t doc) const;
  Status load_pages_of(const std::vector<Posting>& postings, size_t from);

  Status read_masks(std::vector<std::pair<uint32_t, MaskRow>>& masks);
  Status open_tail(const PageBits& dead);
  Status count_words(const std::vector<std::pair<uint32_t, MaskRow>>& masks);

  Status open_segments();
  Result<const ChunkView*> chunk_view(size_t segment, size_t chunk);
  // Calls visit(segment, entry) for each entry in which the term may have postings in documents [first_doc, end_doc).
  template <typename Visit>
  Status for_each_entry(uint32_t term, uint32_t first_doc, uint32_t end_doc, Visit&& visit);
  template <typename Visit>
  Status for_each_entry_of(size_t segment, uint32_t term, uint32_t first_doc, uint32_t end_doc, Visit&& visit);
  template <typename Visit>
  void for_each_tail_posting(uint32_t term, Visit&& visit) const;
  void bound_tail(uint32_t term, const DocSet& among, std::vector<TermBound>& out) const;

  const RowReader& rows_;
  TailScope tails_;
  const LoadDoc& load_;
  AgentOrd ord_;
  DocSet live_;
  uint64_t live_words_ = 0;
  mutable IndexReads reads_;
  mutable PageSet pages_;
  mutable std::optional<Error> failure_;  // of a column that was read late
  TailView tail_;
  bool segments_open_ = false;
  std::vector<Segment> segments_;
  std::vector<ChunkView> block_views_;  // of segments_ that are one row
  // Chunk rows read so far, by segment and chunk.
  std::vector<std::vector<std::unique_ptr<KeptChunk>>> kept_;
};

}  // namespace mnemo
