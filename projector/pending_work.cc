#include "events/coding.h"
#include "projector/apply.h"
#include "projector/links.h"
#include "projector/store/filter_match.h"

namespace mnemo {
namespace {

// One unit of a purge: a vector of one version or, when there is none left, its record, which becomes a stub.
Status purge_version(State& state, const AgentState& agent, PendingWork& work) {
  std::string row;
  Record record;
  MNEMO_TRY(state.record(agent.ord, work.doc, row, record));
  MNEMO_CHECK(!record.stub);
  MNEMO_ASSIGN(const bool had_vector, drop_first_vector(state, agent, record, work.doc));
  if (had_vector) return {};
  std::string content;
  encode_record_content(record, content);
  state.drop_content('v', agent, content);
  Record stub;
  stub.stub = true;
  std::string stub_row;
  encode_record(stub, stub_row);
  state.replace(keys::of_number(keys::Row::kRecord, agent.ord, work.doc), row, stub_row);
  work.records_done = record.version == 1;
  work.doc = record.previous_doc;
  return {};
}

// One unit: a link to or from the memory; true when there was none left.
Result<bool> purge_link(State& state, const AgentState& agent, const PendingWork& work) {
  std::optional<Link> link;
  for (const std::string& from : {links_from(agent.ord, work.memory_key), links_to(agent.ord, work.memory_key)}) {
    MNEMO_TRY(state.rows().scan(from, prefix_end(from), [&link](std::string_view key, std::string_view /*value*/) {
      Link found;
      if (decode_link(key, found)) link = found;
      return false;
    }));
    if (link) break;
  }
  if (!link) return true;
  remove_link(state, agent, *link);
  return false;
}

Result<bool> purge_unit(State& state, PendingWork& work) {
  MNEMO_ASSIGN(AgentState* const agent, state.agent_by_ord(work.ord));
  if (!work.records_done) {
    MNEMO_TRY(purge_version(state, *agent, work));
    return false;
  }
  MNEMO_ASSIGN(const bool links_done, purge_link(state, *agent, work));
  if (!links_done) return false;
  const std::string key = keys::of_agent(keys::Row::kAccess, agent->ord).append(work.memory_key);
  std::string row;
  MNEMO_ASSIGN(const bool accessed, state.rows().get(key, row));
  if (accessed) state.remove(key, row);
  return true;
}

// Forgets the memory whose current version the document is, if the filter matches it.
Status forget_if_it_matches(State& state, AgentState& agent, uint32_t doc, PendingWork& work) {
  FoundMemory found;
  MNEMO_TRY(state.record(agent.ord, doc, found.holder, found.record));
  if (found.record.stub || !matches(work.filter, found.record)) return {};
  found.memory_key = found.record.memory_key;
  MNEMO_ASSIGN(const bool known, state.memory_row(agent, found.memory_key, found.row));
  // Older versions match too, but only the current one is the memory.
  const bool current = known && found.row.row.state == MemoryRow::State::kLive && found.row.row.doc == doc;
  if (!current) return {};
  // How far this work has come must not show: what had expired before it was asked for was gone by then.
  const TimestampMs expires = found.record.expires_at_ms;
  const bool expired = expires != 0 && expires <= work.time_ms;
  work.count += expired ? 0 : 1;
  return bury_memory(state, agent, found, expired ? MemoryRow::State::kExpired : MemoryRow::State::kForgotten);
}

// One unit of a forget by filter: one document looked at.
Result<bool> filter_unit(State& state, PendingWork& work) {
  if (work.doc < work.end) {
    MNEMO_ASSIGN(AgentState* const agent, state.agent_by_ord(work.ord));
    MNEMO_TRY(forget_if_it_matches(state, *agent, work.doc++, work));
  }
  return work.doc >= work.end;
}

Result<bool> pending_unit(State& state, PendingWork& work) {
  switch (work.type) {
    case PendingWork::Type::kPurge: return purge_unit(state, work);
    case PendingWork::Type::kForgetByFilter: return filter_unit(state, work);
  }
  return true;
}

Status expire_first(State& state, const State::Expiry& due) {
  MNEMO_ASSIGN(AgentState* const agent, state.agent_by_ord(due.ord));
  FoundMemory found;
  MNEMO_TRY(state.record(due.ord, due.doc, found.holder, found.record));
  found.memory_key = found.record.memory_key;
  MNEMO_ASSIGN(const bool known, state.memory_row(*agent, found.memory_key, found.row));
  MNEMO_CHECK(known && found.row.row.state == MemoryRow::State::kLive && found.row.row.doc == due.doc);
  return bury_memory(state, *agent, found, MemoryRow::State::kExpired);
}

// Works on the oldest item until it is done or the units are used up.
Status work_on_first(State& state, uint32_t& units) {
  MNEMO_ASSIGN(PendingWork work, state.first_pending());
  bool finished = false;
  while (units > 0 && !finished) {
    --units;
    MNEMO_ASSIGN(finished, pending_unit(state, work));
  }
  if (!finished) {
    state.update_first_pending(work);
    return {};
  }
  if (work.type == PendingWork::Type::kForgetByFilter) MNEMO_TRY(settle_key(state, work));
  state.pop_pending(work);
  return {};
}

}  // namespace

Status do_pending_work(State& state) {
  uint32_t units = state.rules().work_units_per_event;
  while (units > 0) {
    if (state.meta().pending_first < state.meta().pending_next) {
      MNEMO_TRY(work_on_first(state, units));
      continue;
    }
    MNEMO_ASSIGN(const std::optional<State::Expiry> first, state.first_expiry());
    const bool due = first && first->at_ms <= state.meta().event_time_ms;
    if (!due) return {};
    --units;
    MNEMO_TRY(expire_first(state, *first));
  }
  return {};
}

}  // namespace mnemo
