// File: projector/store/tail.h
// Tails: the newest up to 255 documents of an agent, which have no index rows yet, in memory.
//
// A Tail grows by append() in its one owner's hands and is read through TailViews. Arrays only ever grow at the end;
// when one is full it is replaced by a larger copy and the old one lives on with the views that hold it. So a view of
// n documents reads them without a lock while more are added.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "events/ids.h"
#include "events/result.h"
#include "projector/store/flat_table.h"
#include "projector/store/indexed_doc.h"

namespace mnemo {

// One bit for each document of a page.
using PageBits = std::array<uint64_t, 4>;
inline bool has_bit(const PageBits& bits, uint32_t i) { return bits[i >> 6] >> (i & 63) & 1; }
inline void set_bit(PageBits& bits, uint32_t i) { bits[i >> 6] |= uint64_t{1} << (i & 63); }

struct TailDoc {
  uint32_t terms_end = 0;    // in TailView::hashes() and occurrences()
  uint32_t filters_end = 0;  // in TailView::filter_ids()
  uint32_t values_end = 0;   // distinct filter values of the documents up to this one
  uint32_t length = 0;
  TimestampMs observed_at_ms = 0;
  TimestampMs recorded_at_ms = 0;
  TimestampMs expires_at_ms = 0;
};

// A distinct filter value of a tail; documents name it by its number.
struct TailValue {
  FilterField field{};
  uint32_t offset = 0;  // of its bytes in the tail's text
  uint32_t size = 0;
};

// An array that grows at its end only, and whose old memory stays as it was for those who share it.
template <typename T>
class TailArray {
 public:
  uint32_t size() const { return size_; }
  size_t bytes() const { return size_t{capacity_} * sizeof(T); }
  const T* data() const { return data_.get(); }
  std::shared_ptr<const T[]> share() const { return data_; }
  // Fetches where the next `bytes` will be written.
  void prefetch(size_t bytes) const {
    const char* at = reinterpret_cast<const char*>(data_.get() + size_);
    const size_t room = size_t{capacity_ - size_} * sizeof(T);
    for (size_t i = 0; i < std::min(bytes, room); i += 64) __builtin_prefetch(at + i, 1);
  }

  // `n` more elements, not yet written.
  T* extend(uint32_t n) {
    if (capacity_ - size_ < n) grow(n);
    T* at = data_.get() + size_;
    size_ += n;
    return at;
  }

 private:
  void grow(uint32_t n) {
    uint32_t capacity = capacity_ < 16 ? 16 : capacity_ * 2;
    if (capacity - size_ < n) capacity = size_ + n;
    auto larger = std::make_shared_for_overwrite<T[]>(capacity);
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_ * sizeof(T));
    data_ = std::move(larger);
    capacity_ = capacity;
  }

  std::shared_ptr<T[]> data_;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

// The first docs() documents of a tail. A plain value; thread-safe, since nothing it shows changes.
class TailView {
 public:
  TailView() = default;

  uint32_t docs() const { return docs_; }
  const TailDoc& doc(uint32_t i) const { return tail_docs_[i]; }
  // Documents whose record was a stub when the tail was built: what they held is not known.
  const PageBits& hollow() const { return hollow_; }

  // Terms in order of document, by hash within a document. An occurrence is document << 24 | count.
  uint32_t terms() const { return docs_ == 0 ? 0 : tail_docs_[docs_ - 1].terms_end; }
  const uint32_t* hashes() const { return hashes_.get(); }
  const uint32_t* occurrences() const { return occurrences_.get(); }

  uint32_t values() const { return docs_ == 0 ? 0 : tail_docs_[docs_ - 1].values_end; }
  FilterField field(uint32_t value) const { return values_[value].field; }
  std::string_view text(uint32_t value) const { return {text_.get() + values_[value].offset, values_[value].size}; }
  // The numbers of a document's filter values, in their order.
  std::span<const uint32_t> filters(uint32_t doc) const {
    const uint32_t from = doc == 0 ? 0 : tail_docs_[doc - 1].filters_end;
    return {filter_ids_.get() + from, tail_docs_[doc].filters_end - from};
  }

 private:
  friend class Tail;
  uint32_t docs_ = 0;
  PageBits hollow_{};
  std::shared_ptr<const TailDoc[]> tail_docs_;
  std::shared_ptr<const uint32_t[]> hashes_;
  std::shared_ptr<const uint32_t[]> occurrences_;
  std::shared_ptr<const uint32_t[]> filter_ids_;
  std::shared_ptr<const TailValue[]> values_;
  std::shared_ptr<const char[]> text_;
};

inline constexpr uint32_t kTailCountMax = (1U << 24) - 1;  // a greater count of a term is kept as this

// A page of documents being filled. Not thread-safe.
class Tail {
 public:
  explicit Tail(uint32_t page) : page_(page) {}
  // A copy of what the view shows, to be continued.
  Tail(uint32_t page, const TailView& view);

  uint32_t page() const { return page_; }
  uint32_t docs() const { return docs_.size(); }
  size_t bytes() const;
  TailView view(uint32_t docs) const;

  void append(const IndexedDoc& doc);
  void append_hollow();

 private:
  uint32_t intern(const FilterTerm& term);
  void append_filters(const std::vector<FilterTerm>& filters);
  std::string_view text(uint32_t value) const {
    return {text_.data() + values_.data()[value].offset, values_.data()[value].size};
  }

  uint32_t page_;
  PageBits hollow_{};
  TailArray<TailDoc> docs_;
  TailArray<uint32_t> hashes_;
  TailArray<uint32_t> occurrences_;
  TailArray<uint32_t> filter_ids_;
  TailArray<TailValue> values_;
  TailArray<char> text_;
  FlatTable table_{16};  // hash of (field, value) -> its number
};

class TailShard;

struct TailScope {
  TailShard* shard = nullptr;
  uint64_t generation = 0;
};

// Thread-safe. Keeps tails of several partitions within `bytes_max` together; what was used longest ago goes first, and
// is rebuilt from records when asked for. A partition's own table of agents (24 bytes each) comes on top.
//
// A tail in the cache is right for every snapshot of its partition and generation that was taken after scope() told
// that generation. IndexWriter::reset() begins a new one: readers of older scopes neither see nor add tails of it.
class TailCache {
 public:
  explicit TailCache(size_t bytes_max);
  ~TailCache();
  TailCache(const TailCache&) = delete;
  TailCache& operator=(const TailCache&) = delete;

  TailScope scope(PartitionId partition);
  // Of tails kept, by capacity of their arrays.
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Drops every tail.
  void clear();

 private:
  friend class TailShard;
  TailShard* largest_shard();
  void shrink();

  const size_t bytes_max_;
  std::atomic<size_t> bytes_{0};
  std::mutex mutex_;
  std::vector<std::unique_ptr<TailShard>> shards_;  // by partition; guarded by mutex_
};

// What is known of an agent beside its tail.
enum class Masks : uint8_t { kUnknown = 0, kNone = 1, kSome = 2 };

// One partition's tails. Thread-safe; add(), committed(), note_removed() and reset() are for the partition's writer.
class TailShard {
 public:
  explicit TailShard(TailCache& cache) : cache_(cache) {}

  // Appends the next document if the agent's tail holds all those of its page before it; a page's first always does.
  // FAILED_PRECONDITION when the tail holds more: numbers were not dense, or reset() was not called.
  Status add(AgentOrd ord, DocNo doc, const IndexedDoc& content);
  // True: `doc` has no index rows yet, for the writer; nullopt: not known.
  std::optional<bool> in_tail(AgentOrd ord, DocNo doc);
  // What was added since the last call is written, and in every snapshot that has applied up to `next_offset`.
  void committed(uint64_t next_offset);
  void note_removed(AgentOrd ord);
  void reset();

  // As many of the first `docs` documents of the page as the cache holds: none or some of them.
  TailView find(uint64_t generation, AgentOrd ord, uint32_t page, uint32_t docs);
  // Keeps the tail if it tells more of the agent than what is kept.
  void offer(uint64_t generation, AgentOrd ord, Tail tail);
  // How many documents the agent has in the snapshot that has applied up to `next_offset`; nullopt: not known.
  std::optional<uint32_t> docs(uint64_t generation, AgentOrd ord, uint64_t next_offset);
  // A reader counted them. Ignored once the writer knows better.
  void offer_docs(uint64_t generation, AgentOrd ord, uint32_t docs);
  // kNone: no snapshot of this generation has a mask row of the agent.
  Masks masks(uint64_t generation, AgentOrd ord);
  // A reader found no mask row.
  void offer_no_masks(uint64_t generation, AgentOrd ord);

  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Drops the tails used longest ago until `bytes` are free or none is left.
  void evict(size_t bytes);

 private:
  struct Kept {
    Tail tail;
    uint64_t used = 0;   // when, on the shard's tick
    size_t bytes = 0;    // as counted
    uint32_t place = 0;  // in warm_
  };
  struct Slot {
    std::unique_ptr<Kept> kept;
    uint32_t docs = 0;  // with those of an open batch; 0: not known
    Masks masks = Masks::kUnknown;
    // Snapshots that have applied up to here have all of `docs`, and later ones no more until this is raised, which
    // comes before the batch with more is written.
    uint64_t docs_at = 0;
  };

  Slot& slot(AgentOrd ord);
  void keep(AgentOrd ord, Slot& slot, Tail tail);
  void drop(Slot& slot);
  bool recount(Kept& kept);  // true: the cache is over its bound

  TailCache& cache_;
  std::atomic<uint64_t> generation_{1};
  std::atomic<size_t> bytes_{0};
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<Slot> slots_;     // by ord
  std::vector<uint32_t> warm_;  // ords with a tail, in no order
  std::vector<uint32_t> open_;  // ords that the open batch added to
  uint64_t tick_ = 0;
};

}  // namespace mnemo
