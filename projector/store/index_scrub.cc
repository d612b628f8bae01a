#include "projector/store/index_scrub.h"

#include "projector/store/index_segments.h"

namespace mnemo {
namespace {

// TaskCursor of a scrub. kPageRows: the next row of the page in a. kText: the segment's level in a, the next of the
// task's terms in b. No segment changes in between: tasks are done one after the other.
enum Phase : uint32_t { kPageRows = 0, kText = 1 };

// The dead documents of a page as a segment numbers them.
struct Dead {
  uint32_t first = 0;
  PageBits bits{};
  bool has(uint32_t doc) const { return doc - first < kPageDocs && has_bit(bits, doc - first); }
};

// Rewrites the next columns row of the page that holds something of the dead. False: none does.
Result<bool> scrub_next_columns(RowWriter& rows, AgentOrd ord, uint32_t page, const PageBits& dead, uint32_t& part) {
  const std::string from = part == 0 ? columns_key(ord, page) : columns_part_key(ord, page, part);
  std::string changed_key;
  std::string changed;
  Status decoded;
  MNEMO_TRY(rows.scan(from, columns_key(ord, page + 1), [&](std::string_view key, std::string_view row) {
    if (!scrub_columns(row, part > 0, dead, changed)) decoded = damaged_row(key);
    ++part;
    if (decoded && changed != row) changed_key = key;
    return decoded && changed_key.empty();
  }));
  MNEMO_TRY(std::move(decoded));
  if (!changed_key.empty()) rows.put(changed_key, changed);
  return !changed_key.empty();
}

// The chunk without the dead documents' postings; false when it is damaged. `changed` tells whether it held any.
bool strip_chunk(const ChunkView& chunk, uint32_t docs, const Dead& dead, std::string& out, bool& changed) {
  ChunkBuilder stripped(SIZE_MAX);
  changed = false;
  if (!chunk.ascending()) return false;
  for (uint32_t i = 0; i < chunk.terms(); ++i) {
    const std::string_view entry = chunk.entry(i);
    bool hit = false;
    const auto note = [&](uint32_t doc, uint32_t) { return !(hit = hit || dead.has(doc)); };
    if (!for_each_posting(entry, docs, note)) return false;
    changed = changed || hit;
    if (!hit) {
      stripped.add_encoded(chunk.term(i), entry);
      continue;
    }
    const auto keep = [&](uint32_t doc, uint32_t count) {
      return dead.has(doc) || stripped.add(chunk.term(i), doc, count, entry_bound(entry));
    };
    if (!for_each_posting(entry, docs, keep)) return false;
  }
  out.clear();
  stripped.finish(out);
  return true;
}

// Rewrites the next chunk that holds the task's terms and something of the dead. True: no term is left.
Result<bool> scrub_text(RowWriter& rows, const IndexTask& task, const PageBits& dead_bits, TaskCursor& cursor) {
  const uint32_t page = task.doc / kPageDocs;
  MNEMO_ASSIGN(const Segment segment, load_segment(rows, task.ord, cursor.a, page >> (3 * cursor.a)));
  const Dead dead{(page - segment.first_page()) * kPageDocs, dead_bits};
  const uint32_t doc = dead.first + task.doc % kPageDocs;
  std::string row;
  std::string stripped;
  ChunkView view;
  for (uint32_t reads = 0; reads < kScrubReads && cursor.b < task.terms.size(); ++reads) {
    const size_t chunk = segment.find(place_of(task.terms[cursor.b], doc));
    do {
      ++cursor.b;
    } while (cursor.b < task.terms.size() && segment.find(place_of(task.terms[cursor.b], doc)) == chunk);
    if (chunk == Fence::kNone) continue;
    MNEMO_TRY(load_chunk(rows, task.ord, segment, chunk, row, view));
    bool changed = false;
    if (!strip_chunk(view, segment.docs(), dead, stripped, changed)) {
      return damaged_row(chunk_key(task.ord, segment, chunk));
    }
    if (!changed) continue;
    rows.put(chunk_key(task.ord, segment, chunk), stripped);
    break;
  }
  return cursor.b == task.terms.size();
}

}  // namespace

Result<bool> scrub_step(RowWriter& rows, const IndexTask& task, TaskCursor& cursor) {
  const uint32_t page = task.doc / kPageDocs;
  MNEMO_ASSIGN(const MaskRow mask, read_mask(rows, task.ord, page));
  if (cursor.phase == kPageRows) {
    MNEMO_ASSIGN(const bool written, scrub_next_columns(rows, task.ord, page, mask.dead, cursor.a));
    if (written) return false;
    cursor.phase = kText;
    MNEMO_ASSIGN(cursor.a, level_of_page(rows, task.ord, page));
    cursor.b = 0;
  }
  if (cursor.a > kMergeLevelsMax || cursor.b > task.terms.size()) {
    return fail(Code::kDataLoss, "an index work row has gone wrong: rebuild the projection from the log");
  }
  return scrub_text(rows, task, mask.dead, cursor);
}

}  // namespace mnemo
