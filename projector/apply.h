// File: projector/apply.h
// The kinds of agent events, one function each. Internal to projector/.
//
// Each either accepts the event (outcome kApplied or kRejected: state_.count_accepted() has been called) or answers
// from what its key did before (kDuplicate, kConflict) and changes nothing. Errors halt the partition.
#pragma once

#include "projector/outcome.h"
#include "projector/state.h"

namespace mnemo {

// The event being applied.
struct EventContext {
  const v1::Envelope* envelope = nullptr;
  Bytes16 event_id{};
  TimestampMs recorded_at_ms = 0;  // effective: never later than the append timestamp
  AgentState* agent = nullptr;
};

Status apply_remembered(State& state, const EventContext& event, const v1::Remembered& e, Outcome& outcome);
Status apply_updated(State& state, const EventContext& event, const v1::Updated& e, Outcome& outcome);
Status apply_forgotten(State& state, const EventContext& event, const v1::Forgotten& e, Outcome& outcome);
Status apply_forgotten_by_filter(State& state, const EventContext& event, const v1::ForgottenByFilter& e,
                                 Outcome& outcome);
Status apply_accessed(State& state, const EventContext& event, const v1::Accessed& e, Outcome& outcome);
Status apply_embedding(State& state, const EventContext& event, const v1::EmbeddingAttached& e, Outcome& outcome);
Status apply_linked(State& state, const EventContext& event, const v1::Linked& e, Outcome& outcome);
Status apply_unlinked(State& state, const EventContext& event, const v1::Unlinked& e, Outcome& outcome);

// --- Keys (projector/key_window.cc) ---

// The 16 bytes under which an event's key is kept: of its idempotency key, else of its event id.
std::string key_row_key(const EventContext& event);
// True when the key acted before: the outcome is the first result again, or the conflict.
Result<bool> answer_from_key(State& state, const EventContext& event, Outcome& outcome);
// Remembers the outcome under the event's key, as one of the agent's last Rules::key_window. (A Remembered's key is not
// kept here: it is the memory's id, or an alias of it, and lives as long as the memory's row.)
Status remember_key(State& state, const EventContext& event, const Outcome& outcome);

// The work of a forget by filter is done: its key tells the exact count from now on.
Status settle_key(State& state, const AgentState& agent, const PendingWork& forget);

// --- Memories (projector/memories.cc) ---

// A memory as an event finds it. One that is expired or under a pending forget is told as a tombstone, whether or not
// pending work has come to it; looking changes nothing, so that an event which is not accepted leaves no trace.
struct FoundMemory {
  // kAlias: the key of a memory that has an id of its own; row.target is that id.
  enum class Presence { kAbsent, kAlias, kTombstone, kLive };
  Presence presence = Presence::kAbsent;
  std::string memory_key;
  MemoryRowValue row;
  std::string holder;  // the record's bytes: more than a string holds in place, so moves keep the views valid
  Record record;       // kLive only; points into holder
};
Result<FoundMemory> find_memory(State& state, const EventContext& event, std::string_view memory_key);

// Adds a document: record, index, expiry, digests. The memory row is the caller's. `row` becomes the record's row.
Status add_document(State& state, AgentState& agent, const Record& record, std::string& row);
// Puts `next` in the place of a live memory's current version, which goes to its history. `row` becomes next's row.
Status supersede(State& state, AgentState& agent, const FoundMemory& current, const Record& next, std::string& row);
// Turns a live memory into a tombstone and queues the removal of what it was.
Status bury_memory(State& state, AgentState& agent, const FoundMemory& memory, MemoryRow::State as);
// Stores a vector for one document, replacing one of the same model.
Status store_vector(State& state, const AgentState& agent, const Record& record, uint32_t doc,
                    const v1::Embedding& embedding);

// Removes one vector of the document; false when it has none.
Result<bool> drop_first_vector(State& state, const AgentState& agent, const Record& record, uint32_t doc);

// Rejects: accepted, remembered under its key, and without effect.
Status reject(State& state, const EventContext& event, Code code, std::string message, Outcome& outcome);

// --- Pending work (projector/pending_work.cc) ---

// Does up to rules().work_units_per_event units of pending work and due expiries, in order.
Status do_pending_work(State& state);

}  // namespace mnemo
