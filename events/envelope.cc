#include "events/envelope.h"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>

#include "events/coding.h"
#include "events/limits.h"
#include "events/log_checks.h"

namespace mnemo {
namespace {

// Wire types of protobuf: the low three bits of a field's tag.
enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

bool is_kind_number(uint64_t number) { return number >= kKindNumberMin && number <= kKindNumberMax; }

// Whether at most one number that kinds have stands in the bytes. Which of two counts would depend on whether a build
// knows both: for protobuf the last one, of those it knows.
bool has_one_kind(std::string_view value) {
  Decoder decoder(value);
  uint64_t kind = 0;
  while (decoder.ok() && !decoder.at_end()) {
    const uint64_t tag = decoder.varint();
    switch (tag & 7) {
      case kVarint: decoder.varint(); break;
      case kFixed64: decoder.raw(8); break;
      case kLengthDelimited: decoder.bytes(); break;
      case kFixed32: decoder.raw(4); break;
      default: return false;  // groups: no proto3 message has them
    }
    const uint64_t number = tag >> 3;
    if (!is_kind_number(number) || (tag & 7) != kLengthDelimited || number == kind) continue;
    if (kind != 0) return false;
    kind = number;
  }
  return decoder.ok();
}

// An event is a message: a kind's number on a field of another form is no kind in any build.
EventKind kind_of_a_later_build(const v1::Envelope& envelope) {
  static const google::protobuf::Reflection* const reflection = v1::Envelope::GetReflection();
  const google::protobuf::UnknownFieldSet& fields = reflection->GetUnknownFields(envelope);
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    const bool message = field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED;
    if (message && is_kind_number(static_cast<uint64_t>(field.number()))) return static_cast<EventKind>(field.number());
  }
  return v1::EVENT_KIND_UNSPECIFIED;
}

}  // namespace

bool decode(std::string_view value, v1::Envelope& envelope) {
  return value.size() <= limits::kEventBytesMax &&
         envelope.ParseFromArray(value.data(), static_cast<int>(value.size())) && has_one_kind(value);
}

EventKind kind_of(const v1::Envelope& envelope) {
  using E = v1::Envelope;
  switch (envelope.event_case()) {
    case E::kRemembered: return v1::EVENT_KIND_REMEMBERED;
    case E::kUpdated: return v1::EVENT_KIND_UPDATED;
    case E::kForgotten: return v1::EVENT_KIND_FORGOTTEN;
    case E::kForgottenByFilter: return v1::EVENT_KIND_FORGOTTEN_BY_FILTER;
    case E::kAccessed: return v1::EVENT_KIND_ACCESSED;
    case E::kConsolidateRequested: return v1::EVENT_KIND_CONSOLIDATE_REQUESTED;
    case E::kPruneRequested: return v1::EVENT_KIND_PRUNE_REQUESTED;
    case E::kEmbeddingAttached: return v1::EVENT_KIND_EMBEDDING_ATTACHED;
    case E::kSummaryAttached: return v1::EVENT_KIND_SUMMARY_ATTACHED;
    case E::kLinked: return v1::EVENT_KIND_LINKED;
    case E::kUnlinked: return v1::EVENT_KIND_UNLINKED;
    case E::kImported: return v1::EVENT_KIND_IMPORTED;
    case E::kEpochStarted: return v1::EVENT_KIND_EPOCH_STARTED;
    case E::kRulesActivated: return v1::EVENT_KIND_RULES_ACTIVATED;
    case E::kPolicyUpdated: return v1::EVENT_KIND_POLICY_UPDATED;
    case E::kTicked: return v1::EVENT_KIND_TICKED;
    case E::kSkipRecorded: return v1::EVENT_KIND_SKIP_RECORDED;
    case E::kOperationStarted: return v1::EVENT_KIND_OPERATION_STARTED;
    case E::kOperationStepDone: return v1::EVENT_KIND_OPERATION_STEP_DONE;
    case E::kOperationFinished: return v1::EVENT_KIND_OPERATION_FINISHED;
    case E::kSubjectErased: return v1::EVENT_KIND_SUBJECT_ERASED;
    case E::EVENT_NOT_SET: return kind_of_a_later_build(envelope);
  }
  return v1::EVENT_KIND_UNSPECIFIED;
}

std::string_view kind_name(EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_UNSPECIFIED: return "Unspecified";
    case v1::EVENT_KIND_REMEMBERED: return "Remembered";
    case v1::EVENT_KIND_UPDATED: return "Updated";
    case v1::EVENT_KIND_FORGOTTEN: return "Forgotten";
    case v1::EVENT_KIND_FORGOTTEN_BY_FILTER: return "ForgottenByFilter";
    case v1::EVENT_KIND_ACCESSED: return "Accessed";
    case v1::EVENT_KIND_CONSOLIDATE_REQUESTED: return "ConsolidateRequested";
    case v1::EVENT_KIND_PRUNE_REQUESTED: return "PruneRequested";
    case v1::EVENT_KIND_EMBEDDING_ATTACHED: return "EmbeddingAttached";
    case v1::EVENT_KIND_SUMMARY_ATTACHED: return "SummaryAttached";
    case v1::EVENT_KIND_LINKED: return "Linked";
    case v1::EVENT_KIND_UNLINKED: return "Unlinked";
    case v1::EVENT_KIND_IMPORTED: return "Imported";
    case v1::EVENT_KIND_EPOCH_STARTED: return "EpochStarted";
    case v1::EVENT_KIND_RULES_ACTIVATED: return "RulesActivated";
    case v1::EVENT_KIND_POLICY_UPDATED: return "PolicyUpdated";
    case v1::EVENT_KIND_TICKED: return "Ticked";
    case v1::EVENT_KIND_SKIP_RECORDED: return "SkipRecorded";
    case v1::EVENT_KIND_OPERATION_STARTED: return "OperationStarted";
    case v1::EVENT_KIND_OPERATION_STEP_DONE: return "OperationStepDone";
    case v1::EVENT_KIND_OPERATION_FINISHED: return "OperationFinished";
    case v1::EVENT_KIND_SUBJECT_ERASED: return "SubjectErased";
    case v1::EventKind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::EventKind_INT_MAX_SENTINEL_DO_NOT_USE_: break;
  }
  return "Unknown";
}

bool is_control(EventKind kind) { return kind >= v1::EVENT_KIND_EPOCH_STARTED; }

bool needs_newer_build(const v1::Envelope& envelope) { return envelope.schema_version() > kSchemaVersion; }

bool skip_decides(const v1::SkipRecorded& event, const Position& own) {
  return event.epoch() == own.epoch && event.offset() >= kGenesisRecords && event.offset() < own.offset;
}

std::optional<PartitionId> control_partition(const v1::Envelope& envelope) {
  using E = v1::Envelope;
  switch (envelope.event_case()) {
    case E::kEpochStarted: return PartitionId{envelope.epoch_started().partition()};
    case E::kRulesActivated: return PartitionId{envelope.rules_activated().partition()};
    case E::kPolicyUpdated: return PartitionId{envelope.policy_updated().partition()};
    case E::kTicked: return PartitionId{envelope.ticked().partition()};
    case E::kSkipRecorded: return PartitionId{envelope.skip_recorded().partition()};
    case E::kOperationStarted: return PartitionId{envelope.operation_started().partition()};
    case E::kOperationStepDone: return PartitionId{envelope.operation_step_done().partition()};
    case E::kOperationFinished: return PartitionId{envelope.operation_finished().partition()};
    case E::kSubjectErased: return PartitionId{envelope.subject_erased().partition()};
    case E::kRemembered:
    case E::kUpdated:
    case E::kForgotten:
    case E::kForgottenByFilter:
    case E::kAccessed:
    case E::kConsolidateRequested:
    case E::kPruneRequested:
    case E::kEmbeddingAttached:
    case E::kSummaryAttached:
    case E::kLinked:
    case E::kUnlinked:
    case E::kImported:
    case E::EVENT_NOT_SET: break;
  }
  return std::nullopt;
}

std::string message_key(std::string_view name_space, std::string_view agent_id) {
  std::string key;
  key.reserve(name_space.size() + 1 + agent_id.size());
  key.append(name_space).push_back(kKeySeparator);
  return key.append(agent_id);
}

bool is_message_key(std::string_view key, std::string_view name_space, std::string_view agent_id) {
  const size_t split = name_space.size();
  return key.size() == split + 1 + agent_id.size() && key.substr(0, split) == name_space &&
         key[split] == kKeySeparator && key.substr(split + 1) == agent_id;
}

std::optional<Scope> parse_message_key(std::string_view key) {
  const size_t at = key.find(kKeySeparator);
  if (at == std::string_view::npos) return std::nullopt;
  const Scope scope{.name_space = key.substr(0, at), .agent_id = key.substr(at + 1)};
  const bool second = scope.agent_id.find(kKeySeparator) != std::string_view::npos;
  if (scope.name_space.empty() || scope.agent_id.empty() || second) return std::nullopt;
  return scope;
}

std::optional<std::string_view> operation_of(const v1::Envelope& envelope) {
  if (envelope.has_operation_started()) return envelope.operation_started().operation_id();
  if (envelope.has_operation_step_done()) return envelope.operation_step_done().operation_id();
  if (envelope.has_operation_finished()) return envelope.operation_finished().operation_id();
  return std::nullopt;
}

void set_control_partition(v1::Envelope& envelope, PartitionId partition) {
  const auto set = [partition](auto* event) { event->set_partition(partition.value); };
  if (envelope.has_epoch_started()) return set(envelope.mutable_epoch_started());
  if (envelope.has_rules_activated()) return set(envelope.mutable_rules_activated());
  if (envelope.has_policy_updated()) return set(envelope.mutable_policy_updated());
  if (envelope.has_ticked()) return set(envelope.mutable_ticked());
  if (envelope.has_operation_started()) return set(envelope.mutable_operation_started());
  if (envelope.has_operation_step_done()) return set(envelope.mutable_operation_step_done());
  if (envelope.has_operation_finished()) return set(envelope.mutable_operation_finished());
  MNEMO_CHECK(!"a control event that may name another partition");
}

PartitionId operation_home(std::string_view operation_id, uint32_t partitions) {
  return partition_of(operation_id, partitions);
}

Result<PartitionId> partition_for(const v1::Envelope& envelope, uint32_t partitions) {
  const auto named = control_partition(envelope);
  if (!named) return partition_of(message_key(envelope.namespace_(), envelope.agent_id()), partitions);
  MNEMO_TRY(check_partition(*named, partitions));
  return *named;
}

NewRecord make_record(const v1::Envelope& envelope, uint32_t partitions) {
  NewRecord record;
  if (const auto partition = control_partition(envelope)) {
    record.partition = *partition;
    record.key = std::string(kControlKey);
  } else {
    record.key = message_key(envelope.namespace_(), envelope.agent_id());
    record.partition = partition_of(record.key, partitions);
  }
  MNEMO_CHECK(envelope.SerializeToString(&record.value));
  return record;
}

std::optional<Bytes16> bytes16(std::string_view bytes) {
  Bytes16 out;
  if (bytes.size() != out.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

std::string_view skip_reason_name(SkipReason reason) {
  switch (reason) {
    case SkipReason::kUndecodable: return "undecodable";
    case SkipReason::kInvalid: return "invalid";
    case SkipReason::kKindNotActive: return "kind_not_active";
    case SkipReason::kKeyMismatch: return "key_mismatch";
    case SkipReason::kWrongPartition: return "wrong_partition";
    case SkipReason::kOperator: return "operator";
    case SkipReason::kOldEpoch: return "old_epoch";
  }
  return "unknown";
}

}  // namespace mnemo
