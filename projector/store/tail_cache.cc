#include <algorithm>
#include <string>

#include "projector/store/index.h"
#include "projector/store/tail.h"

namespace mnemo {
namespace {

// The documents of an open batch are in no snapshot yet.
constexpr uint64_t kOpenBatch = UINT64_MAX;

}  // namespace

TailCache::TailCache(size_t bytes_max) : bytes_max_(bytes_max) {}
TailCache::~TailCache() = default;

TailScope TailCache::scope(PartitionId partition) {
  const std::lock_guard lock(mutex_);
  while (shards_.size() <= partition.value) shards_.push_back(std::make_unique<TailShard>(*this));
  TailShard* shard = shards_[partition.value].get();
  return {shard, shard->generation()};
}

void TailCache::clear() {
  const std::lock_guard lock(mutex_);
  for (const auto& shard : shards_) shard->evict(SIZE_MAX);
}

TailShard* TailCache::largest_shard() {
  const std::lock_guard lock(mutex_);
  const auto smaller = [](const auto& a, const auto& b) { return a->bytes() < b->bytes(); };
  return std::max_element(shards_.begin(), shards_.end(), smaller)->get();
}

// Takes from the partition that holds most, so that one busy partition cannot keep another from ever having a tail.
void TailCache::shrink() {
  for (size_t now = bytes(); now > bytes_max_; now = bytes()) {
    TailShard* largest = largest_shard();
    if (largest->bytes() == 0) return;
    largest->evict(std::max(now - bytes_max_, bytes_max_ / 8));
  }
}

TailShard::Slot& TailShard::slot(AgentOrd ord) {
  if (slots_.size() <= ord.value) slots_.resize(ord.value + 1);
  return slots_[ord.value];
}

void TailShard::keep(AgentOrd ord, Slot& slot, Tail tail) {
  if (slot.kept == nullptr) {
    slot.kept = std::make_unique<Kept>(Kept{std::move(tail), 0, 0, static_cast<uint32_t>(warm_.size())});
    warm_.push_back(ord.value);
  } else {
    slot.kept->tail = std::move(tail);
  }
}

void TailShard::drop(Slot& slot) {
  const uint32_t place = slot.kept->place;
  cache_.bytes_.fetch_sub(slot.kept->bytes, std::memory_order_relaxed);
  bytes_.fetch_sub(slot.kept->bytes, std::memory_order_relaxed);
  warm_[place] = warm_.back();
  slots_[warm_[place]].kept->place = place;
  warm_.pop_back();
  slot.kept.reset();
}

bool TailShard::recount(Kept& kept) {
  kept.used = ++tick_;
  const size_t now = kept.tail.bytes();
  if (now != kept.bytes) {
    bytes_.fetch_add(now - kept.bytes, std::memory_order_relaxed);
    cache_.bytes_.fetch_add(now - kept.bytes, std::memory_order_relaxed);
    kept.bytes = now;
  }
  return cache_.bytes() > cache_.bytes_max_;
}

Status TailShard::add(AgentOrd ord, DocNo doc, const IndexedDoc& content) {
  const uint32_t page = doc.value / kPageDocs;
  const uint32_t in_page = doc.value % kPageDocs;
  bool over = false;
  {
    const std::lock_guard lock(mutex_);
    Slot& at = slot(ord);
    if (at.docs > doc.value) {
      return fail(Code::kFailedPrecondition, "document " + std::to_string(doc.value) + " of agent number " +
                                                 std::to_string(ord.value) + " was added before: reset the index " +
                                                 "writer after a dropped batch");
    }
    at.docs = doc.value + 1;
    if (at.docs_at != kOpenBatch) open_.push_back(ord.value);
    at.docs_at = kOpenBatch;
    if (doc.value == 0) at.masks = Masks::kNone;
    if (in_page == 0) keep(ord, at, Tail(page));
    Kept* kept = at.kept.get();
    if (kept != nullptr && kept->tail.page() == page && kept->tail.docs() == in_page) {
      kept->tail.append(content);
      over = recount(*kept);
    }
  }
  if (over) cache_.shrink();
  return {};
}

std::optional<bool> TailShard::in_tail(AgentOrd ord, DocNo doc) {
  const std::lock_guard lock(mutex_);
  const Slot& at = slot(ord);
  if (at.docs == 0) return std::nullopt;
  return doc.value / kPageDocs >= at.docs / kPageDocs;
}

void TailShard::committed(uint64_t next_offset) {
  const std::lock_guard lock(mutex_);
  for (const uint32_t ord : open_) slots_[ord].docs_at = next_offset;
  open_.clear();
}

std::optional<uint32_t> TailShard::docs(uint64_t generation, AgentOrd ord, uint64_t next_offset) {
  const std::lock_guard lock(mutex_);
  if (generation != this->generation()) return std::nullopt;
  const Slot& at = slot(ord);
  if (at.docs == 0 || at.docs_at > next_offset) return std::nullopt;
  return at.docs;
}

void TailShard::offer_docs(uint64_t generation, AgentOrd ord, uint32_t docs) {
  const std::lock_guard lock(mutex_);
  if (generation != this->generation()) return;
  Slot& at = slot(ord);
  if (at.docs == 0) at.docs = docs;
}

void TailShard::note_removed(AgentOrd ord) {
  const std::lock_guard lock(mutex_);
  slot(ord).masks = Masks::kSome;
}

void TailShard::reset() {
  const std::lock_guard lock(mutex_);
  while (!warm_.empty()) drop(slots_[warm_.back()]);
  slots_.clear();
  open_.clear();
  generation_.fetch_add(1, std::memory_order_release);
}

TailView TailShard::find(uint64_t generation, AgentOrd ord, uint32_t page, uint32_t docs) {
  const std::lock_guard lock(mutex_);
  if (generation != this->generation()) return {};
  const Slot& at = slot(ord);
  if (at.kept == nullptr || at.kept->tail.page() != page) return {};
  at.kept->used = ++tick_;
  return at.kept->tail.view(std::min(docs, at.kept->tail.docs()));
}

void TailShard::offer(uint64_t generation, AgentOrd ord, Tail tail) {
  bool over = false;
  {
    const std::lock_guard lock(mutex_);
    if (generation != this->generation()) return;
    Slot& at = slot(ord);
    const auto told = [](const Tail& t) { return std::pair(t.page(), t.docs()); };
    if (at.kept != nullptr && told(at.kept->tail) >= told(tail)) return;
    keep(ord, at, std::move(tail));
    over = recount(*at.kept);
  }
  if (over) cache_.shrink();
}

Masks TailShard::masks(uint64_t generation, AgentOrd ord) {
  const std::lock_guard lock(mutex_);
  return generation == this->generation() ? slot(ord).masks : Masks::kUnknown;
}

void TailShard::offer_no_masks(uint64_t generation, AgentOrd ord) {
  const std::lock_guard lock(mutex_);
  if (generation != this->generation()) return;
  Slot& at = slot(ord);
  if (at.masks == Masks::kUnknown) at.masks = Masks::kNone;
}

void TailShard::evict(size_t bytes) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<uint64_t, uint32_t>> by_use;
  by_use.reserve(warm_.size());
  for (const uint32_t ord : warm_) by_use.emplace_back(slots_[ord].kept->used, ord);
  std::sort(by_use.begin(), by_use.end());
  size_t freed = 0;
  for (const auto& [used, ord] : by_use) {
    if (freed >= bytes) break;
    freed += slots_[ord].kept->bytes;
    drop(slots_[ord]);
  }
}

}  // namespace mnemo
