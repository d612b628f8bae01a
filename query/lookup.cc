#include "query/lookup.h"

#include <algorithm>

#include "projector/store/filter_match.h"
#include "projector/store/memory_id.h"

namespace mnemo {
namespace {

tl::unexpected<Error> not_found() {
  return fail(Code::kNotFound, "this agent has no memory of this id: check the id, the namespace and the agent");
}

// By what other rows say, the document has a record.
tl::unexpected<Error> no_record(AgentOrd ord, uint32_t doc) {
  return fail(Code::kDataLoss, "document " + std::to_string(doc) + " of agent number " + std::to_string(ord.value) +
                                   " has no record: run `mnemo verify`, then rebuild the projection from the log");
}

Status read_record(const View& view, AgentOrd ord, uint32_t doc, std::string& row, Record& out) {
  Status read = view.record(ord, doc, row, out);
  if (read && !out.stub) return {};
  if (!read && read.error().code != Code::kNotFound) return read;
  return no_record(ord, doc);
}

Result<bool> under_pending_forget(const View& view, AgentOrd ord, uint32_t doc, const Record& record) {
  MNEMO_ASSIGN(const auto forgets, forgets_at_work(view, ord));
  return std::any_of(forgets.begin(), forgets.end(), [&](const PendingForget& forget) {
    return doc >= forget.next && doc < forget.end && matches(forget.filter, record);
  });
}

}  // namespace

Status find_current(const View& view, const Scope& scope, std::string_view id,
                    std::optional<TimestampMs> reference_time_ms, CurrentVersion& out) {
  MNEMO_TRY(validate_scope(scope.name_space, scope.agent_id));
  if (id.empty()) return fail(Code::kInvalidArgument, "id is empty: give the id of a memory");
  MNEMO_ASSIGN(const auto agent, view.agent(scope.name_space, scope.agent_id));
  if (!agent) return not_found();
  MNEMO_ASSIGN(const auto row, view.memory(agent->ord, memory_key_from_text(id)));
  if (!row || row->state != MemoryRow::State::kLive) return not_found();
  MNEMO_TRY(read_record(view, agent->ord, row->doc, out.row, out.record));
  out.ord = agent->ord;
  const TimestampMs now = hiding_time(view, reference_time_ms.value_or(view.meta().event_time_ms));
  if (out.record.expires_at_ms != 0 && out.record.expires_at_ms <= now) return not_found();
  MNEMO_ASSIGN(const bool forgotten, under_pending_forget(view, agent->ord, row->doc, out.record));
  return forgotten ? Status(not_found()) : Status{};
}

Result<std::vector<Memory>> fetch_memories(const View& view, const Scope& scope, AgentOrd ord,
                                           std::span<const uint32_t> docs) {
  std::vector<Memory> memories(docs.size());
  Status read = view.records(ord, docs, [&](size_t i, const Record& record) -> Status {
    if (record.stub) return no_record(ord, docs[i]);
    memories[i] = memory_from(record, scope.name_space, scope.agent_id);
    return {};
  });
  if (read) return memories;
  if (read.error().code != Code::kNotFound) return fail(std::move(read).error());
  const auto missing = std::find_if(memories.begin(), memories.end(), [](const Memory& m) { return m.id.empty(); });
  MNEMO_CHECK(missing != memories.end());
  return no_record(ord, docs[static_cast<size_t>(missing - memories.begin())]);
}

Result<Memory> Engine::get(const View& view, std::string_view name_space, std::string_view agent_id,
                           std::string_view id, std::optional<TimestampMs> reference_time_ms) const {
  const Scope scope{name_space, agent_id};
  CurrentVersion current;
  MNEMO_TRY(find_current(view, scope, id, reference_time_ms, current));
  return memory_from(current.record, name_space, agent_id);
}

}  // namespace mnemo
