#include "projector/store/index_merge.h"

#include <array>

#include "projector/store/index_segments.h"

namespace mnemo {
namespace {

// TaskCursor of a merge: the place that the next chunk begins at in a and b, that chunk's number in c.
enum Phase : uint32_t { kCopy = 0, kPublish = 1, kDelete = 2 };

constexpr size_t kDeletesPerStep = 64;

// One input of a merge: walks the terms of a segment from a place on.
class MergeInput {
 public:
  Status open(const RowReader& rows, AgentOrd ord, Segment segment, Place from) {
    rows_ = &rows;
    ord_ = ord;
    segment_ = std::move(segment);
    if (segment_.chunks() == 0) return {};
    chunk_ = segment_.find(from);
    if (chunk_ == Fence::kNone) chunk_ = 0;
    MNEMO_TRY(load());
    at_ = view_.lower_bound(term_of(from));
    return skip_ended();
  }

  bool done() const { return chunk_ == segment_.chunks(); }
  uint32_t term() const { return view_.term(at_); }
  std::string_view entry() const { return view_.entry(at_); }
  uint32_t docs() const { return segment_.docs(); }
  std::string row_key() const { return chunk_key(ord_, segment_, chunk_); }
  Status next() {
    ++at_;
    return skip_ended();
  }

 private:
  Status load() {
    at_ = 0;
    MNEMO_TRY(load_chunk(*rows_, ord_, segment_, chunk_, row_, view_));
    if (!view_.ascending()) return damaged_row(row_key());
    return {};
  }
  Status skip_ended() {
    while (at_ == view_.terms()) {
      if (++chunk_ == segment_.chunks()) return {};
      MNEMO_TRY(load());
    }
    return {};
  }

  const RowReader* rows_ = nullptr;
  AgentOrd ord_;
  Segment segment_;
  size_t chunk_ = 0;
  std::string row_;
  ChunkView view_;
  uint32_t at_ = 0;
};

// Fills one chunk of the output.
class ChunkMerge {
 public:
  ChunkMerge(Place from) : from_(from), next_(from) {}

  Status open(const RowReader& rows, const IndexTask& task) {
    for (uint32_t i = 0; i < kMergeFanIn; ++i) {
      MNEMO_ASSIGN(Segment segment, load_segment(rows, task.ord, task.level - 1, task.segment * kMergeFanIn + i));
      const uint32_t first = i * segment.docs();
      const uint32_t doc = doc_of(from_) > first ? doc_of(from_) - first : 0;
      MNEMO_TRY(inputs_[i].open(rows, task.ord, std::move(segment), place_of(term_of(from_), doc)));
    }
    return {};
  }

  // True: the inputs are used up. False: the chunk is full, and next() is where another begins.
  Result<bool> run() {
    while (true) {
      uint64_t term = kNoTerm;
      for (const MergeInput& input : inputs_) {
        if (!input.done() && input.term() < term) term = input.term();
      }
      if (term == kNoTerm) return true;
      for (uint32_t i = 0; i < kMergeFanIn; ++i) {
        MNEMO_ASSIGN(const bool room, copy_term(i, static_cast<uint32_t>(term)));
        if (!room) return false;
      }
    }
  }

  Place next() const { return next_; }
  ChunkBuilder& chunk() { return chunk_; }

 private:
  static constexpr uint64_t kNoTerm = ~uint64_t{0};

  // All that input `i` has of the term. False when the chunk is full.
  Result<bool> copy_term(uint32_t i, uint32_t term) {
    MergeInput& input = inputs_[i];
    while (!input.done() && input.term() == term) {
      bool room = true;
      bool order = true;
      const uint32_t first = i * input.docs();
      const std::string_view entry = input.entry();
      const bool whole = for_each_posting(entry, input.docs(), [&](uint32_t in_doc, uint32_t count) {
        const Place place = place_of(term, first + in_doc);
        if (place < from_) return true;
        order = place >= next_;
        room = order && chunk_.add(term, first + in_doc, count, entry_bound(entry));
        if (room) next_ = place + 1;
        return room;
      });
      if (!whole || !order) return damaged_row(input.row_key());
      if (!room) {
        end_before(term);
        return false;
      }
      MNEMO_TRY(input.next());
    }
    return true;
  }

  // The chunk is full, with the term's postings not all in it. They all go into the next, unless they fill this one.
  void end_before(uint32_t term) {
    const bool begun = chunk_.last_term() == term;
    if (begun && !chunk_.drop_last_term()) return;
    next_ = place_between(chunk_.last_term(), term);
  }

  Place from_;
  Place next_;  // not less than what comes next
  std::array<MergeInput, kMergeFanIn> inputs_;
  ChunkBuilder chunk_{kChunkRowBytesMax};
};

Result<bool> copy_step(RowWriter& rows, const IndexTask& task, TaskCursor& cursor) {
  const Place from = place_of(cursor.a, cursor.b);
  ChunkMerge merge(from);
  MNEMO_TRY(merge.open(rows, task));
  MNEMO_ASSIGN(const bool used_up, merge.run());
  if (!merge.chunk().empty()) {
    std::string row;
    merge.chunk().finish(row);
    rows.put(segment_part_key(keys::Row::kChunk, task.ord, task.level, task.segment, cursor.c), row);
    MNEMO_TRY(append_fence(rows, task.ord, task.level, task.segment, cursor.c, from));
    ++cursor.c;
  }
  cursor.a = term_of(merge.next());
  cursor.b = doc_of(merge.next());
  if (used_up) cursor.phase = kPublish;
  return false;
}

// Deletes up to `left` rows of the range.
Status delete_rows(RowWriter& rows, const std::string& from, const std::string& to, size_t& left) {
  std::vector<std::string> found;
  if (left == 0) return {};
  MNEMO_TRY(rows.scan(from, to, [&](std::string_view key, std::string_view) {
    found.emplace_back(key);
    return found.size() < left;
  }));
  for (const std::string& key : found) rows.erase(key);
  left -= found.size();
  return {};
}

Result<bool> delete_step(RowWriter& rows, const IndexTask& task) {
  const uint32_t level = task.level - 1;
  const uint32_t first = task.segment * kMergeFanIn;
  const uint32_t end = first + kMergeFanIn;
  size_t left = kDeletesPerStep;
  if (level == 0) {
    MNEMO_TRY(delete_rows(rows, block_key(task.ord, first), block_key(task.ord, end), left));
  } else {
    MNEMO_TRY(delete_rows(rows, segment_key(keys::Row::kFence, task.ord, level, first),
                          segment_key(keys::Row::kFence, task.ord, level, end), left));
  }
  MNEMO_TRY(delete_rows(rows, segment_key(keys::Row::kChunk, task.ord, level, first),
                        segment_key(keys::Row::kChunk, task.ord, level, end), left));
  return left > 0;
}

}  // namespace

Result<bool> merge_step(RowWriter& rows, const IndexTask& task, TaskCursor& cursor) {
  const uint64_t end_page = (uint64_t{task.segment} + 1) << (3 * (task.level % 32));
  if (task.level < 1 || task.level > kMergeLevelsMax || end_page > UINT32_MAX / kPageDocs) {
    return fail(Code::kDataLoss,
                "an index work row names a segment that cannot be: rebuild the projection from the log");
  }
  switch (static_cast<Phase>(cursor.phase)) {
    case kCopy: return copy_step(rows, task, cursor);
    case kPublish:
      MNEMO_TRY(publish_fence(rows, task.ord, task.level, task.segment, cursor.c));
      cursor.phase = kDelete;
      return false;
    case kDelete: return delete_step(rows, task);
  }
  return fail(Code::kDataLoss, "an index work row has an unknown phase: rebuild the projection from the log");
}

}  // namespace mnemo
