#include "events/coding.h"
#include "projector/apply.h"
#include "projector/store/memory_id.h"

namespace mnemo {
namespace {

std::string access_key(AgentOrd ord, std::string_view memory_key) {
  return keys::of_agent(keys::Row::kAccess, ord).append(memory_key);
}

Status count_access(State& state, const EventContext& event, const v1::Accessed::Entry& entry, Outcome& outcome) {
  const MemoryKey memory_key = memory_key_from_text(entry.memory_id());
  MNEMO_ASSIGN(const FoundMemory found, find_memory(state, event, memory_key));
  if (found.presence != FoundMemory::Presence::kLive) return {};
  const std::string key = access_key(event.agent->ord, memory_key);
  std::string before;
  MNEMO_ASSIGN(const bool known, state.rows().get(key, before));
  uint64_t count = 0;
  TimestampMs last_ms = event.recorded_at_ms;
  if (known) {
    Decoder in(before);
    count = in.varint();
    last_ms = std::max(last_ms, in.zigzag64());
    if (!in.done()) return fail(Code::kDataLoss, "an access row is damaged: rebuild the projection from the log");
  }
  std::string after;
  put_varint(after, count + entry.count());
  put_varint(after, zigzag(last_ms));
  if (known) {
    state.replace(key, before, after);
  } else {
    state.insert(key, after);
  }
  ++outcome.count;
  return {};
}

}  // namespace

Status apply_accessed(State& state, const EventContext& event, const v1::Accessed& e, Outcome& outcome) {
  MNEMO_ASSIGN(const bool answered, answer_from_key(state, event, outcome));
  if (answered) return {};
  state.count_accepted();
  ++state.meta().counters.applied;
  for (const v1::Accessed::Entry& entry : e.entries()) MNEMO_TRY(count_access(state, event, entry, outcome));
  outcome.kind = Outcome::Kind::kApplied;
  outcome.event_id = event.event_id;
  return remember_key(state, event, outcome);
}

Status apply_embedding(State& state, const EventContext& event, const v1::EmbeddingAttached& e, Outcome& outcome) {
  MNEMO_ASSIGN(const bool answered, answer_from_key(state, event, outcome));
  if (answered) return {};
  outcome.memory_key = memory_key_from_text(e.memory_id());
  MNEMO_ASSIGN(const FoundMemory found, find_memory(state, event, outcome.memory_key));
  state.count_accepted();
  ++state.meta().counters.applied;
  // A vector for a memory that is gone, or for a version that is not the current one, comes too late: no effect.
  const bool current = found.presence == FoundMemory::Presence::kLive && e.version() == found.record.version;
  if (current) {
    MNEMO_TRY(store_vector(state, *event.agent, found.record, found.row.row.doc, e.embedding()));
    state.touch(*event.agent, found.record.tier);
    outcome.version = found.record.version;
  }
  outcome.kind = Outcome::Kind::kApplied;
  outcome.count = current ? 1 : 0;
  outcome.event_id = event.event_id;
  return remember_key(state, event, outcome);
}

}  // namespace mnemo
