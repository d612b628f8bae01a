#include "projector/apply.h"
#include "projector/links.h"
#include "projector/store/memory_id.h"

namespace mnemo {
namespace {

struct LinkState {
  bool exists = false;
  uint32_t out_links = 0;  // of the memory it leaves
};

Result<LinkState> look_up(State& state, const AgentState& agent, const Link& link) {
  LinkState found;
  const std::string from = links_from(agent.ord, link.from);
  MNEMO_TRY(state.rows().scan(from, prefix_end(from), [&](std::string_view key, std::string_view /*value*/) {
    Link other;
    const bool same = decode_link(key, other) && other.type == link.type && other.to == link.to;
    found.exists = found.exists || same;
    return ++found.out_links < state.rules().links_per_memory_max || !found.exists;
  }));
  return found;
}

Status done(State& state, const EventContext& event, bool changed, Outcome& outcome) {
  state.count_accepted();
  ++state.meta().counters.applied;
  outcome.kind = Outcome::Kind::kApplied;
  outcome.count = changed ? 1 : 0;
  outcome.event_id = event.event_id;
  return remember_key(state, event, outcome);
}

}  // namespace

Status apply_linked(State& state, const EventContext& event, const v1::Linked& e, Outcome& outcome) {
  MNEMO_ASSIGN(const bool answered, answer_from_key(state, event, outcome));
  if (answered) return {};
  const Link link{memory_key_from_text(e.from_memory_id()), e.type(), memory_key_from_text(e.to_memory_id())};
  outcome.memory_key = link.from;
  MNEMO_ASSIGN(const FoundMemory from, find_memory(state, event, link.from));
  MNEMO_ASSIGN(const FoundMemory to, find_memory(state, event, link.to));
  const bool both = from.presence == FoundMemory::Presence::kLive && to.presence == FoundMemory::Presence::kLive;
  if (!both) return reject(state, event, Code::kNotFound, "a link needs two memories that exist", outcome);
  MNEMO_ASSIGN(const LinkState before, look_up(state, *event.agent, link));
  if (!before.exists && before.out_links >= state.rules().links_per_memory_max) {
    return reject(state, event, Code::kResourceExhausted,
                  "the memory has " + std::to_string(before.out_links) + " links, the limit: unlink one first", outcome);
  }
  if (!before.exists) {
    insert_link(state, *event.agent, link);
    state.touch(*event.agent, from.record.tier);
  }
  return done(state, event, !before.exists, outcome);
}

Status apply_unlinked(State& state, const EventContext& event, const v1::Unlinked& e, Outcome& outcome) {
  MNEMO_ASSIGN(const bool answered, answer_from_key(state, event, outcome));
  if (answered) return {};
  const Link link{memory_key_from_text(e.from_memory_id()), e.type(), memory_key_from_text(e.to_memory_id())};
  outcome.memory_key = link.from;
  MNEMO_ASSIGN(const FoundMemory from, find_memory(state, event, link.from));
  const bool live = from.presence == FoundMemory::Presence::kLive;
  LinkState before;
  if (live) {
    MNEMO_ASSIGN(before, look_up(state, *event.agent, link));
  }
  if (!before.exists) return reject(state, event, Code::kNotFound, "there is no such link", outcome);
  remove_link(state, *event.agent, link);
  state.touch(*event.agent, from.record.tier);
  return done(state, event, true, outcome);
}

}  // namespace mnemo
