#include "projector/store/tail.h"

#include <algorithm>
#include <bit>

#include "events/hash.h"

namespace mnemo {
namespace {

template <typename T>
void copy_front(const T* from, uint32_t n, TailArray<T>& to) {
  if (n > 0) std::memcpy(to.extend(n), from, n * sizeof(T));
}

uint64_t value_hash(FilterField field, std::string_view text) {
  return xxh3_64(text) + static_cast<uint64_t>(field) * 0x9e3779b97f4a7c15;
}

}  // namespace

Tail::Tail(uint32_t page, const TailView& view) : page_(page), hollow_(view.hollow_) {
  if (view.docs_ == 0) return;
  const TailDoc& last = view.doc(view.docs_ - 1);
  copy_front(view.tail_docs_.get(), view.docs_, docs_);
  copy_front(view.hashes_.get(), last.terms_end, hashes_);
  copy_front(view.occurrences_.get(), last.terms_end, occurrences_);
  copy_front(view.filter_ids_.get(), last.filters_end, filter_ids_);
  copy_front(view.values_.get(), last.values_end, values_);
  if (last.values_end == 0) return;
  const TailValue& last_value = view.values_[last.values_end - 1];
  copy_front(view.text_.get(), last_value.offset + last_value.size, text_);
  for (uint32_t i = 0; i < last.values_end; ++i) table_.insert(value_hash(view.field(i), view.text(i)), i);
}

size_t Tail::bytes() const {
  // The table keeps 16 bytes a slot, at least two slots a value.
  const size_t table = 16 * std::bit_ceil(std::max<size_t>(16, 2 * size_t{values_.size()}));
  return sizeof(Tail) + docs_.bytes() + hashes_.bytes() + occurrences_.bytes() + filter_ids_.bytes() + values_.bytes() +
         text_.bytes() + table;
}

TailView Tail::view(uint32_t docs) const {
  TailView view;
  view.docs_ = docs;
  view.hollow_ = hollow_;
  view.tail_docs_ = docs_.share();
  view.hashes_ = hashes_.share();
  view.occurrences_ = occurrences_.share();
  view.filter_ids_ = filter_ids_.share();
  view.values_ = values_.share();
  view.text_ = text_.share();
  return view;
}

void Tail::append(const IndexedDoc& doc) {
  const uint32_t number = docs_.size();
  const auto terms = static_cast<uint32_t>(doc.terms.size());
  // With many agents in turn all of this is out of the caches: the misses overlap instead of following each other.
  __builtin_prefetch(text_.data());
  __builtin_prefetch(values_.data());
  docs_.prefetch(sizeof(TailDoc));
  filter_ids_.prefetch(sizeof(uint32_t) * doc.filters.size());
  hashes_.prefetch(sizeof(uint32_t) * terms);
  occurrences_.prefetch(sizeof(uint32_t) * terms);
  uint32_t* hash = hashes_.extend(terms);
  uint32_t* occurrence = occurrences_.extend(terms);
  for (const TermCount& term : doc.terms) {
    *hash++ = term.hash;
    *occurrence++ = number << 24 | std::min(term.count, kTailCountMax);
  }
  append_filters(doc.filters);
  TailDoc& entry = *docs_.extend(1);
  entry.terms_end = hashes_.size();
  entry.filters_end = filter_ids_.size();
  entry.values_end = values_.size();
  entry.length = doc.length;
  entry.observed_at_ms = doc.observed_at_ms;
  entry.recorded_at_ms = doc.recorded_at_ms;
  entry.expires_at_ms = doc.expires_at_ms;
}

void Tail::append_hollow() {
  set_bit(hollow_, docs_.size());
  append(IndexedDoc{});
}

// Most values of a document are those of the two before it (two speakers taking turns): found without hashing.
void Tail::append_filters(const std::vector<FilterTerm>& filters) {
  const uint32_t end = filter_ids_.size();
  const uint32_t docs = docs_.size();
  const uint32_t from = docs < 3 ? 0 : docs_.data()[docs - 3].filters_end;
  uint32_t* out = filter_ids_.extend(static_cast<uint32_t>(filters.size()));
  const uint32_t* ids = filter_ids_.data();
  uint32_t at = from;
  for (const FilterTerm& term : filters) {
    // Starts where the value before was found, and goes round once: mostly one step.
    const auto is_term = [&](uint32_t id) { return values_.data()[id].field == term.field && text(id) == term.value; };
    uint32_t left = end - from;
    for (; left > 0 && !is_term(ids[at]); --left) at = at + 1 == end ? from : at + 1;
    *out++ = left > 0 ? ids[at] : intern(term);
    if (left > 0) at = at + 1 == end ? from : at + 1;
  }
}

uint32_t Tail::intern(const FilterTerm& term) {
  const uint64_t hash = value_hash(term.field, term.value);
  const uint32_t known =
      table_.find(hash, [&](uint32_t id) { return values_.data()[id].field == term.field && text(id) == term.value; });
  if (known != FlatTable::kNone) return known;
  const uint32_t id = values_.size();
  const auto size = static_cast<uint32_t>(term.value.size());
  TailValue& value = *values_.extend(1);
  value = {term.field, text_.size(), size};
  if (size > 0) std::memcpy(text_.extend(size), term.value.data(), size);
  table_.insert(hash, id);
  return id;
}

}  // namespace mnemo
