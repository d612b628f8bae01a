#include "projector/apply.h"
#include "projector/store/memory_id.h"

namespace mnemo {

Status apply_forgotten(State& state, const EventContext& event, const v1::Forgotten& e, Outcome& outcome) {
  MNEMO_ASSIGN(const bool answered, answer_from_key(state, event, outcome));
  if (answered) return {};
  outcome.memory_key = memory_key_from_text(e.memory_id());
  MNEMO_ASSIGN(const FoundMemory found, find_memory(state, event, outcome.memory_key));
  if (found.presence != FoundMemory::Presence::kLive) {
    return reject(state, event, Code::kNotFound, "there is no memory with this id to forget", outcome);
  }
  outcome.version = found.record.version;
  if (e.expected_version() != 0 && e.expected_version() != found.record.version) {
    return reject(state, event, Code::kAborted,
                  "the memory is at version " + std::to_string(found.record.version) + ", not at the expected " +
                      std::to_string(e.expected_version()) + ": read it again and decide anew",
                  outcome);
  }
  state.count_accepted();
  ++state.meta().counters.applied;
  MNEMO_TRY(bury_memory(state, *event.agent, found, MemoryRow::State::kForgotten));
  outcome.kind = Outcome::Kind::kApplied;
  outcome.count = 1;
  outcome.forgotten = true;
  outcome.event_id = event.event_id;
  return remember_key(state, event, outcome);
}

Status apply_forgotten_by_filter(State& state, const EventContext& event, const v1::ForgottenByFilter& e,
                                 Outcome& outcome) {
  MNEMO_ASSIGN(const bool answered, answer_from_key(state, event, outcome));
  if (answered) return {};
  state.count_accepted();
  ++state.meta().counters.applied;
  outcome.kind = Outcome::Kind::kApplied;
  outcome.pending = event.agent->docs > 0;
  outcome.event_id = event.event_id;
  if (outcome.pending) {
    PendingWork work;
    work.type = PendingWork::Type::kForgetByFilter;
    work.ord = event.agent->ord;
    work.end = event.agent->docs;
    work.time_ms = state.meta().event_time_ms;
    work.event_id = event.event_id;
    work.key = key_row_key(event);  // where the exact count goes when the work is done
    state.push_forget(*event.agent, std::move(work), e.filter());
    // Every tier of the agent may lose something from this position on.
    for (uint8_t tier = v1::TIER_SHORT; tier <= v1::TIER_LONG; ++tier) state.touch(*event.agent, tier);
  }
  return remember_key(state, event, outcome);
}

}  // namespace mnemo
