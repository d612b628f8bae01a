#include <algorithm>
#include <string>

#include "projector/store/index.h"
#include "projector/store/index_build.h"
#include "projector/store/index_merge.h"
#include "projector/store/index_page.h"
#include "projector/store/index_queue.h"
#include "projector/store/index_scrub.h"
#include "projector/store/index_segments.h"
#include "projector/store/tail.h"
#include "projector/store/tail_load.h"

namespace mnemo {

struct IndexWriter::Impl {
  Impl(TailCache& tails, PartitionId partition, LoadDoc load_doc)
      : shard(*tails.scope(partition).shard), load(std::move(load_doc)) {
    // Tails of another life of this partition may know documents that it has lost.
    shard.reset();
  }

  Result<bool> has_rows(const RowReader& rows, AgentOrd ord, DocNo doc);
  Result<TailView> full_tail(const RowReader& rows, AgentOrd ord, uint32_t page, const PageBits& dead,
                             const IndexedDoc& last);
  Status write_page(RowWriter& rows, AgentOrd ord, uint32_t page, const IndexedDoc& last);
  Result<bool> step(RowWriter& rows);

  TailShard& shard;
  LoadDoc load;
  IndexQueue queue;
  PageBuilder builder;
  IndexTask task;  // kept for its memory
};

// Whether the document's page has been written.
Result<bool> IndexWriter::Impl::has_rows(const RowReader& rows, AgentOrd ord, DocNo doc) {
  if (const auto in_tail = shard.in_tail(ord, doc)) return !*in_tail;
  std::string row;
  return rows.get(columns_key(ord, doc.value / kPageDocs), row);
}

// The page's documents; `last` is its last one.
Result<TailView> IndexWriter::Impl::full_tail(const RowReader& rows, AgentOrd ord, uint32_t page, const PageBits& dead,
                                              const IndexedDoc& last) {
  TailView kept = shard.find(shard.generation(), ord, page, kPageDocs);
  if (lacks_documents(kept, dead)) kept = TailView();
  if (kept.docs() == kPageDocs) return kept;
  Tail tail(page, kept);
  MNEMO_TRY(extend_tail(rows, load, ord, dead, kPageDocs - 1, tail));
  tail.append(last);
  return tail.view(kPageDocs);
}

Status IndexWriter::Impl::write_page(RowWriter& rows, AgentOrd ord, uint32_t page, const IndexedDoc& last) {
  MNEMO_ASSIGN(const MaskRow mask, read_mask(rows, ord, page));
  MNEMO_ASSIGN(const TailView tail, full_tail(rows, ord, page, mask.dead, last));
  MNEMO_TRY(builder.write(rows, ord, page, tail, mask.dead));
  const uint64_t pages = uint64_t{page} + 1;
  for (uint32_t level = 1; level <= kMergeLevelsMax && pages % (uint64_t{1} << (3 * level)) == 0; ++level) {
    IndexTask merge;
    merge.kind = IndexTask::Kind::kMerge;
    merge.ord = ord;
    merge.level = level;
    merge.segment = page >> (3 * level);
    queue.push(rows, merge);
  }
  return {};
}

Result<bool> IndexWriter::Impl::step(RowWriter& rows) {
  TaskCursor cursor;
  MNEMO_ASSIGN(const bool any, queue.first(rows, task, cursor));
  if (!any) return false;
  Result<bool> done = false;
  switch (task.kind) {
    case IndexTask::Kind::kMerge: done = merge_step(rows, task, cursor); break;
    case IndexTask::Kind::kScrub: done = scrub_step(rows, task, cursor); break;
  }
  if (!done) return done;
  if (*done) {
    queue.pop(rows);
  } else {
    queue.save(rows, cursor);
  }
  return true;
}

IndexWriter::IndexWriter(TailCache& tails, PartitionId partition, LoadDoc load)
    : impl_(std::make_unique<Impl>(tails, partition, std::move(load))) {}

IndexWriter::~IndexWriter() = default;

Status IndexWriter::add(RowWriter& rows, AgentOrd ord, DocNo doc, const IndexedDoc& content) {
  MNEMO_TRY(impl_->shard.add(ord, doc, content));
  if (doc.value % kPageDocs != kPageDocs - 1) return {};
  return impl_->write_page(rows, ord, doc.value / kPageDocs, content);
}

Status IndexWriter::remove(RowWriter& rows, AgentOrd ord, DocNo doc, const IndexedDoc& content) {
  const uint32_t page = doc.value / kPageDocs;
  const uint32_t in_page = doc.value % kPageDocs;
  MNEMO_ASSIGN(MaskRow mask, read_mask(rows, ord, page));
  if (has_bit(mask.dead, in_page)) return {};
  MNEMO_ASSIGN(const bool written, impl_->has_rows(rows, ord, doc));
  set_bit(mask.dead, in_page);
  if (written) mask.gone_words += content.length;
  impl_->shard.note_removed(ord);
  rows.put(keys::of_number(keys::Row::kMask, ord, page), mask.encode());
  if (!written) return {};
  IndexTask& scrub = impl_->task;
  scrub.kind = IndexTask::Kind::kScrub;
  scrub.ord = ord;
  scrub.doc = doc.value;
  scrub.terms.clear();
  for (const TermCount& term : content.terms) scrub.terms.push_back(term.hash);
  impl_->queue.push(rows, scrub);
  return {};
}

Result<uint32_t> IndexWriter::work(RowWriter& rows, uint32_t units) {
  uint32_t done = 0;
  while (done < units) {
    MNEMO_ASSIGN(const bool worked, impl_->step(rows));
    if (!worked) break;
    ++done;
  }
  return done;
}

Result<uint32_t> IndexWriter::take_turn(RowWriter& rows, uint32_t least) {
  impl_->queue.begin_turn();
  const uint64_t turn = impl_->queue.backlog().turns;
  MNEMO_ASSIGN(uint32_t done, work(rows, 1));
  if (done == 0) return 0;
  const uint64_t waited = turn - std::min(turn, impl_->task.turn);
  MNEMO_ASSIGN(const uint32_t more, work(rows, index_steps_of_turn(least, waited) - done));
  return done + more;
}

uint32_t index_steps_of_turn(uint32_t least, uint64_t turns_waited) {
  const uint64_t doubled = std::min<uint64_t>(turns_waited / kIndexPatienceTurns, 31);
  return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{least} << doubled, kIndexStepsPerTurnMax));
}

void IndexWriter::committed(uint64_t next_offset) { impl_->shard.committed(next_offset); }

const IndexBacklog& IndexWriter::backlog() const { return impl_->queue.backlog(); }

void IndexWriter::reset(const IndexBacklog& backlog) {
  impl_->queue.reset(backlog);
  impl_->shard.reset();
}

}  // namespace mnemo
