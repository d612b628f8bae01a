#include "projector/store/index_reader.h"

#include <algorithm>
#include <bit>

#include "projector/store/tail_load.h"

namespace mnemo {
namespace {

// Pages whose columns open() reads: an agent of up to 4,096 documents is then read whole.
constexpr uint32_t kEagerPages = PageSet::kGroupPages;

uint32_t page_of(uint32_t doc) { return doc / kPageDocs; }

}  // namespace

Status PageSet::take_row(std::string_view key, std::string_view row, uint32_t first, uint32_t end) {
  Decoder in(key.substr(5));
  const uint32_t page = in.be32();
  if (!in.ok() || page < first || page >= end) return damaged_row(key);
  Page& at = pages_[page];
  const bool right = in.at_end() ? at.rows.empty() : in.be32() == at.rows.size() && in.done();
  if (!right) return damaged_row(key);
  at.rows.emplace_back(row);
  ++reads_.rows;
  reads_.bytes += row.size();
  return {};
}

Status PageSet::load_group(uint32_t page) {
  const uint32_t first = page / kGroupPages * kGroupPages;
  return load_range(first, std::min(first + kGroupPages, size()));
}

Status PageSet::load_all() {
  return load_where([](uint32_t) { return true; });
}

Status PageSet::load_range(uint32_t first, uint32_t end) {
  const auto forget = [&] {
    for (uint32_t i = first; i < end; ++i) pages_[i] = Page();
  };
  forget();
  Status read = read_range(first, end);
  // Half a page must not be taken for one that is loaded.
  if (!read) forget();
  return read;
}

void PageSet::forget_group(uint32_t page) {
  const uint32_t first = page / kGroupPages * kGroupPages;
  for (uint32_t i = first; i < std::min(first + kGroupPages, size()); ++i) pages_[i] = Page();
}

Status PageSet::read_range(uint32_t first, uint32_t end) {
  ++reads_.point_reads;
  Status taken;
  const auto take = [&](std::string_view key, std::string_view row) {
    taken = take_row(key, row, first, end);
    return taken.has_value();
  };
  MNEMO_TRY(rows_.scan(columns_key(ord_, first), columns_key(ord_, end), take));
  MNEMO_TRY(std::move(taken));
  for (uint32_t i = first; i < end; ++i) {
    Page& at = pages_[i];
    if (at.rows.empty()) return missing_row(columns_key(ord_, i));
    if (!at.head.parse(at.rows[0])) return damaged_row(columns_key(ord_, i));
    if (at.head.parts + 1ULL != at.rows.size()) {
      return missing_row(columns_part_key(ord_, i, static_cast<uint32_t>(at.rows.size())));
    }
  }
  return {};
}

Result<std::unique_ptr<AgentIndex>> AgentIndex::open(const RowReader& rows, const TailScope& tails, const LoadDoc& load,
                                                     AgentOrd ord, uint32_t docs) {
  auto index = std::make_unique<RowsIndex>(rows, tails, load, ord, docs);
  MNEMO_TRY(index->open());
  return std::unique_ptr<AgentIndex>(std::move(index));
}

Status RowsIndex::open() {
  live_.complement();
  if (docs() == 0) return {};
  std::vector<std::pair<uint32_t, MaskRow>> masks;
  MNEMO_TRY(read_masks(masks));
  PageBits tail_dead{};
  for (const auto& [page, mask] : masks) {
    if (page == pages_.size()) tail_dead = mask.dead;
  }
  MNEMO_TRY(open_tail(tail_dead));
  const uint32_t pages = pages_.size();
  if (pages > 0) MNEMO_TRY(pages_.load_group(pages - 1));
  if (pages <= kEagerPages) MNEMO_TRY(pages_.load_all());
  return count_words(masks);
}

Status RowsIndex::read_masks(std::vector<std::pair<uint32_t, MaskRow>>& masks) {
  if (tails_.shard->masks(tails_.generation, ord_) == Masks::kNone) return {};
  const std::string from = keys::of_agent(keys::Row::kMask, ord_);
  Status decoded;
  ++reads_.point_reads;
  MNEMO_TRY(rows_.scan(from, prefix_end(from), [&](std::string_view key, std::string_view row) {
    ++reads_.rows;
    reads_.bytes += row.size();
    MaskRow mask;
    const uint32_t page = Decoder(key.substr(5)).be32();
    if (key.size() != 9 || page > page_of(docs()) || !mask.decode(row)) {
      decoded = damaged_row(key);
      return false;
    }
    std::vector<uint64_t>& words = live_.words();
    for (size_t i = 0; i < mask.dead.size() && page * 4ULL + i < words.size(); ++i) {
      words[page * 4ULL + i] &= ~mask.dead[i];
    }
    masks.emplace_back(page, mask);
    return true;
  }));
  MNEMO_TRY(std::move(decoded));
  if (masks.empty()) tails_.shard->offer_no_masks(tails_.generation, ord_);
  return {};
}

Status RowsIndex::open_tail(const PageBits& dead) {
  const uint32_t docs = this->docs() % kPageDocs;
  const uint32_t page = pages_.size();
  if (docs == 0) return {};
  tail_ = tails_.shard->find(tails_.generation, ord_, page, docs);
  // Another reader may have built the tail when documents were gone that this snapshot still has.
  if (lacks_documents(tail_, dead)) tail_ = TailView();
  if (tail_.docs() == docs) return {};
  Tail tail(page, tail_);
  MNEMO_TRY(extend_tail(rows_, load_, ord_, dead, docs, tail, &reads_));
  tail_ = tail.view(docs);
  tails_.shard->offer(tails_.generation, ord_, std::move(tail));
  return {};
}

Status RowsIndex::count_words(const std::vector<std::pair<uint32_t, MaskRow>>& masks) {
  if (pages_.size() > 0) live_words_ = pages_.head(pages_.size() - 1).words;
  for (const auto& [page, mask] : masks) live_words_ -= mask.gone_words;
  for (uint32_t i = 0; i < tail_.docs(); ++i) {
    if (live_.contains(first_tail_doc() + i)) live_words_ += tail_.doc(i).length;
  }
  return {};
}

PageBits RowsIndex::live_bits(uint32_t page) const {
  PageBits bits{};
  const std::vector<uint64_t>& words = live_.words();
  for (size_t i = 0; i < bits.size() && page * 4ULL + i < words.size(); ++i) bits[i] = words[page * 4ULL + i];
  return bits;
}

int64_t RowsIndex::column(Column which, uint32_t doc) const {
  const uint32_t page = page_of(doc);
  if (!pages_.loaded(page)) [[unlikely]] {
    if (failure_) return 0;
    if (Status loaded = pages_.load_group(page); !loaded) {
      failure_ = std::move(loaded).error();
      return 0;
    }
  }
  return pages_.head(page).column(which)[doc % kPageDocs];
}

uint32_t RowsIndex::length(uint32_t doc) const {
  if (in_tail(doc)) return tail_.doc(doc % kPageDocs).length;
  return static_cast<uint32_t>(column(Column::kLength, doc));
}
TimestampMs RowsIndex::observed_at_ms(uint32_t doc) const {
  return in_tail(doc) ? tail_.doc(doc % kPageDocs).observed_at_ms : column(Column::kObservedAt, doc);
}
TimestampMs RowsIndex::recorded_at_ms(uint32_t doc) const {
  return in_tail(doc) ? tail_.doc(doc % kPageDocs).recorded_at_ms : column(Column::kRecordedAt, doc);
}
TimestampMs RowsIndex::expires_at_ms(uint32_t doc) const {
  return in_tail(doc) ? tail_.doc(doc % kPageDocs).expires_at_ms : column(Column::kExpiresAt, doc);
}

Status RowsIndex::status() const {
  if (failure_) return fail(*failure_);
  return {};
}

Status RowsIndex::expired(TimestampMs now_ms, DocSet& out) {
  MNEMO_TRY(status());
  out = DocSet(docs());
  const auto test = [&](uint32_t doc, TimestampMs expires_at_ms) {
    if (expires_at_ms != 0 && expires_at_ms <= now_ms) out.insert(doc);
  };
  for (uint32_t i = 0; i < tail_.docs(); ++i) test(first_tail_doc() + i, tail_.doc(i).expires_at_ms);
  const uint32_t pages = pages_.size();
  if (pages > 0 && pages_.head(pages - 1).expiring > 0) {
    MNEMO_TRY(pages_.load_all());
    for (uint32_t doc = 0; doc < first_tail_doc(); ++doc) test(doc, column(Column::kExpiresAt, doc));
  }
  out.intersect(live_);
  return {};
}

namespace {

// Whether the wanted values, all of them in one stretch of the order of values, are behind this one.
bool is_past(FilterField field, std::string_view value, FilterField wanted_field, std::string_view wanted) {
  if (field != wanted_field) return field > wanted_field;
  return value > wanted && !value.starts_with(wanted);
}

}  // namespace

Status RowsIndex::filter(FilterField field, std::string_view value, bool prefix, DocSet& out) {
  MNEMO_TRY(status());
  MNEMO_TRY(pages_.load_all());
  out = DocSet(docs());
  const auto matches = [&](FilterField f, std::string_view v) {
    return f == field && (prefix ? v.starts_with(value) : v == value);
  };
  for (uint32_t page = 0; page < pages_.size(); ++page) {
    MNEMO_TRY(pages_.for_each_value(page, [&](FilterField f, std::string_view v, const PageBits& bits) {
      if (!matches(f, v)) return !is_past(f, v, field, value);
      for (size_t i = 0; i < bits.size(); ++i) out.words()[page * 4ULL + i] |= bits[i];
      return true;
    }));
  }
  std::vector<bool> matching(tail_.values());
  for (uint32_t i = 0; i < matching.size(); ++i) matching[i] = matches(tail_.field(i), tail_.text(i));
  for (uint32_t i = 0; i < tail_.docs(); ++i) {
    for (const uint32_t id : tail_.filters(i)) {
      if (matching[id]) out.insert(first_tail_doc() + i);
    }
  }
  out.intersect(live_);
  return {};
}

Status RowsIndex::values(FilterField field, std::vector<std::pair<std::string, uint32_t>>& out) {
  MNEMO_TRY(status());
  MNEMO_TRY(pages_.load_all());
  out.clear();
  std::vector<std::pair<std::string_view, uint32_t>> found;
  for (uint32_t page = 0; page < pages_.size(); ++page) {
    const PageBits live = live_bits(page);
    MNEMO_TRY(pages_.for_each_value(page, [&](FilterField f, std::string_view v, const PageBits& bits) {
      if (f != field) return f < field;
      uint32_t count = 0;
      for (size_t i = 0; i < bits.size(); ++i) count += static_cast<uint32_t>(std::popcount(bits[i] & live[i]));
      if (count > 0) found.emplace_back(v, count);
      return true;
    }));
  }
  std::vector<uint32_t> counts(tail_.values());
  for (uint32_t i = 0; i < tail_.docs(); ++i) {
    if (!live_.contains(first_tail_doc() + i)) continue;
    for (const uint32_t id : tail_.filters(i)) ++counts[id];
  }
  for (uint32_t id = 0; id < counts.size(); ++id) {
    if (counts[id] > 0 && tail_.field(id) == field) found.emplace_back(tail_.text(id), counts[id]);
  }
  std::sort(found.begin(), found.end());
  for (const auto& [value, count] : found) {
    if (out.empty() || out.back().first != value) out.emplace_back(value, 0);
    out.back().second += count;
  }
  return {};
}

}  // namespace mnemo
