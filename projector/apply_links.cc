#include "projector/apply.h"
#include "projector/links.h"
#include "projector/store/memory_id.h"

namespace mnemo {
namespace {

// Whether the memory may get one more link. Links to memories that are gone take no room, purged or not: how far the
// purge has come must not show. Reads the other ends only where the rows alone would refuse.
Result<bool> has_room(State& state, const EventContext& event, std::string_view memory_key) {
  std::vector<std::string> targets;
  const std::string from = links_from(event.agent->ord, memory_key);
  MNEMO_TRY(state.rows().scan(from, prefix_end(from), [&targets](std::string_view key, std::string_view /*value*/) {
    Link link;
    if (decode_link(key, link)) targets.push_back(std::move(link.to));
    return true;
  }));
  const size_t max = state.rules().links_per_memory_max;
  if (targets.size() < max) return true;
  size_t there = 0;
  for (const std::string& target : targets) {
    MNEMO_ASSIGN(const FoundMemory found, find_memory(state, event, target));
    there += found.presence == FoundMemory::Presence::kLive ? 1 : 0;
  }
  return there < max;
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
  MNEMO_ASSIGN(const bool exists, has_link(state, *event.agent, link));
  if (exists) return done(state, event, false, outcome);
  MNEMO_ASSIGN(const bool room, has_room(state, event, link.from));
  if (!room) {
    return reject(state, event, Code::kResourceExhausted,
                  "the memory has " + std::to_string(state.rules().links_per_memory_max) +
                      " links, the limit, or more: unlink one first",
                  outcome);
  }
  insert_link(state, *event.agent, link);
  state.touch(*event.agent, from.record.tier);
  return done(state, event, true, outcome);
}

Status apply_unlinked(State& state, const EventContext& event, const v1::Unlinked& e, Outcome& outcome) {
  MNEMO_ASSIGN(const bool answered, answer_from_key(state, event, outcome));
  if (answered) return {};
  const Link link{memory_key_from_text(e.from_memory_id()), e.type(), memory_key_from_text(e.to_memory_id())};
  outcome.memory_key = link.from;
  MNEMO_ASSIGN(const FoundMemory from, find_memory(state, event, link.from));
  MNEMO_ASSIGN(const FoundMemory to, find_memory(state, event, link.to));
  // A link to a memory that is gone is gone with it, purged or not.
  const bool both = from.presence == FoundMemory::Presence::kLive && to.presence == FoundMemory::Presence::kLive;
  MNEMO_ASSIGN(const bool exists, has_link(state, *event.agent, link));
  if (!both || !exists) return reject(state, event, Code::kNotFound, "there is no such link", outcome);
  remove_link(state, *event.agent, link);
  state.touch(*event.agent, from.record.tier);
  return done(state, event, true, outcome);
}

}  // namespace mnemo
