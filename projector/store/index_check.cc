#include <algorithm>
#include <optional>

#include "events/hash.h"
#include "projector/store/index_reader.h"
#include "projector/store/tail_load.h"

namespace mnemo {
namespace {

std::string part_key(AgentOrd ord, uint32_t page, size_t part) {
  return part == 0 ? columns_key(ord, page) : columns_part_key(ord, page, static_cast<uint32_t>(part));
}

Digest posting_hash(uint32_t term, uint32_t doc, uint32_t count) {
  std::string bytes;
  put_le32(bytes, term);
  put_le32(bytes, doc);
  put_le32(bytes, count);
  return xxh3_128(bytes);
}

struct PagePosting {
  Place place = 0;  // document within the page
  uint32_t count = 0;
  auto operator<=>(const PagePosting&) const = default;
};

// Walks an agent's rows. Methods return whether all is alike so far; if not, difference() names the first row.
class IndexCheck {
 public:
  IndexCheck(const RowReader& rows, const LoadDoc& load, AgentOrd ord, uint32_t docs,
             const std::function<bool(DocNo)>& live, bool scrubbed)
      : rows_(rows),
        load_(load),
        ord_(ord),
        docs_(docs),
        live_(live),
        scrubbed_(scrubbed),
        pages_(rows, ord, docs / kPageDocs, reads_) {}

  Result<bool> run();
  const std::string& difference() const { return difference_; }

 private:
  bool differs(std::string_view key, std::string_view what) {
    difference_ = "the index's " + row_name(key) + " " + std::string(what);
    return false;
  }
  // Damage in index rows is a difference; other failures are failures.
  Result<bool> alike(Status status) {
    if (status) return true;
    if (status.error().code != Code::kDataLoss) return fail(std::move(status).error());
    difference_ = std::move(status).error().message;
    return false;
  }
  PageBits dead_of(uint32_t page) const { return masks_[page].dead; }
  Status load_page(uint32_t page, TailView& out);

  Result<bool> check_masks();
  Result<bool> check_columns();
  bool check_page(uint32_t page, const TailView& tail);
  bool check_values(uint32_t page, const TailView& tail);
  bool check_filters(uint32_t page, const TailView& tail);
  void count_postings(uint32_t page, const TailView& tail);
  Result<bool> check_segments();
  Result<bool> check_chunk(const Segment& segment, size_t chunk);
  bool check_entry(const Segment& segment, size_t chunk, uint32_t term, std::string_view entry);
  Result<std::vector<PagePosting>> page_postings(const Segment& segment, uint32_t page);
  Result<bool> name_posting(uint32_t page);
  Result<bool> check_nothing_behind();

  const RowReader& rows_;
  const LoadDoc& load_;
  AgentOrd ord_;
  uint32_t docs_;
  const std::function<bool(DocNo)>& live_;
  bool scrubbed_;
  IndexReads reads_;
  PageSet pages_;
  std::string difference_;
  std::vector<MaskRow> masks_;             // of every page, the tail's included
  std::vector<uint8_t> lengths_;           // of every document with rows, 255 for more
  std::vector<Digest> expected_, actual_;  // sums over a page's live postings
  std::vector<Segment> segments_;
};

Result<bool> IndexCheck::run() {
  for (const auto step : {&IndexCheck::check_masks, &IndexCheck::check_columns, &IndexCheck::check_segments,
                          &IndexCheck::check_nothing_behind}) {
    MNEMO_ASSIGN(const bool good, (this->*step)());
    if (!good) return false;
  }
  return true;
}

Status IndexCheck::load_page(uint32_t page, TailView& out) {
  Tail tail(page);
  MNEMO_TRY(extend_tail(rows_, load_, ord_, dead_of(page), kPageDocs, tail));
  out = tail.view(kPageDocs);
  return {};
}

Result<bool> IndexCheck::check_masks() {
  masks_.resize(docs_ / kPageDocs + 1);
  const std::string from = keys::of_agent(keys::Row::kMask, ord_);
  bool good = true;
  MNEMO_TRY(rows_.scan(from, prefix_end(from), [&](std::string_view key, std::string_view row) {
    const uint32_t page = Decoder(key.substr(5)).be32();
    if (page >= masks_.size() || key.size() != 9) {
      good = differs(key, "is of no document");
    } else if (!masks_[page].decode(row)) {
      good = differs(key, "is damaged");
    }
    return good;
  }));
  for (uint32_t page = 0; good && page < masks_.size(); ++page) {
    PageBits dead{};
    for (uint32_t doc = page * kPageDocs; doc < docs_ && doc < (page + 1) * kPageDocs; ++doc) {
      if (!live_(DocNo(doc))) set_bit(dead, doc % kPageDocs);
    }
    if (dead == masks_[page].dead) continue;
    good = differs(keys::of_number(keys::Row::kMask, ord_, page), "masks other documents than are gone");
  }
  return good;
}

Result<bool> IndexCheck::check_columns() {
  lengths_.resize(size_t{pages_.size()} * kPageDocs);
  expected_.resize(pages_.size());
  actual_.resize(pages_.size());
  uint64_t words = 0;
  for (uint32_t page = 0; page < pages_.size(); ++page) {
    if (!pages_.loaded(page)) {
      MNEMO_ASSIGN(const bool loaded, alike(pages_.load_group(page)));
      if (!loaded) return false;
    }
    TailView tail;
    MNEMO_TRY(load_page(page, tail));
    if (!check_page(page, tail)) return false;
    words += masks_[page].gone_words;
    for (uint32_t i = 0; i < kPageDocs; ++i) words += has_bit(dead_of(page), i) ? 0 : tail.doc(i).length;
    if (pages_.head(page).words != words)
      return differs(columns_key(ord_, page), "counts other words than its records");
    count_postings(page, tail);
    if (page % PageSet::kGroupPages == PageSet::kGroupPages - 1) pages_.forget_group(page);
  }
  return true;
}

bool IndexCheck::check_page(uint32_t page, const TailView& tail) {
  return check_values(page, tail) && check_filters(page, tail);
}

bool IndexCheck::check_values(uint32_t page, const TailView& tail) {
  const PageHead& head = pages_.head(page);
  bool expiring = false;
  for (uint32_t i = 0; i < kPageDocs; ++i) {
    if (has_bit(dead_of(page), i)) continue;
    const TailDoc& doc = tail.doc(i);
    const bool same = head.column(Column::kLength)[i] == doc.length &&
                      head.column(Column::kObservedAt)[i] == doc.observed_at_ms &&
                      head.column(Column::kRecordedAt)[i] == doc.recorded_at_ms &&
                      head.column(Column::kExpiresAt)[i] == doc.expires_at_ms;
    if (!same) {
      return differs(columns_key(ord_, page),
                     "tells another length or time than record " + std::to_string(page * kPageDocs + i));
    }
    expiring = expiring || doc.expires_at_ms != 0;
    lengths_[size_t{page} * kPageDocs + i] = static_cast<uint8_t>(std::min<uint32_t>(doc.length, 255));
  }
  if (expiring && head.expiring == 0) return differs(columns_key(ord_, page), "knows of no expiry, but a record does");
  return true;
}

bool IndexCheck::check_filters(uint32_t page, const TailView& tail) {
  std::vector<std::pair<FilterTerm, PageBits>> expected;
  for (uint32_t i = 0; i < tail.values(); ++i) expected.push_back({{tail.field(i), tail.text(i)}, PageBits{}});
  for (uint32_t i = 0; i < tail.docs(); ++i) {
    for (const uint32_t value : tail.filters(i)) set_bit(expected[value].second, i);
  }
  std::sort(expected.begin(), expected.end());
  size_t next = 0;
  std::optional<FilterTerm> before;
  for (size_t part = 0; part < pages_.parts(page); ++part) {
    bool same = true;
    bool left_over = false;
    const bool whole = for_each_filter(pages_.filters(page, part), [&](FilterField f, std::string_view v, PageBits b) {
      const FilterTerm term{f, v};
      same = !before || *before < term;
      before = term;
      for (size_t i = 0; i < b.size(); ++i) {
        left_over = left_over || (b[i] & dead_of(page)[i]) != 0;
        b[i] &= ~dead_of(page)[i];
      }
      if (!same || b == PageBits{}) return same;
      same = next < expected.size() && expected[next] == std::pair(term, b);
      ++next;
      return same;
    });
    if (!whole || !same) return differs(part_key(ord_, page, part), "tells other filter values than its records");
    if (scrubbed_ && left_over) return differs(part_key(ord_, page, part), "holds filter values of what is gone");
  }
  if (next == expected.size()) return true;
  return differs(part_key(ord_, page, pages_.parts(page) - 1), "lacks filter values of its records");
}

void IndexCheck::count_postings(uint32_t page, const TailView& tail) {
  for (uint32_t i = 0; i < tail.terms(); ++i) {
    const uint32_t occurrence = tail.occurrences()[i];
    expected_[page] += posting_hash(tail.hashes()[i], occurrence >> 24, occurrence & kTailCountMax);
  }
}

Result<bool> IndexCheck::check_segments() {
  MNEMO_ASSIGN(bool good, alike(load_segments(rows_, ord_, pages_.size(), segments_)));
  for (const Segment& segment : segments_) {
    for (size_t chunk = 0; good && chunk < segment.chunks(); ++chunk) {
      MNEMO_ASSIGN(good, check_chunk(segment, chunk));
    }
  }
  for (uint32_t page = 0; good && page < pages_.size(); ++page) {
    if (expected_[page] != actual_[page]) return name_posting(page);
  }
  return good;
}

Result<bool> IndexCheck::check_chunk(const Segment& segment, size_t chunk) {
  std::string row;
  ChunkView view;
  MNEMO_ASSIGN(const bool loaded, alike(load_chunk(rows_, ord_, segment, chunk, row, view)));
  if (!loaded) return false;
  if (!view.ascending()) return differs(chunk_key(ord_, segment, chunk), "has terms out of order");
  for (uint32_t i = 0; i < view.terms(); ++i) {
    if (!check_entry(segment, chunk, view.term(i), view.entry(i))) return false;
  }
  return true;
}

bool IndexCheck::check_entry(const Segment& segment, size_t chunk, uint32_t term, std::string_view entry) {
  bool bound_holds = true;
  bool in_place = true;
  bool left_over = false;
  const bool whole = for_each_posting(entry, segment.docs(), [&](uint32_t doc, uint32_t count) {
    const uint32_t page = segment.first_page() + doc / kPageDocs;
    if (has_bit(dead_of(page), doc % kPageDocs)) return left_over = true;
    actual_[page] += posting_hash(term, doc % kPageDocs, count);
    const EntryBound bound = entry_bound(entry);
    const EntryBound own = bound_of(count, lengths_[size_t{segment.first_doc()} + doc]);
    bound_holds = bound_holds && own.max_count <= bound.max_count && own.min_length >= bound.min_length;
    in_place = in_place && segment.find(place_of(term, doc)) == chunk;
    return true;
  });
  const std::string key = chunk_key(ord_, segment, chunk);
  if (!whole) return differs(key, "is damaged");
  if (scrubbed_ && left_over) return differs(key, "holds words of what is gone");
  if (!in_place) return differs(key, "holds postings that its fence sends elsewhere");
  return bound_holds || differs(key, "has a bound that a posting breaks");
}

// What the segment holds of the page's live documents, in order.
Result<std::vector<PagePosting>> IndexCheck::page_postings(const Segment& segment, uint32_t page) {
  const uint32_t first = (page - segment.first_page()) * kPageDocs;
  std::vector<PagePosting> found;
  std::string row;
  ChunkView view;
  for (size_t chunk = 0; chunk < segment.chunks(); ++chunk) {
    MNEMO_TRY(load_chunk(rows_, ord_, segment, chunk, row, view));
    for (uint32_t i = 0; i < view.terms(); ++i) {
      for_each_posting(view.entry(i), segment.docs(), [&](uint32_t doc, uint32_t count) {
        const bool ours = doc - first < kPageDocs && !has_bit(dead_of(page), doc - first);
        if (ours) found.push_back({place_of(view.term(i), doc - first), count});
        return true;
      });
    }
  }
  return found;
}

// The page's postings differ from its records: finds the first that does.
Result<bool> IndexCheck::name_posting(uint32_t page) {
  TailView tail;
  MNEMO_TRY(load_page(page, tail));
  std::vector<PagePosting> expected;
  for (uint32_t i = 0; i < tail.terms(); ++i) {
    const uint32_t occurrence = tail.occurrences()[i];
    expected.push_back({place_of(tail.hashes()[i], occurrence >> 24), occurrence & kTailCountMax});
  }
  std::sort(expected.begin(), expected.end());
  const auto holder = std::find_if(segments_.begin(), segments_.end(), [&](const Segment& segment) {
    return page - segment.first_page() < segment.pages();
  });
  MNEMO_ASSIGN(const std::vector<PagePosting> actual, page_postings(*holder, page));
  const auto [e, a] = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
  MNEMO_CHECK(e != expected.end() || a != actual.end());
  const Place place = e == expected.end() || (a != actual.end() && *a < *e) ? a->place : e->place;
  const size_t chunk = holder->find(place + (page - holder->first_page()) * kPageDocs);
  return differs(chunk_key(ord_, *holder, chunk == Fence::kNone ? 0 : chunk),
                 "tells other words than record " + std::to_string(page * kPageDocs + doc_of(place)));
}

// Rows of pages that there are no documents for.
Result<bool> IndexCheck::check_nothing_behind() {
  bool good = true;
  for (const keys::Row kind : {keys::Row::kColumns, keys::Row::kBlock}) {
    MNEMO_TRY(
        rows_.scan(keys::of_number(kind, ord_, pages_.size()), prefix_end(keys::of_agent(kind, ord_)),
                   [&](std::string_view key, std::string_view) { return good = differs(key, "is of no document"); }));
    if (!good) return false;
  }
  return good;
}

}  // namespace

Status check_agent_index(const RowReader& rows, const LoadDoc& load, AgentOrd ord, uint32_t docs,
                         const std::function<bool(DocNo)>& live, bool scrubbed, std::string* first_difference) {
  IndexCheck check(rows, load, ord, docs, live, scrubbed);
  first_difference->clear();
  MNEMO_ASSIGN(const bool good, check.run());
  if (!good) *first_difference = check.difference();
  return {};
}

}  // namespace mnemo
