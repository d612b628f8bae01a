#include <algorithm>

#include "events/fixed_point.h"
#include "events/hash.h"
#include "projector/apply.h"
#include "projector/store/memory_id.h"

namespace mnemo {
namespace {

constexpr std::string_view kDefaultKind = "event";

void copy_metadata(const google::protobuf::RepeatedPtrField<v1::MetadataEntry>& entries,
                   std::vector<MetadataView>& out) {
  out.clear();
  for (const v1::MetadataEntry& entry : entries) {
    MetadataView view;
    view.key = entry.key();
    switch (entry.value_case()) {
      case v1::MetadataEntry::kText:
        view.type = MetadataView::Type::kText;
        view.text = entry.text().plain();
        break;
      case v1::MetadataEntry::kNumber:
        view.type = MetadataView::Type::kNumber;
        view.number_bits = double_bits(entry.number());
        break;
      case v1::MetadataEntry::kFlag:
        view.type = MetadataView::Type::kFlag;
        view.flag = entry.flag();
        break;
      case v1::MetadataEntry::VALUE_NOT_SET: break;
    }
    out.push_back(view);
  }
  std::sort(out.begin(), out.end(), [](const MetadataView& a, const MetadataView& b) { return a.key < b.key; });
}

uint8_t or_default(int given, int otherwise) { return static_cast<uint8_t>(given != 0 ? given : otherwise); }

Status fill_record(State& state, const EventContext& event, const v1::Remembered& e, std::string_view memory_key,
                   Record& r) {
  r.version = 1;
  r.previous_doc = 0;
  r.seq = state.meta().seq;
  r.event_id = r.created_event_id = event.event_id;
  r.fingerprint = event.envelope->fingerprint();
  r.created_at_ms = r.recorded_at_ms = event.recorded_at_ms;
  r.observed_at_given = e.has_observed_at_ms();
  r.observed_at_ms = r.observed_at_given ? e.observed_at_ms() : event.recorded_at_ms;
  r.expires_at_given = e.has_expires_at_ms() && e.expires_at_ms() != 0;
  r.expires_at_ms = r.expires_at_given ? e.expires_at_ms() : 0;
  if (!e.has_expires_at_ms()) {
    MNEMO_ASSIGN(const Policy policy, state.policy(event.agent->name_space()));
    if (policy.ttl_ms > 0) r.expires_at_ms = event.recorded_at_ms + policy.ttl_ms;
  }
  r.importance = e.has_importance() ? e.importance() : -1;
  r.pinned = e.pinned();
  r.memory_class = or_default(e.class_(), v1::MEMORY_CLASS_EPISODIC);
  r.tier = or_default(e.tier(), v1::TIER_SHORT);
  r.memory_key = memory_key;
  r.session_id = e.session_id();
  r.speaker = e.speaker();
  r.kind = e.kind().empty() ? kDefaultKind : std::string_view(e.kind());
  r.source = e.source();
  r.text = e.text().plain();
  r.content = e.content().plain();
  r.tags.assign(e.tags().begin(), e.tags().end());
  copy_metadata(e.metadata(), r.metadata);
  return {};
}

// By the partition's event time, which this event may have moved.
bool has_expired(const State& state, const Record& record) {
  return record.expires_at_ms != 0 && record.expires_at_ms <= state.meta().event_time_ms;
}

// What is there already under the event's key or id.
struct Existing {
  FoundMemory memory;
  bool by_id_alone = false;  // the event has a key as well, and that never made this memory
};

void answer_conflict(Outcome& outcome, std::string message) {
  outcome.kind = Outcome::Kind::kConflict;
  outcome.code = Code::kAlreadyExists;
  outcome.refused = true;
  outcome.message = std::move(message);
}

constexpr std::string_view kIdForgotten =
    "the memory with this id was forgotten, and an id that was forgotten cannot come back: use a new id";

// Of a memory with other content, whose key or id it was.
std::string conflict_message(bool by_key, bool live, const std::string& fingerprints) {
  if (by_key) {
    return "this idempotency key is taken: it was used for another memory" +
           std::string(live ? "" : ", which was forgotten since") + " (" + fingerprints +
           "). Use a new key for a new memory, or repeat the first request as it was";
  }
  if (!live) return std::string(kIdForgotten);
  return "this memory exists with other content (" + fingerprints + "): update it, or use a new id";
}

// The memory is there, or was: the first result again, or a conflict. A key that did not make the memory is refused,
// not answered with it: a duplicate leaves no trace, so the key would be acknowledged and then forgotten.
Status answer_existing(const EventContext& event, const Existing& existing, Outcome& outcome) {
  const FoundMemory& found = existing.memory;
  const bool live = found.presence == FoundMemory::Presence::kLive;
  const std::string_view first = live ? found.record.fingerprint : std::string_view(found.row.fingerprint);
  const std::string& now = event.envelope->fingerprint();
  const bool checked = !first.empty() && !now.empty();
  outcome.memory_key = found.memory_key;
  outcome.event_id = live ? found.record.created_event_id : found.row.created_event_id;
  outcome.forgotten = !live;
  outcome.version = live ? found.record.version : 0;
  const bool by_key = !event.envelope->idempotency_key().empty() && !existing.by_id_alone;
  if (checked && first != now) {
    answer_conflict(outcome,
                    conflict_message(by_key, live, "fingerprint " + to_hex(first) + ", this one's is " + to_hex(now)));
    return {};
  }
  if (existing.by_id_alone) {
    answer_conflict(outcome, live ? "a memory with this id exists already, and this idempotency key did not make it: "
                                    "repeat the key that did, leave the key out, or use a new id"
                                  : std::string(kIdForgotten));
    return {};
  }
  outcome.kind = Outcome::Kind::kDuplicate;
  outcome.unchecked = !checked;
  return {};
}

// The memory that this event's key or id already names, else an absent one under the id that it would get.
Result<Existing> find_existing(State& state, const EventContext& event, const v1::Remembered& e) {
  const std::string& key = event.envelope->idempotency_key();
  Existing existing;
  FoundMemory& found = existing.memory;
  if (!key.empty()) {
    const MemoryKey by_key = memory_key_from_idempotency_key(event.agent->name_space(), event.agent->agent_id(), key);
    MNEMO_ASSIGN(found, find_memory(state, event, by_key));
    if (found.presence == FoundMemory::Presence::kAlias) {
      MNEMO_ASSIGN(found, find_memory(state, event, MemoryKey(found.row.target)));
      return existing;
    }
    if (found.presence != FoundMemory::Presence::kAbsent || e.memory_id().empty()) return existing;
  }
  const MemoryKey own =
      e.memory_id().empty() ? memory_key_from_event_id(event.event_id) : memory_key_from_text(e.memory_id());
  MNEMO_ASSIGN(found, find_memory(state, event, own));
  // An id that looks like a key's, of a memory with an id of its own.
  if (found.presence == FoundMemory::Presence::kAlias) {
    MNEMO_ASSIGN(found, find_memory(state, event, MemoryKey(found.row.target)));
  }
  existing.by_id_alone = !key.empty();
  return existing;
}

// A memory with both an id and a key: the key leads to it too, for as long as it has a row.
void insert_alias(State& state, const EventContext& event, const MemoryKey& memory_key) {
  const AgentState& agent = *event.agent;
  const MemoryKey by_key =
      memory_key_from_idempotency_key(agent.name_space(), agent.agent_id(), event.envelope->idempotency_key());
  if (by_key == memory_key) return;
  MemoryRowValue alias;
  alias.row.state = MemoryRow::State::kAlias;
  alias.target = memory_key;
  std::string bytes;
  encode_memory_row(alias, bytes);
  state.insert(memory_row_key(agent.ord, by_key), bytes);
}

}  // namespace

Status apply_remembered(State& state, const EventContext& event, const v1::Remembered& e, Outcome& outcome) {
  static thread_local Record record;
  AgentState& agent = *event.agent;
  MNEMO_ASSIGN(const Existing existing, find_existing(state, event, e));
  if (existing.memory.presence != FoundMemory::Presence::kAbsent) return answer_existing(event, existing, outcome);
  const MemoryKey& memory_key = existing.memory.memory_key;

  state.count_accepted();
  ++state.meta().counters.applied;
  ++state.meta().counters.memories;
  MNEMO_TRY(fill_record(state, event, e, memory_key, record));
  MemoryRowValue row;
  row.row.doc = agent.docs;
  std::string bytes;
  encode_memory_row(row, bytes);
  state.insert(memory_row_key(agent.ord, memory_key), bytes);
  MNEMO_TRY(add_document(state, agent, record, outcome.record));
  if (e.has_embedding()) MNEMO_TRY(store_vector(state, agent, record, row.row.doc, e.embedding()));

  outcome.kind = Outcome::Kind::kApplied;
  outcome.expired = has_expired(state, record);
  outcome.version = 1;
  outcome.count = 1;
  outcome.event_id = event.event_id;
  outcome.memory_key = memory_key;
  const bool both = !e.memory_id().empty() && !event.envelope->idempotency_key().empty();
  if (both) insert_alias(state, event, memory_key);
  return {};
}

namespace {

void change_texts(const v1::Updated& e, Record& r) {
  if (e.has_text()) r.text = e.text().plain();
  if (e.has_content()) r.content = e.content().plain();
  if (e.has_session_id()) r.session_id = e.session_id();
  if (e.has_speaker()) r.speaker = e.speaker();
  if (e.has_kind()) r.kind = e.kind().empty() ? kDefaultKind : std::string_view(e.kind());
  if (e.has_source()) r.source = e.source();
  if (e.has_tags()) r.tags.assign(e.tags().values().begin(), e.tags().values().end());
  if (e.has_metadata()) copy_metadata(e.metadata().entries(), r.metadata);
}

void change_values(const v1::Updated& e, Record& r) {
  if (e.class_() != v1::MEMORY_CLASS_UNSPECIFIED) r.memory_class = static_cast<uint8_t>(e.class_());
  if (e.tier() != v1::TIER_UNSPECIFIED) r.tier = static_cast<uint8_t>(e.tier());
  if (e.has_importance()) r.importance = e.importance();
  if (e.has_pinned()) r.pinned = e.pinned();
  if (e.has_observed_at_ms()) {
    r.observed_at_ms = e.observed_at_ms();
    r.observed_at_given = true;
  }
  if (e.has_expires_at_ms()) {
    r.expires_at_ms = e.expires_at_ms();
    r.expires_at_given = e.expires_at_ms() != 0;
  }
}

}  // namespace

Status apply_updated(State& state, const EventContext& event, const v1::Updated& e, Outcome& outcome) {
  MNEMO_ASSIGN(const bool answered, answer_from_key(state, event, outcome));
  if (answered) return {};
  AgentState& agent = *event.agent;
  const MemoryKey memory_key = memory_key_from_text(e.memory_id());
  outcome.memory_key = memory_key;
  MNEMO_ASSIGN(FoundMemory found, find_memory(state, event, memory_key));
  if (found.presence != FoundMemory::Presence::kLive) {
    return reject(state, event, Code::kNotFound, "there is no memory with this id to update", outcome);
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
  Record next = found.record;
  next.version = found.record.version + 1;
  next.previous_doc = found.row.row.doc;
  next.seq = state.meta().seq;
  next.event_id = event.event_id;
  next.recorded_at_ms = event.recorded_at_ms;
  change_texts(e, next);
  change_values(e, next);
  MNEMO_TRY(supersede(state, agent, found, next, outcome.record));

  outcome.kind = Outcome::Kind::kApplied;
  outcome.expired = has_expired(state, next);
  outcome.version = next.version;
  outcome.count = 1;
  outcome.event_id = event.event_id;
  return remember_key(state, event, outcome);
}

}  // namespace mnemo
