#include <algorithm>

#include "events/coding.h"
#include "events/hash.h"
#include "projector/apply.h"
#include "projector/links.h"
#include "projector/store/filter_match.h"

namespace mnemo {
namespace {

tl::unexpected<Error> damaged_record(AgentOrd ord, uint32_t doc, std::string_view what) {
  return fail(Code::kDataLoss, "the record row of document " + std::to_string(doc) + " of agent number " +
                                   std::to_string(ord.value) + " " + std::string(what) +
                                   ": rebuild the projection from the log");
}

// One unit of a purge: a vector of one version or, when there is none left, its record, which becomes a stub.
Status purge_version(State& state, const AgentState& agent, PendingWork& work) {
  std::string row;
  Record record;
  MNEMO_TRY(state.record(agent.ord, work.doc, row, record));
  if (record.stub) return damaged_record(work.ord, work.doc, "is a stub before its time");
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

// The first link row with the prefix that is not before `from`; empty when there is none.
Result<std::string> first_link(State& state, const std::string& prefix, const std::string& from) {
  std::string first;
  const std::string begin = std::max(prefix, from);
  const std::string end = prefix_end(prefix);
  if (begin >= end) return first;
  MNEMO_TRY(state.rows().scan(begin, end, [&first](std::string_view key, std::string_view /*value*/) {
    first = key;
    return false;
  }));
  return first;
}

// One unit: a link to or from the memory; true when there was none left. Goes on behind the one removed last: the rows
// before it are gone, and nobody links to a memory that is.
Result<bool> purge_link(State& state, const AgentState& agent, PendingWork& work) {
  MNEMO_ASSIGN(std::string key, first_link(state, links_from(agent.ord, work.key), work.last_link));
  if (key.empty()) {
    MNEMO_ASSIGN(key, first_link(state, links_to(agent.ord, work.key), work.last_link));
  }
  if (key.empty()) return true;
  Link link;
  if (!decode_link(key, link)) {
    return fail(Code::kDataLoss, "the link row " + to_hex(key) + " is damaged: rebuild the projection from the log");
  }
  remove_link(state, agent, link);
  work.last_link = std::move(key);
  return false;
}

Result<bool> purge_unit(State& state, const AgentState& agent, PendingWork& work) {
  if (!work.records_done) {
    MNEMO_TRY(purge_version(state, agent, work));
    return false;
  }
  MNEMO_ASSIGN(const bool links_done, purge_link(state, agent, work));
  if (!links_done) return false;
  const std::string key = keys::of_agent(keys::Row::kAccess, agent.ord).append(work.key);
  std::string row;
  MNEMO_ASSIGN(const bool accessed, state.rows().get(key, row));
  if (accessed) state.remove(key, row);
  return true;
}

// Forgets the memory whose current version the document is, if the filter matches it.
Status forget_if_it_matches(State& state, AgentState& agent, uint32_t doc, const v1::Filter& filter,
                            PendingWork& work) {
  FoundMemory found;
  MNEMO_TRY(state.record(agent.ord, doc, found.holder, found.record));
  if (found.record.stub || !matches(filter, found.record)) return {};
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
Result<bool> filter_unit(State& state, AgentState& agent, PendingWork& work) {
  if (work.doc < work.end) {
    MNEMO_ASSIGN(const v1::Filter* const filter, state.first_filter(agent));
    MNEMO_TRY(forget_if_it_matches(state, agent, work.doc++, *filter, work));
  }
  return work.doc >= work.end;
}

Result<bool> pending_unit(State& state, AgentState& agent, PendingWork& work) {
  switch (work.type) {
    case PendingWork::Type::kPurge: return purge_unit(state, agent, work);
    case PendingWork::Type::kForgetByFilter: return filter_unit(state, agent, work);
  }
  return true;
}

Status expire_first(State& state, const State::Expiry& due) {
  MNEMO_ASSIGN(AgentState* const agent, state.agent_by_ord(due.ord));
  FoundMemory found;
  MNEMO_TRY(state.record(due.ord, due.doc, found.holder, found.record));
  found.memory_key = found.record.memory_key;
  MNEMO_ASSIGN(const bool known, state.memory_row(*agent, found.memory_key, found.row));
  const bool current = known && found.row.row.state == MemoryRow::State::kLive && found.row.row.doc == due.doc;
  if (!current) return damaged_record(due.ord, due.doc, "is of no live memory, but an expiry row names it");
  return bury_memory(state, *agent, found, MemoryRow::State::kExpired);
}

// Works on the oldest item until it is done or the units are used up.
Status work_on_first(State& state, uint32_t& units) {
  MNEMO_ASSIGN(PendingWork work, state.first_pending());
  MNEMO_ASSIGN(AgentState* const agent, state.agent_by_ord(work.ord));
  bool finished = false;
  while (units > 0 && !finished) {
    --units;
    MNEMO_ASSIGN(finished, pending_unit(state, *agent, work));
  }
  if (!finished) {
    state.update_first_pending(*agent, work);
    return {};
  }
  if (work.type == PendingWork::Type::kForgetByFilter) MNEMO_TRY(settle_key(state, *agent, work));
  state.pop_pending(*agent, work);
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
