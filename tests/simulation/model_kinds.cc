// What each kind of agent event does.
#include <algorithm>

#include "events/hash.h"
#include "tests/simulation/model.h"

namespace mnemo::simulation {
namespace {

using Kind = Outcome::Kind;

std::string id_from_key(const v1::Envelope& e) {
  return "m-" + to_hex(blake2b_128(e.namespace_() + '\x1f' + e.agent_id() + '\x1f' + e.idempotency_key()));
}

QuantizedVector vector_of(const v1::Embedding& embedding) { return quantize_f32_le(embedding.values_f32_le()).value(); }

template <typename Entries>
void sort_metadata(Entries& entries) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.key() < b.key(); });
}

// A memory that an event may still find: live, and not expired by the time that the event brings.
ModelMemory* find(ModelAgent& agent, const std::string& id, TimestampMs now_ms) {
  const auto at = agent.memories.find(id);
  const bool there = at != agent.memories.end() && at->second.live() && !at->second.now().gone_at(now_ms);
  return there ? &at->second : nullptr;
}

// Whether the event has no key, or one that made a memory: other keys are no names of what is there.
bool made_by_its_key(const ModelAgent& agent, const v1::Envelope& e) {
  if (e.idempotency_key().empty()) return true;
  const std::string id = id_from_key(e);
  return agent.memories.contains(id) || agent.aliases.contains(id);
}

void refuse(Outcome& outcome) {
  outcome.kind = Kind::kConflict;
  outcome.code = Code::kAlreadyExists;
  outcome.refused = true;
  outcome.unchecked = false;
}

uint32_t version_of(const ModelMemory& memory) { return static_cast<uint32_t>(memory.versions.size()); }

v1::Remembered with_defaults(const v1::Remembered& given) {
  v1::Remembered fields = given;
  if (fields.class_() == v1::MEMORY_CLASS_UNSPECIFIED) fields.set_class_(v1::MEMORY_CLASS_EPISODIC);
  if (fields.tier() == v1::TIER_UNSPECIFIED) fields.set_tier(v1::TIER_SHORT);
  if (fields.kind().empty()) fields.set_kind("event");
  if (fields.content().plain().empty()) fields.clear_content();
  sort_metadata(*fields.mutable_metadata());
  fields.clear_memory_id();
  fields.clear_embedding();
  return fields;
}

void change(v1::Remembered& fields, const v1::Updated& e) {
  if (e.has_text()) *fields.mutable_text() = e.text();
  if (e.has_session_id()) fields.set_session_id(e.session_id());
  if (e.has_speaker()) fields.set_speaker(e.speaker());
  if (e.class_() != v1::MEMORY_CLASS_UNSPECIFIED) fields.set_class_(e.class_());
  if (e.has_kind()) fields.set_kind(e.kind());
  if (e.has_tags()) *fields.mutable_tags() = e.tags().values();
  if (e.has_metadata()) *fields.mutable_metadata() = e.metadata().entries();
  if (e.has_content()) *fields.mutable_content() = e.content();
  if (e.has_source()) fields.set_source(e.source());
  if (e.has_observed_at_ms()) fields.set_observed_at_ms(e.observed_at_ms());
  if (e.has_importance()) fields.set_importance(e.importance());
  if (e.has_pinned()) fields.set_pinned(e.pinned());
  if (e.tier() != v1::TIER_UNSPECIFIED) fields.set_tier(e.tier());
  if (fields.content().plain().empty()) fields.clear_content();
  sort_metadata(*fields.mutable_metadata());
}

}  // namespace

// The id of the memory that the event's key or id names, or would make.
std::string Model::named_by(const ModelAgent& agent, const Event& event) {
  const v1::Envelope& e = *event.envelope;
  const auto resolved = [&agent](const std::string& id) {
    const auto alias = agent.aliases.find(id);
    return alias == agent.aliases.end() ? id : alias->second;
  };
  if (!e.idempotency_key().empty()) {
    const std::string by_key = resolved(id_from_key(e));
    if (agent.memories.contains(by_key) || e.remembered().memory_id().empty()) return by_key;
  }
  return e.remembered().memory_id().empty() ? "e-" + to_hex(event.id) : resolved(e.remembered().memory_id());
}

void Model::remembered(ModelAgent& agent, const Event& event, Expected& expected) {
  const v1::Remembered& e = event.envelope->remembered();
  const std::string id = expected.memory_id = named_by(agent, event);
  Outcome& outcome = expected.outcome;
  if (const auto at = agent.memories.find(id); at != agent.memories.end()) {
    const ModelMemory* there = find(agent, id, event.now_ms);
    compare(at->second.fingerprint, event.envelope->fingerprint(), outcome);
    outcome.event_id = at->second.versions.front().event_id;
    outcome.version = there != nullptr ? version_of(*there) : 0;
    outcome.forgotten = there == nullptr;
    if (outcome.kind == Kind::kDuplicate && !made_by_its_key(agent, *event.envelope)) refuse(outcome);
    return;
  }
  ModelMemory& memory = agent.memories[id];
  memory.fingerprint = event.envelope->fingerprint();
  ModelVersion version{agent.docs++,         ++seq_, event.id,         event.recorded_at_ms,
                       event.recorded_at_ms, 0,      with_defaults(e), {}};
  if (e.has_observed_at_ms()) version.observed_at_ms = e.observed_at_ms();
  const auto policy = policies_.find(event.envelope->namespace_());
  if (e.has_expires_at_ms()) {
    version.expires_at_ms = e.expires_at_ms();
  } else if (policy != policies_.end() && policy->second.ttl_ms > 0) {
    version.expires_at_ms = event.recorded_at_ms + policy->second.ttl_ms;
  }
  if (e.has_embedding()) version.vectors[e.embedding().model()] = vector_of(e.embedding());
  memory.versions.push_back(std::move(version));
  const bool keyed = !event.envelope->idempotency_key().empty();
  if (keyed && id_from_key(*event.envelope) != id) agent.aliases[id_from_key(*event.envelope)] = id;
  outcome.kind = Kind::kApplied;
  outcome.version = 1;
  outcome.count = 1;
  accept(agent, event, expected, false);
}

void Model::updated(ModelAgent& agent, const Event& event, Expected& expected) {
  if (answer_from_key(agent, event, expected)) return;
  const v1::Updated& e = event.envelope->updated();
  expected.memory_id = e.memory_id();
  ModelMemory* const memory = find(agent, e.memory_id(), event.now_ms);
  if (memory == nullptr) return reject(agent, event, Code::kNotFound, expected);
  expected.outcome.version = version_of(*memory);
  if (e.expected_version() != 0 && e.expected_version() != version_of(*memory)) {
    return reject(agent, event, Code::kAborted, expected);
  }
  ModelVersion next = memory->now();
  next.doc = agent.docs++;
  next.seq = ++seq_;
  next.event_id = event.id;
  next.recorded_at_ms = event.recorded_at_ms;
  next.vectors.clear();
  change(next.fields, e);
  if (e.has_observed_at_ms()) next.observed_at_ms = e.observed_at_ms();
  if (e.has_expires_at_ms()) {
    next.expires_at_ms = e.expires_at_ms();
    next.fields.set_expires_at_ms(e.expires_at_ms());
    if (e.expires_at_ms() == 0) next.fields.clear_expires_at_ms();
  }
  memory->versions.push_back(std::move(next));
  expected.outcome.kind = Kind::kApplied;
  expected.outcome.version = version_of(*memory);
  expected.outcome.count = 1;
  accept(agent, event, expected, true);
}

void Model::forgotten(ModelAgent& agent, const Event& event, Expected& expected) {
  if (answer_from_key(agent, event, expected)) return;
  const v1::Forgotten& e = event.envelope->forgotten();
  expected.memory_id = e.memory_id();
  ModelMemory* const memory = find(agent, e.memory_id(), event.now_ms);
  if (memory == nullptr) return reject(agent, event, Code::kNotFound, expected);
  expected.outcome.version = version_of(*memory);
  if (e.expected_version() != 0 && e.expected_version() != version_of(*memory)) {
    return reject(agent, event, Code::kAborted, expected);
  }
  ++seq_;
  memory->state = ModelMemory::State::kForgotten;
  ++counts_.forgotten;
  expected.outcome.kind = Kind::kApplied;
  expected.outcome.count = 1;
  expected.outcome.forgotten = true;
  accept(agent, event, expected, true);
}

void Model::forgotten_by_filter(ModelAgent& agent, const Event& event, Expected& expected) {
  if (answer_from_key(agent, event, expected)) return;
  ++seq_;
  for (auto& [id, memory] : agent.memories) {
    if (find(agent, id, event.now_ms) == nullptr) continue;
    if (!model_matches(event.envelope->forgotten_by_filter().filter(), memory.now())) continue;
    memory.state = ModelMemory::State::kForgotten;
    ++counts_.forgotten;
    ++expected.outcome.count;
  }
  expected.outcome.kind = Kind::kApplied;
  expected.outcome.pending = agent.docs > 0;
  expected.forget_by_filter = true;
  accept(agent, event, expected, true);
}

void Model::accessed(ModelAgent& agent, const Event& event, Expected& expected) {
  if (answer_from_key(agent, event, expected)) return;
  ++seq_;
  for (const v1::Accessed::Entry& entry : event.envelope->accessed().entries()) {
    ModelMemory* const memory = find(agent, entry.memory_id(), event.now_ms);
    if (memory == nullptr) continue;
    const bool first = memory->accesses == 0;
    memory->accesses += entry.count();
    memory->last_access_ms = first ? event.recorded_at_ms : std::max(memory->last_access_ms, event.recorded_at_ms);
    ++expected.outcome.count;
  }
  expected.outcome.kind = Kind::kApplied;
  accept(agent, event, expected, true);
}

void Model::embedding_attached(ModelAgent& agent, const Event& event, Expected& expected) {
  if (answer_from_key(agent, event, expected)) return;
  const v1::EmbeddingAttached& e = event.envelope->embedding_attached();
  expected.memory_id = e.memory_id();
  ModelMemory* const memory = find(agent, e.memory_id(), event.now_ms);
  ++seq_;
  if (memory != nullptr && e.version() == version_of(*memory)) {
    memory->versions.back().vectors[e.embedding().model()] = vector_of(e.embedding());
    expected.outcome.version = e.version();
    expected.outcome.count = 1;
  }
  expected.outcome.kind = Kind::kApplied;
  accept(agent, event, expected, true);
}

void Model::linked(ModelAgent& agent, const Event& event, Expected& expected) {
  if (answer_from_key(agent, event, expected)) return;
  const v1::Linked& e = event.envelope->linked();
  const ModelLink link{e.from_memory_id(), e.type(), e.to_memory_id()};
  const auto live = [&](const std::string& id) { return find(agent, id, event.now_ms) != nullptr; };
  expected.memory_id = link.from;
  if (!live(link.from) || !live(link.to)) return reject(agent, event, Code::kNotFound, expected);
  size_t others = 0;
  for (const ModelLink& other : agent.links) others += other.from == link.from && live(other.to) ? 1 : 0;
  const bool exists = agent.links.contains(link);
  if (!exists && others >= rules_.links_per_memory_max) {
    return reject(agent, event, Code::kResourceExhausted, expected);
  }
  ++seq_;
  agent.links.insert(link);
  expected.outcome.kind = Kind::kApplied;
  expected.outcome.count = exists ? 0 : 1;
  accept(agent, event, expected, true);
}

void Model::unlinked(ModelAgent& agent, const Event& event, Expected& expected) {
  if (answer_from_key(agent, event, expected)) return;
  const v1::Unlinked& e = event.envelope->unlinked();
  const ModelLink link{e.from_memory_id(), e.type(), e.to_memory_id()};
  const auto live = [&](const std::string& id) { return find(agent, id, event.now_ms) != nullptr; };
  expected.memory_id = link.from;
  const bool there = live(link.from) && live(link.to) && agent.links.contains(link);
  if (!there) return reject(agent, event, Code::kNotFound, expected);
  ++seq_;
  agent.links.erase(link);
  expected.outcome.kind = Kind::kApplied;
  expected.outcome.count = 1;
  accept(agent, event, expected, true);
}

}  // namespace mnemo::simulation
