#include "projector/store/batch_rows.h"

#include <algorithm>
#include <cstring>

#include "events/hash.h"
#include "projector/store/keys.h"

namespace mnemo {
namespace {

constexpr size_t kChunkBytes = 256 << 10;

constexpr char kRecord = static_cast<char>(keys::Row::kRecord);
constexpr char kMemory = static_cast<char>(keys::Row::kMemory);

bool is_unordered(std::string_view key) { return key[0] == kRecord || key[0] == kMemory; }

// Whether rows with this first byte can lie in from <= key < to.
bool touches(std::string_view from, std::string_view to, char first) {
  const char after[] = {static_cast<char>(first + 1)};
  return from < std::string_view(after, 1) && to > std::string_view(&first, 1);
}

}  // namespace

BatchRows::BatchRows(const RowReader& base) : base_(base) {}

std::string_view BatchRows::keep(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() > kChunkBytes / 4) {
    large_.push_back(std::make_unique<char[]>(bytes.size()));
    std::memcpy(large_.back().get(), bytes.data(), bytes.size());
    return {large_.back().get(), bytes.size()};
  }
  if (chunks_.empty() || chunk_used_ + bytes.size() > kChunkBytes) {
    if (!chunks_.empty()) ++chunk_;
    if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique<char[]>(kChunkBytes));
    chunk_used_ = 0;
  }
  char* at = chunks_[chunk_].get() + chunk_used_;
  std::memcpy(at, bytes.data(), bytes.size());
  chunk_used_ += bytes.size();
  return {at, bytes.size()};
}

uint32_t BatchRows::find(std::string_view key, uint64_t hash) const {
  return table_.find(hash, [this, key](uint32_t number) { return entries_[number].key == key; });
}

void BatchRows::write(std::string_view key, std::string_view value, bool erased) {
  const uint64_t hash = xxh3_64(key);
  uint32_t number = find(key, hash);
  if (number == FlatTable::kNone) {
    number = static_cast<uint32_t>(entries_.size());
    entries_.push_back({keep(key), {}, false});
    table_.insert(hash, number);
    if (!is_unordered(key)) ordered_.emplace(entries_[number].key, number);
  }
  entries_[number].value = keep(value);
  entries_[number].erased = erased;
  bytes_ += key.size() + value.size();
}

void BatchRows::put(std::string_view key, std::string_view value) { write(key, value, false); }

void BatchRows::erase(std::string_view key) { write(key, {}, true); }

Result<bool> BatchRows::get(std::string_view key, std::string& value) const {
  const uint32_t number = entries_.empty() ? FlatTable::kNone : find(key, xxh3_64(key));
  if (number == FlatTable::kNone) return base_.get(key, value);
  if (entries_[number].erased) return false;
  value.assign(entries_[number].value);
  return true;
}

// Those of the rows that are not kept in order which lie in from <= key < to.
std::vector<const BatchRows::Entry*> BatchRows::unordered(std::string_view from, std::string_view to) const {
  std::vector<const Entry*> found;
  if (!touches(from, to, kRecord) && !touches(from, to, kMemory)) return found;
  for (const Entry& entry : entries_) {
    if (is_unordered(entry.key) && entry.key >= from && entry.key < to) found.push_back(&entry);
  }
  std::sort(found.begin(), found.end(), [](const Entry* a, const Entry* b) { return a->key < b->key; });
  return found;
}

Status BatchRows::scan(std::string_view from, std::string_view to, const Visit& visit) const {
  auto ordered = ordered_.lower_bound(from);
  const auto ordered_end = from < to ? ordered_.lower_bound(to) : ordered;
  const std::vector<const Entry*> others = unordered(from, to);
  auto other = others.begin();
  // The next own row, or null.
  const auto peek = [&]() -> const Entry* {
    const Entry* const first = ordered == ordered_end ? nullptr : &entries_[ordered->second];
    const Entry* const second = other == others.end() ? nullptr : *other;
    if (first == nullptr || second == nullptr) return first != nullptr ? first : second;
    return first->key < second->key ? first : second;
  };
  const auto take = [&](const Entry* entry) {
    if (is_unordered(entry->key)) {
      ++other;
    } else {
      ++ordered;
    }
  };
  bool go_on = true;
  MNEMO_TRY(base_.scan(from, to, [&](std::string_view key, std::string_view value) {
    const Entry* own = peek();
    for (; go_on && own != nullptr && own->key < key; own = peek()) {
      take(own);
      if (!own->erased) go_on = visit(own->key, own->value);
    }
    if (!go_on) return false;
    if (own == nullptr || own->key != key) return go_on = visit(key, value);
    take(own);
    return own->erased || (go_on = visit(own->key, own->value));
  }));
  for (const Entry* own = peek(); go_on && own != nullptr; own = peek()) {
    take(own);
    if (!own->erased) go_on = visit(own->key, own->value);
  }
  return {};
}

// The own row with the greatest key in from <= key < to, or null.
const BatchRows::Entry* BatchRows::newest(std::string_view from, std::string_view to) const {
  const Entry* found = nullptr;
  for (auto at = ordered_.lower_bound(to); found == nullptr && at != ordered_.begin() && (--at)->first >= from;) {
    if (!entries_[at->second].erased) found = &entries_[at->second];
  }
  for (const Entry* const other : unordered(from, to)) {
    if (!other->erased && (found == nullptr || other->key > found->key)) found = other;
  }
  return found;
}

Result<bool> BatchRows::last(std::string_view from, std::string_view to, std::string& key, std::string& value) const {
  const Entry* const own = newest(from, to);
  std::string bound(to);
  while (true) {
    MNEMO_ASSIGN(const bool found, base_.last(from, bound, key, value));
    if (own != nullptr && (!found || own->key >= key)) {
      key.assign(own->key);
      value.assign(own->value);
      return true;
    }
    if (!found) return false;
    const uint32_t number = find(key, xxh3_64(key));
    if (number == FlatTable::kNone) return true;
    bound = key;  // this row is erased in the batch: look below it
  }
}

void BatchRows::clear() {
  entries_.clear();
  table_.clear();
  ordered_.clear();
  large_.clear();
  chunk_ = 0;
  chunk_used_ = 0;
  bytes_ = 0;
}

}  // namespace mnemo
