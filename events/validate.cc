// What makes an event of schema version 1 valid, kind by kind. events/README.md says the same in a table.
#include <fmt/format.h>

#include "events/envelope.h"
#include "events/json_syntax.h"
#include "events/limits.h"
#include "events/validate_fields.h"

namespace mnemo {
namespace {

using namespace validation;  // NOLINT: the checks of this very concern

// The last values that schema version 1 has; a later value of the enum comes with a later schema version.
constexpr int kClassMax = v1::MEMORY_CLASS_WORKING;
constexpr int kTierMax = v1::TIER_LONG;
constexpr int kOperationOutcomeMax = v1::OPERATION_OUTCOME_CANCELLED;
constexpr int kImportanceMax = 1000;

// Memory fields that Remembered and Updated share; absent strings are empty and pass.
template <typename Event>
Status check_memory_fields(const Event& event, const v1::Limits& limits) {
  if (event.has_text()) {
    MNEMO_TRY(check_text({"memory", "text"}, event.text(), limits.text_bytes()));
    if (event.text().plain().empty()) return invalid({"memory", "text"}, "is empty: say what is to be remembered");
  }
  if (event.has_content()) {
    MNEMO_TRY(check_text({"memory", "content"}, event.content(), limits.content_bytes()));
  }
  MNEMO_TRY(check_label({"memory", "session_id"}, event.session_id(), limits.id_bytes()));
  MNEMO_TRY(check_label({"memory", "speaker"}, event.speaker(), limits.id_bytes()));
  MNEMO_TRY(check_label({"memory", "source"}, event.source(), limits.id_bytes()));
  MNEMO_TRY(check_range({"memory", "class"}, event.class_(), 0, kClassMax));
  MNEMO_TRY(check_range({"memory", "tier"}, event.tier(), 0, kTierMax));
  MNEMO_TRY(check_time({"memory", "observed_at_ms"}, event.observed_at_ms()));
  return check_range({"memory", "importance"}, event.importance(), 0, kImportanceMax);
}

Status check_json(const v1::Text& content) {
  if (is_json(content.plain())) return {};
  return invalid({"memory", "content"},
                 fmt::format("is not JSON, or deeper than {} levels: send a JSON value as text", kJsonDepthMax));
}

Status check(const v1::Remembered& event, const v1::Limits& limits) {
  MNEMO_TRY(check_label({"memory", "memory_id"}, event.memory_id(), limits.id_bytes()));
  if (!event.has_text()) return invalid({"memory", "text"}, "is missing: say what is to be remembered");
  MNEMO_TRY(check_memory_fields(event, limits));
  if (event.has_content()) MNEMO_TRY(check_json(event.content()));
  if (!event.kind().empty()) MNEMO_TRY(check_identifier({"memory", "kind"}, event.kind()));
  if (event.has_expires_at_ms()) {
    MNEMO_TRY(check_range({"memory", "expires_at_ms"}, event.expires_at_ms(), 1, kTimeMaxMs));
  }
  MNEMO_TRY(check_tags(event.tags(), limits));
  MNEMO_TRY(check_metadata(event.metadata(), limits));
  return event.has_embedding() ? check_embedding(event.embedding(), limits) : Status();
}

bool changes_something(const v1::Updated& event) {
  return event.has_text() || event.has_session_id() || event.has_speaker() || event.class_() != 0 || event.has_kind() ||
         event.has_tags() || event.has_metadata() || event.has_content() || event.has_source() ||
         event.has_observed_at_ms() || event.has_expires_at_ms() || event.has_importance() || event.has_pinned() ||
         event.tier() != 0;
}

Status check(const v1::Updated& event, const v1::Limits& limits) {
  MNEMO_TRY(check_id({"update", "memory_id"}, event.memory_id(), limits.id_bytes()));
  if (!changes_something(event)) {
    return fail(Code::kInvalidArgument, "update changes nothing: set at least one field of the memory");
  }
  MNEMO_TRY(check_memory_fields(event, limits));
  if (event.has_content() && !event.content().plain().empty()) MNEMO_TRY(check_json(event.content()));
  if (event.has_kind()) MNEMO_TRY(check_identifier({"memory", "kind"}, event.kind()));
  MNEMO_TRY(check_range({"memory", "expires_at_ms"}, event.expires_at_ms(), 0, kTimeMaxMs));
  if (event.has_tags()) {
    MNEMO_TRY(check_no_unknown("memory 'tags'", event.tags()));
    MNEMO_TRY(check_tags(event.tags().values(), limits));
  }
  if (!event.has_metadata()) return {};
  MNEMO_TRY(check_no_unknown("memory 'metadata'", event.metadata()));
  return check_metadata(event.metadata().entries(), limits);
}

Status check(const v1::Forgotten& event, const v1::Limits& limits) {
  return check_id({"forget", "memory_id"}, event.memory_id(), limits.id_bytes());
}

Status check(const v1::ForgottenByFilter& event, const Rules& rules) {
  if (!event.has_filter()) {
    return invalid({"forget", "filter"}, "is missing: say which memories are to be forgotten");
  }
  return validate_filter(event.filter(), rules);
}

Status check(const v1::Accessed& event, const v1::Limits& limits) {
  const auto entries = static_cast<size_t>(event.entries_size());
  if (entries == 0) return invalid({"access", "entries"}, "is empty: name at least one memory");
  MNEMO_TRY(check_count({"access", "entries"}, entries, limits.access_entries()));
  for (int i = 0; i < event.entries_size(); ++i) {
    const v1::Accessed::Entry& entry = event.entries(i);
    MNEMO_TRY(check_no_unknown("access 'entries'", entry));
    MNEMO_TRY(check_id({"access", "memory_id", i}, entry.memory_id(), limits.id_bytes()));
    MNEMO_TRY(check_range({"access", "count", i}, entry.count(), 1, UINT32_MAX));
  }
  return {};
}

Status check(const v1::EmbeddingAttached& event, const v1::Limits& limits) {
  MNEMO_TRY(check_id({"embedding", "memory_id"}, event.memory_id(), limits.id_bytes()));
  MNEMO_TRY(check_range({"embedding", "version"}, event.version(), 1, UINT32_MAX));
  if (!event.has_embedding()) return invalid({"embedding", "embedding"}, "is missing: set model and values");
  return check_embedding(event.embedding(), limits);
}

template <typename LinkEvent>
Status check_link(const LinkEvent& event, const v1::Limits& limits) {
  MNEMO_TRY(check_id({"link", "from_memory_id"}, event.from_memory_id(), limits.id_bytes()));
  MNEMO_TRY(check_id({"link", "to_memory_id"}, event.to_memory_id(), limits.id_bytes()));
  MNEMO_TRY(check_identifier({"link", "type"}, event.type()));
  if (event.from_memory_id() != event.to_memory_id()) return {};
  return invalid({"link", "to_memory_id"}, "is the memory that the link starts from: link to another one");
}

Status check(const v1::EpochStarted& event) {
  MNEMO_TRY(check_range({"epoch", "partitions"}, event.partitions(), 1, limits::kPartitionsMax));
  MNEMO_TRY(check_range({"epoch", "partition"}, event.partition(), 0, int64_t{event.partitions()} - 1));
  MNEMO_TRY(check_range({"epoch", "epoch"}, event.epoch(), 1, UINT32_MAX));
  MNEMO_TRY(check_16_bytes({"epoch", "log_id"}, event.log_id()));
  return check_16_bytes({"epoch", "fingerprint_check"}, event.fingerprint_check());
}

Status check(const v1::RulesActivated& event) {
  if (event.has_limits()) MNEMO_TRY(check_no_unknown("rules 'limits'", event.limits()));
  return check_constants(event);
}

Status check(const v1::PolicyUpdated& event) {
  MNEMO_TRY(check_id({"policy", "namespace"}, event.namespace_(), limits::kNamespaceBytesMax));
  MNEMO_TRY(check_range({"policy", "version"}, event.version(), 1, UINT32_MAX));
  return check_range({"policy", "ttl_ms"}, event.ttl_ms(), 0, kTimeMaxMs);
}

Status check(const v1::SkipRecorded& event) {
  MNEMO_TRY(check_range({"skip", "epoch"}, event.epoch(), 1, UINT32_MAX));
  return check_label({"skip", "reason"}, event.reason(), kReasonBytesMax);
}

Status check(const v1::OperationStarted& event) {
  MNEMO_TRY(check_16_bytes({"operation", "operation_id"}, event.operation_id()));
  MNEMO_TRY(check_identifier({"operation", "kind"}, event.kind()));
  MNEMO_TRY(check_range({"operation", "steps"}, event.steps(), 0, kOperationStepsMax));
  MNEMO_TRY(check_bytes({"operation", "request"}, event.request().size(), kOperationRequestBytesMax));
  if (!event.namespace_().empty()) {
    MNEMO_TRY(check_id({"operation", "namespace"}, event.namespace_(), limits::kNamespaceBytesMax));
  }
  return event.fingerprint().empty() ? Status() : check_16_bytes({"operation", "fingerprint"}, event.fingerprint());
}

Status check(const v1::OperationStepDone& event) {
  MNEMO_TRY(check_16_bytes({"operation", "operation_id"}, event.operation_id()));
  MNEMO_TRY(check_range({"operation", "step"}, event.step(), 1, kOperationStepsMax));
  return check_label({"operation", "result"}, event.result(), kReasonBytesMax);
}

Status check(const v1::OperationFinished& event) {
  MNEMO_TRY(check_16_bytes({"operation", "operation_id"}, event.operation_id()));
  MNEMO_TRY(check_range({"operation", "outcome"}, event.outcome(), 1, kOperationOutcomeMax));
  return check_label({"operation", "reason"}, event.reason(), kReasonBytesMax);
}

Status check_event(const v1::Envelope& envelope, const Rules& rules) {
  using E = v1::Envelope;
  const v1::Limits& limits = rules.limits;
  switch (envelope.event_case()) {
    case E::kRemembered: return check(envelope.remembered(), limits);
    case E::kUpdated: return check(envelope.updated(), limits);
    case E::kForgotten: return check(envelope.forgotten(), limits);
    case E::kForgottenByFilter: return check(envelope.forgotten_by_filter(), rules);
    case E::kAccessed: return check(envelope.accessed(), limits);
    case E::kEmbeddingAttached: return check(envelope.embedding_attached(), limits);
    case E::kLinked: return check_link(envelope.linked(), limits);
    case E::kUnlinked: return check_link(envelope.unlinked(), limits);
    case E::kEpochStarted: return check(envelope.epoch_started());
    case E::kRulesActivated: return check(envelope.rules_activated());
    case E::kPolicyUpdated: return check(envelope.policy_updated());
    case E::kTicked: return check_time({"tick", "time_ms"}, envelope.ticked().time_ms());
    case E::kSkipRecorded: return check(envelope.skip_recorded());
    case E::kOperationStarted: return check(envelope.operation_started());
    case E::kOperationStepDone: return check(envelope.operation_step_done());
    case E::kOperationFinished: return check(envelope.operation_finished());
    case E::kConsolidateRequested:
    case E::kPruneRequested:
    case E::kSummaryAttached:
    case E::kImported:
    case E::kSubjectErased: return {};  // reserved: kind_supported() comes first, so nobody applies them by this
    case E::EVENT_NOT_SET: break;
  }
  return fail(Code::kInvalidArgument, "envelope holds no event: set one of the kinds that docs/formats.md lists");
}

// Of the event inside the envelope, whichever it is.
Status check_event_no_unknown(const v1::Envelope& envelope) {
  using E = v1::Envelope;
  const auto check = [&](const auto& event) { return check_no_unknown(kind_name(kind_of(envelope)), event); };
  switch (envelope.event_case()) {
    case E::kRemembered: return check(envelope.remembered());
    case E::kUpdated: return check(envelope.updated());
    case E::kForgotten: return check(envelope.forgotten());
    case E::kForgottenByFilter: return check(envelope.forgotten_by_filter());
    case E::kAccessed: return check(envelope.accessed());
    case E::kConsolidateRequested: return check(envelope.consolidate_requested());
    case E::kPruneRequested: return check(envelope.prune_requested());
    case E::kEmbeddingAttached: return check(envelope.embedding_attached());
    case E::kSummaryAttached: return check(envelope.summary_attached());
    case E::kLinked: return check(envelope.linked());
    case E::kUnlinked: return check(envelope.unlinked());
    case E::kImported: return check(envelope.imported());
    case E::kEpochStarted: return check(envelope.epoch_started());
    case E::kRulesActivated: return check(envelope.rules_activated());
    case E::kPolicyUpdated: return check(envelope.policy_updated());
    case E::kTicked: return check(envelope.ticked());
    case E::kSkipRecorded: return check(envelope.skip_recorded());
    case E::kOperationStarted: return check(envelope.operation_started());
    case E::kOperationStepDone: return check(envelope.operation_step_done());
    case E::kOperationFinished: return check(envelope.operation_finished());
    case E::kSubjectErased: return check(envelope.subject_erased());
    case E::EVENT_NOT_SET: break;
  }
  return {};
}

Status check_control_scope(const v1::Envelope& envelope) {
  MNEMO_TRY(
      check_range({"control event", "partition"}, control_partition(envelope)->value, 0, limits::kPartitionsMax - 1));
  for (const auto& [name, set] :
       {std::pair{"namespace", !envelope.namespace_().empty()}, std::pair{"agent_id", !envelope.agent_id().empty()},
        std::pair{"idempotency_key", !envelope.idempotency_key().empty()},
        std::pair{"fingerprint", !envelope.fingerprint().empty()}}) {
    if (set) return invalid({"control event", name}, "is set: it belongs to agent events, leave it out");
  }
  return {};
}

Status check_agent_scope(const v1::Envelope& envelope, const v1::Limits& limits) {
  MNEMO_TRY(validate_scope(envelope.namespace_(), envelope.agent_id()));
  MNEMO_TRY(check_bytes({"event", "idempotency_key"}, envelope.idempotency_key().size(), limits.key_bytes()));
  MNEMO_TRY(check_utf8({"event", "idempotency_key"}, envelope.idempotency_key()));
  return envelope.fingerprint().empty() ? Status() : check_16_bytes({"event", "fingerprint"}, envelope.fingerprint());
}

Status check_envelope(const v1::Envelope& envelope) {
  MNEMO_TRY(check_range({"event", "schema_version"}, envelope.schema_version(), 1, kSchemaVersion));
  MNEMO_TRY(check_no_unknown("event", envelope));
  MNEMO_TRY(check_16_bytes({"event", "event_id"}, envelope.event_id()));
  MNEMO_TRY(check_time({"event", "recorded_at_ms"}, envelope.recorded_at_ms()));
  MNEMO_TRY(check_label({"event", "actor"}, envelope.actor(), kTraceBytesMax));
  MNEMO_TRY(check_label({"event", "correlation_id"}, envelope.correlation_id(), kTraceBytesMax));
  MNEMO_TRY(check_label({"event", "causation_id"}, envelope.causation_id(), kTraceBytesMax));
  return check_label({"event", "traceparent"}, envelope.traceparent(), kTraceBytesMax);
}

}  // namespace

Status validate_scope(std::string_view name_space, std::string_view agent_id) {
  MNEMO_TRY(check_id({"scope", "namespace"}, name_space, limits::kNamespaceBytesMax));
  return check_id({"scope", "agent_id"}, agent_id, limits::kAgentIdBytesMax);
}

Status validate(const v1::Envelope& envelope, const Rules& rules) {
  MNEMO_TRY(check_envelope(envelope));
  const EventKind kind = kind_of(envelope);
  if (kind != v1::EVENT_KIND_UNSPECIFIED) {
    MNEMO_TRY(is_control(kind) ? check_control_scope(envelope) : check_agent_scope(envelope, rules.limits));
    MNEMO_TRY(check_event_no_unknown(envelope));
  }
  return check_event(envelope, rules);
}

}  // namespace mnemo
