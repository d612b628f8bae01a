// File: tests/events/sample_events.h
// Valid envelopes of every kind, for tests to break one field at a time.
#pragma once

#include <string>

#include "events/envelope.h"
#include "events/rules.h"

namespace mnemo::testing {

// The rules that a new log begins with.
inline Rules rules_of_a_new_log() { return next_rules(Rules{}, default_rules(0)).value(); }

inline v1::Envelope control_envelope() {
  v1::Envelope envelope;
  envelope.set_event_id(std::string(16, '\x11'));
  envelope.set_schema_version(kSchemaVersion);
  return envelope;
}

inline v1::Envelope agent_envelope() {
  v1::Envelope envelope = control_envelope();
  envelope.set_namespace_("acme");
  envelope.set_agent_id("assistant-7");
  return envelope;
}

inline v1::Envelope remembered() {
  v1::Envelope envelope = agent_envelope();
  v1::Remembered& event = *envelope.mutable_remembered();
  event.mutable_text()->set_plain("Caroline went to the support group");
  event.set_kind("message");
  event.add_tags("support");
  v1::MetadataEntry& entry = *event.add_metadata();
  entry.set_key("dia_id");
  entry.mutable_text()->set_plain("D1:3");
  return envelope;
}

inline v1::Envelope updated() {
  v1::Envelope envelope = agent_envelope();
  envelope.mutable_updated()->set_memory_id("mem-1");
  envelope.mutable_updated()->mutable_text()->set_plain("Caroline goes every week");
  return envelope;
}

inline v1::Envelope embedding_attached() {
  v1::Envelope envelope = agent_envelope();
  v1::EmbeddingAttached& event = *envelope.mutable_embedding_attached();
  event.set_memory_id("mem-1");
  event.set_version(1);
  event.mutable_embedding()->set_model("minilm");
  event.mutable_embedding()->set_values_f32_le(std::string("\x00\x00\x80\x3f", 4));
  return envelope;
}

inline v1::Envelope accessed() {
  v1::Envelope envelope = agent_envelope();
  v1::Accessed::Entry& entry = *envelope.mutable_accessed()->add_entries();
  entry.set_memory_id("mem-1");
  entry.set_count(2);
  return envelope;
}

inline v1::Envelope linked() {
  v1::Envelope envelope = agent_envelope();
  v1::Linked& event = *envelope.mutable_linked();
  event.set_from_memory_id("mem-1");
  event.set_type("follows");
  event.set_to_memory_id("mem-2");
  return envelope;
}

inline v1::Envelope forgotten_by_tag(const std::string& tag) {
  v1::Envelope envelope = agent_envelope();
  v1::Condition& condition = *envelope.mutable_forgotten_by_filter()->mutable_filter()->mutable_condition();
  condition.set_field(v1::Condition::TAG);
  condition.set_op(v1::Condition::EQ);
  condition.add_values()->set_text(tag);
  return envelope;
}

inline v1::Envelope epoch_started() {
  v1::Envelope envelope = control_envelope();
  v1::EpochStarted& event = *envelope.mutable_epoch_started();
  event.set_epoch(1);
  event.set_partitions(8);
  event.set_log_id(std::string(16, 'l'));
  event.set_fingerprint_check(std::string(16, 'f'));
  return envelope;
}

inline v1::Envelope operation_started() {
  v1::Envelope envelope = control_envelope();
  v1::OperationStarted& event = *envelope.mutable_operation_started();
  event.set_operation_id(std::string(16, 'o'));
  event.set_kind("policy");
  event.set_steps(8);
  event.set_request("what was asked for");
  event.set_fingerprint(std::string(16, 'f'));
  event.set_namespace_("acme");
  return envelope;
}

inline v1::Envelope operation_step_done() {
  v1::Envelope envelope = control_envelope();
  v1::OperationStepDone& event = *envelope.mutable_operation_step_done();
  event.set_operation_id(std::string(16, 'o'));
  event.set_step(1);
  event.set_result("applied at 0-1-7");
  return envelope;
}

inline v1::Envelope operation_finished() {
  v1::Envelope envelope = control_envelope();
  v1::OperationFinished& event = *envelope.mutable_operation_finished();
  event.set_operation_id(std::string(16, 'o'));
  event.set_outcome(v1::OPERATION_OUTCOME_FAILED);
  event.set_reason("no space left");
  return envelope;
}

}  // namespace mnemo::testing
