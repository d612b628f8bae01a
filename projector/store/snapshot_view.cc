#include "projector/store/snapshot_view.h"

#include <algorithm>
#include <numeric>

#include "projector/store/agent_rows.h"
#include "projector/store/pending.h"

namespace mnemo {

Result<std::unique_ptr<View>> SnapshotView::open(std::shared_ptr<rocksdb::DB> db, PartitionId partition,
                                                 TailCache& tails) {
  std::unique_ptr<SnapshotView> view(new SnapshotView(std::move(db), partition, tails));
  std::string row;
  MNEMO_ASSIGN(const bool found, view->get(kMetaKey, row));
  if (found) MNEMO_TRY(decode_meta(row, view->meta_));
  return std::unique_ptr<View>(std::move(view));
}

Result<std::optional<AgentRef>> SnapshotView::agent(std::string_view name_space, std::string_view agent_id) const {
  MNEMO_ASSIGN(const std::optional<AgentOrd> ord, read_agent_ord(rows_, name_space, agent_id));
  if (!ord) return std::nullopt;
  if (const auto docs = tails_.shard->docs(tails_.generation, *ord, meta_.next_offset)) return AgentRef{*ord, *docs};
  MNEMO_ASSIGN(const uint32_t docs, count_documents(rows_, *ord));
  tails_.shard->offer_docs(tails_.generation, *ord, docs);
  return AgentRef{*ord, docs};
}

Result<std::optional<MemoryRow>> SnapshotView::memory(AgentOrd ord, std::string_view memory_key) const {
  std::string row;
  MNEMO_ASSIGN(const bool found, rows_.get(memory_row_key(ord, memory_key), row));
  if (!found) return std::nullopt;
  MemoryRowValue value;
  MNEMO_TRY(decode_memory_row(row, value));
  if (value.row.state == MemoryRow::State::kAlias) return std::nullopt;
  return value.row;
}

Status SnapshotView::record(AgentOrd ord, uint32_t doc, std::string& holder, Record& out) const {
  MNEMO_ASSIGN(const bool found, rows_.get(keys::of_number(keys::Row::kRecord, ord, doc), holder));
  if (!found) return fail(Code::kNotFound, "there is no document " + std::to_string(doc) + " of this agent");
  return decode_record(holder, out);
}

Status SnapshotView::records(AgentOrd ord, std::span<const uint32_t> docs, const VisitRecord& visit) const {
  std::vector<size_t> order(docs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return docs[a] < docs[b]; });
  std::vector<std::string> keys;
  keys.reserve(docs.size());
  for (const size_t i : order) keys.push_back(keys::of_number(keys::Row::kRecord, ord, docs[i]));
  Status visited;
  size_t found = 0;
  Record record;
  MNEMO_TRY(rows_.get_all(keys, [&](size_t at, std::string_view row) {
    ++found;
    if (visited) visited = decode_record(row, record);
    if (visited) visited = visit(order[at], record);
  }));
  MNEMO_TRY(std::move(visited));
  if (found == docs.size()) return {};
  return fail(Code::kNotFound, std::to_string(docs.size() - found) + " of these documents are not there");
}

Result<std::vector<PendingForget>> SnapshotView::pending_forgets(AgentOrd ord) const {
  std::vector<PendingForget> found;
  if (meta_.pending_forgets == 0) return found;
  MNEMO_ASSIGN(std::vector<PendingFilter> filters, read_pending_filters(rows_, ord));
  for (PendingFilter& at_work : filters) {
    found.push_back({at_work.work.doc, at_work.work.end, std::move(at_work.filter)});
  }
  return found;
}

Result<std::unique_ptr<AgentIndex>> SnapshotView::index(const AgentRef& agent) const {
  return AgentIndex::open(rows_, tails_, load_, agent.ord, agent.docs);
}

}  // namespace mnemo
