#include <algorithm>

#include "events/coding.h"
#include "events/fixed_point.h"
#include "events/text/analyzer.h"
#include "projector/apply.h"
#include "projector/store/filter_match.h"
#include "projector/store/memory_id.h"
#include "projector/store/record_index.h"

namespace mnemo {
namespace {

Analyzer& analyzer() {
  static thread_local Analyzer instance;
  return instance;
}

// Whether work that is still queued, or an expiry that is due, takes this memory away.
bool is_gone(const State& state, const AgentState& agent, const FoundMemory& memory) {
  const TimestampMs expires = memory.record.expires_at_ms;
  if (expires != 0 && expires <= state.meta().event_time_ms) return true;
  const auto covers = [&memory](const PendingFilter& forget) {
    const uint32_t doc = memory.row.row.doc;
    return doc >= forget.work.doc && doc < forget.work.end && matches(forget.filter, memory.record);
  };
  return std::any_of(agent.forgets.begin(), agent.forgets.end(), covers);
}

Status unindex(State& state, const AgentState& agent, const Record& record, uint32_t doc) {
  IndexedDoc indexed;
  std::string holder;
  index_record(record, analyzer(), indexed, holder);
  return state.index().remove(state.rows(), agent.ord, DocNo(doc), indexed);
}

std::string tombstone_content(std::string_view memory_key) {
  std::string bytes;
  put_bytes(bytes, is_server_made(memory_key) ? std::string_view() : memory_key);
  return bytes;
}

}  // namespace

Result<FoundMemory> find_memory(State& state, const EventContext& event, std::string_view memory_key) {
  FoundMemory found;
  found.memory_key = memory_key;
  MNEMO_ASSIGN(const bool known, state.memory_row(*event.agent, memory_key, found.row));
  if (!known) return found;
  if (found.row.row.state == MemoryRow::State::kAlias) {
    found.presence = FoundMemory::Presence::kAlias;
    return found;
  }
  if (found.row.row.state != MemoryRow::State::kLive) {
    found.presence = FoundMemory::Presence::kTombstone;
    return found;
  }
  MNEMO_TRY(state.record(event.agent->ord, found.row.row.doc, found.holder, found.record));
  found.presence = FoundMemory::Presence::kLive;
  if (!is_gone(state, *event.agent, found)) return found;
  found.presence = FoundMemory::Presence::kTombstone;
  found.row.created_event_id = found.record.created_event_id;
  found.row.fingerprint = found.record.fingerprint;
  return found;
}

Status add_document(State& state, AgentState& agent, const Record& record, std::string& row) {
  static thread_local std::string bytes;
  static thread_local std::string holder;
  static thread_local IndexedDoc indexed;
  const DocNo doc(agent.docs++);
  row.clear();
  encode_record(record, row);
  state.insert(keys::of_number(keys::Row::kRecord, agent.ord, doc.value), row);
  bytes.clear();
  encode_record_content(record, bytes);
  state.add_content('v', agent, bytes);
  if (record.expires_at_ms != 0) state.insert_expiry(record.expires_at_ms, agent.ord, doc.value);
  index_record(record, analyzer(), indexed, holder);
  state.touch(agent, record.tier);
  return state.index().add(state.rows(), agent.ord, doc, indexed);
}

Status supersede(State& state, AgentState& agent, const FoundMemory& current, const Record& next, std::string& row) {
  const uint32_t old_doc = current.row.row.doc;
  MemoryRowValue memory_row = current.row;
  memory_row.row.doc = agent.docs;
  std::string before;
  std::string after;
  encode_memory_row(current.row, before);
  encode_memory_row(memory_row, after);
  state.replace(memory_row_key(agent.ord, current.memory_key), before, after);
  const TimestampMs expires = current.record.expires_at_ms;
  if (expires != 0) state.remove_expiry(expires, agent.ord, old_doc);
  state.touch(agent, current.record.tier);
  MNEMO_TRY(unindex(state, agent, current.record, old_doc));
  return add_document(state, agent, next, row);
}

Status bury_memory(State& state, AgentState& agent, const FoundMemory& memory, MemoryRow::State as) {
  const Record& record = memory.record;
  const uint32_t doc = memory.row.row.doc;
  MemoryRowValue tombstone;
  tombstone.row = {as, doc};
  tombstone.created_event_id = record.created_event_id;
  tombstone.fingerprint = record.fingerprint;
  std::string before;
  std::string after;
  encode_memory_row(memory.row, before);
  encode_memory_row(tombstone, after);
  state.replace(memory_row_key(agent.ord, memory.memory_key), before, after);
  state.add_content('t', agent, tombstone_content(memory.memory_key));
  if (record.expires_at_ms != 0) state.remove_expiry(record.expires_at_ms, agent.ord, doc);

  Counters& counters = state.meta().counters;
  --counters.memories;
  ++(as == MemoryRow::State::kExpired ? counters.expired : counters.forgotten);
  state.touch(agent, record.tier);

  MNEMO_TRY(unindex(state, agent, record, doc));
  PendingWork purge;
  purge.type = PendingWork::Type::kPurge;
  purge.ord = agent.ord;
  purge.doc = doc;
  purge.key = memory.memory_key;
  state.push_purge(purge);
  return {};
}

namespace {

// What the content digest covers of a vector: whose it is, and its value.
std::string vector_content(const Record& record, std::string_view model, std::string_view value) {
  std::string content;
  put_bytes(content, is_server_made(record.memory_key) ? std::string_view() : record.memory_key);
  put_varint(content, record.version);
  put_bytes(content, model);
  content.append(value);
  return content;
}

}  // namespace

Status store_vector(State& state, const AgentState& agent, const Record& record, uint32_t doc,
                    const v1::Embedding& embedding) {
  MNEMO_ASSIGN(const QuantizedVector vector, quantize_f32_le(embedding.values_f32_le()));
  const std::string key = keys::of_number(keys::Row::kVector, agent.ord, doc).append(embedding.model());
  std::string value;
  put_be32(value, vector.max_bits);
  put_bytes(value, vector.values);
  std::string before;
  MNEMO_ASSIGN(const bool replaces, state.rows().get(key, before));
  if (replaces) {
    state.drop_content('e', agent, vector_content(record, embedding.model(), before));
    state.replace(key, before, value);
  } else {
    state.insert(key, value);
  }
  state.add_content('e', agent, vector_content(record, embedding.model(), value));
  return {};
}

Result<bool> drop_first_vector(State& state, const AgentState& agent, const Record& record, uint32_t doc) {
  const std::string from = keys::of_number(keys::Row::kVector, agent.ord, doc);
  std::string key;
  std::string value;
  MNEMO_TRY(state.rows().scan(from, prefix_end(from), [&](std::string_view first, std::string_view row) {
    key = first;
    value = row;
    return false;
  }));
  if (key.empty()) return false;
  state.drop_content('e', agent, vector_content(record, std::string_view(key).substr(from.size()), value));
  state.remove(key, value);
  return true;
}

}  // namespace mnemo
