#include "projector/state_machine.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>

#include "events/hash.h"
#include "projector/apply.h"
#include "projector/apply_control.h"
#include "projector/store/outbox.h"

namespace mnemo {
namespace {

constexpr size_t kWhyBytesMax = 512;

// Whether pending work and the index take a turn after the record. Accepted events and ticks do it, and of the other
// control records those that a copy of the log has too: work must stand at the same place in both.
bool takes_turn(const Outcome& outcome, v1::Envelope::EventCase kind) {
  switch (outcome.kind) {
    case Outcome::Kind::kApplied:
    case Outcome::Kind::kRejected: return true;
    case Outcome::Kind::kControl: return kind != v1::Envelope::kEpochStarted && kind != v1::Envelope::kSkipRecorded;
    case Outcome::Kind::kDuplicate:
    case Outcome::Kind::kConflict:
    case Outcome::Kind::kSkipped: break;
  }
  return false;
}

}  // namespace

// Reused from record to record, to spare allocations.
struct StateMachine::Scratch {
  static constexpr size_t kArenaBytes = 32 << 10;  // what an envelope of usual size needs

  // An empty envelope; the one before is gone.
  v1::Envelope& next_envelope() {
    arena.Reset();
    envelope = google::protobuf::Arena::CreateMessage<v1::Envelope>(&arena);
    return *envelope;
  }

  std::array<char, kArenaBytes> first_block;
  google::protobuf::Arena arena{first_block.data(), first_block.size()};
  v1::Envelope* envelope = nullptr;
  std::vector<DeadLetter> dead_letters;  // of this batch
};

StateMachine::StateMachine(const LogIdentity& log, PartitionId partition, RowWriter& rows, IndexWriter& index,
                           const StateLimits& limits)
    : log_(log), state_(partition, rows, index, limits), scratch_(std::make_unique<Scratch>()) {}

StateMachine::~StateMachine() = default;

Status StateMachine::load() {
  scratch_->dead_letters.clear();
  oldest_skip_ = 0;
  return state_.load();
}

Status StateMachine::apply(const LogRecord& record, bool skip, Outcome& outcome) {
  outcome.clear();
  MNEMO_CHECK(record.position.partition == state_.partition());
  MNEMO_CHECK(record.position.offset >= state_.meta().next_offset);
  state_.begin_record(record.position.offset);
  MNEMO_TRY(decide(record, skip, outcome));
  outcome.record_id = state_.meta().last_event_id;
  note_record(record);
  if (!takes_turn(outcome, scratch_->envelope->event_case())) return {};
  MNEMO_TRY(do_pending_work(state_));
  const bool control = outcome.kind == Outcome::Kind::kControl;
  const bool tick = control && scratch_->envelope->event_case() == v1::Envelope::kTicked;
  MNEMO_TRY(state_.index().take_turn(state_.rows(), tick ? kIndexStepsPerTick : kIndexStepsPerEvent));
  return control ? state_.note_expiry_due() : state_.take_point_if_due(record.position.offset);
}

void StateMachine::note_record(const LogRecord& record) {
  Meta& meta = state_.meta();
  meta.next_offset = record.position.offset + 1;
  meta.last_offset = record.position.offset;
  meta.last_checksum = xxh3_64(record.value);
}

namespace {

bool is_key_of(const v1::Envelope& envelope, EventKind kind, std::string_view key) {
  return is_control(kind) ? key == kControlKey : is_message_key(key, envelope.namespace_(), envelope.agent_id());
}

Status apply_agent_event(State& state, const EventContext& context, Outcome& outcome) {
  const v1::Envelope& e = *context.envelope;
  switch (e.event_case()) {
    case v1::Envelope::kRemembered: return apply_remembered(state, context, e.remembered(), outcome);
    case v1::Envelope::kUpdated: return apply_updated(state, context, e.updated(), outcome);
    case v1::Envelope::kForgotten: return apply_forgotten(state, context, e.forgotten(), outcome);
    case v1::Envelope::kForgottenByFilter:
      return apply_forgotten_by_filter(state, context, e.forgotten_by_filter(), outcome);
    case v1::Envelope::kAccessed: return apply_accessed(state, context, e.accessed(), outcome);
    case v1::Envelope::kEmbeddingAttached: return apply_embedding(state, context, e.embedding_attached(), outcome);
    case v1::Envelope::kLinked: return apply_linked(state, context, e.linked(), outcome);
    case v1::Envelope::kUnlinked: return apply_unlinked(state, context, e.unlinked(), outcome);
    case v1::Envelope::kConsolidateRequested:
    case v1::Envelope::kPruneRequested:
    case v1::Envelope::kSummaryAttached:
    case v1::Envelope::kImported:
    case v1::Envelope::kEpochStarted:
    case v1::Envelope::kRulesActivated:
    case v1::Envelope::kPolicyUpdated:
    case v1::Envelope::kTicked:
    case v1::Envelope::kSkipRecorded:
    case v1::Envelope::kOperationStarted:
    case v1::Envelope::kOperationStepDone:
    case v1::Envelope::kOperationFinished:
    case v1::Envelope::kSubjectErased:
    case v1::Envelope::EVENT_NOT_SET: break;
  }
  return fail(Code::kFailedPrecondition, "the rules on the log activate " + std::string(kind_name(kind_of(e))) +
                                             ", which this build does not know: upgrade mnemo");
}

// "Remembered (32)"
std::string named(EventKind kind) {
  return std::string(kind_name(kind)) + " (" + std::to_string(static_cast<int>(kind)) + ")";
}

tl::unexpected<Error> for_a_newer_build(const LogRecord& record, const std::string& what) {
  return fail(Code::kFailedPrecondition, "the record at " + to_string(record.position) + " is of " + what +
                                             ": upgrade mnemo, or skip the record with `mnemo skip`");
}

TimestampMs effective_recorded_at(const v1::Envelope& envelope, const LogRecord& record) {
  const TimestampMs given = envelope.recorded_at_ms();
  return given == 0 || given > record.appended_at_ms ? record.appended_at_ms : given;
}

}  // namespace

Status StateMachine::decide(const LogRecord& record, bool skip, Outcome& outcome) {
  v1::Envelope& envelope = scratch_->next_envelope();
  state_.meta().last_event_id = {};
  if (skip) return skip_record(record, SkipReason::kOperator, "an operator's SkipRecorded names it", outcome);
  if (!decode(record.value, envelope)) {
    return skip_record(record, SkipReason::kUndecodable, "not an Envelope", outcome);
  }
  if (needs_newer_build(envelope)) {
    return for_a_newer_build(record, "schema version " + std::to_string(envelope.schema_version()) +
                                         ", and this build reads up to " + std::to_string(kSchemaVersion));
  }
  const std::optional<Bytes16> event_id = bytes16(envelope.event_id());
  if (!event_id) return skip_record(record, SkipReason::kInvalid, "event_id is not 16 bytes", outcome);
  state_.meta().last_event_id = *event_id;
  const EventKind kind = kind_of(envelope);
  if (!rules().active(kind)) {
    return skip_record(record, SkipReason::kKindNotActive, named(kind) + " is not active at this position", outcome);
  }
  if (!kind_supported(kind)) return for_a_newer_build(record, named(kind) + ", which this build does not know");
  if (!is_key_of(envelope, kind, record.key)) {
    return skip_record(record, SkipReason::kKeyMismatch, "the message key is not the envelope's", outcome);
  }
  if (const Status valid = validate(envelope, rules()); !valid) {
    return skip_record(record, SkipReason::kInvalid, valid.error().message, outcome);
  }
  if (is_control(kind)) return apply_control(record, envelope, outcome);
  // Asked last: what is skipped for this reason is appended to its own partition, and must be worth it.
  if (partition_of(record.key, log_.partitions) != record.position.partition) {
    return skip_record(record, SkipReason::kWrongPartition, "the agent's events belong to another partition", outcome);
  }

  EventContext context;
  context.envelope = &envelope;
  context.event_id = *event_id;
  context.recorded_at_ms = effective_recorded_at(envelope, record);
  MNEMO_ASSIGN(context.agent, state_.agent(record.key));
  // Accepted events move event time; whether this one is accepted, nobody knows yet. Those that are not must leave no
  // trace, so time is put back for them.
  const TimestampMs before = state_.meta().event_time_ms;
  state_.meta().event_time_ms = std::max(before, context.recorded_at_ms);
  MNEMO_TRY(apply_agent_event(state_, context, outcome));
  Counters& counters = state_.meta().counters;
  if (outcome.kind == Outcome::Kind::kDuplicate) ++counters.duplicates;
  if (outcome.kind == Outcome::Kind::kConflict) ++counters.conflicts;
  const bool accepted = outcome.kind == Outcome::Kind::kApplied || outcome.kind == Outcome::Kind::kRejected;
  if (!accepted) state_.meta().event_time_ms = before;
  return {};
}

Status StateMachine::apply_control(const LogRecord& record, const v1::Envelope& envelope, Outcome& outcome) {
  const ControlContext context{log_, record, effective_recorded_at(envelope, record)};
  MNEMO_ASSIGN(const ControlDecision decision, decide_control(state_, context, envelope));
  if (decision.skip) return skip_record(record, *decision.skip, decision.why, outcome);
  outcome.kind = decision.kind;
  outcome.event_id = state_.meta().last_event_id;
  Counters& counters = state_.meta().counters;
  if (decision.kind == Outcome::Kind::kControl) ++counters.control;
  if (decision.kind == Outcome::Kind::kDuplicate) ++counters.duplicates;
  if (decision.kind != Outcome::Kind::kConflict) return {};
  ++counters.conflicts;
  outcome.code = Code::kAlreadyExists;
  outcome.refused = true;
  outcome.message = decision.why;
  return {};
}

Status StateMachine::skip_record(const LogRecord& record, SkipReason reason, std::string_view why, Outcome& outcome) {
  outcome.kind = Outcome::Kind::kSkipped;
  outcome.skip = reason;
  outcome.message = why;
  outcome.event_id = state_.meta().last_event_id;
  DeadLetter letter{record.position.offset, reason, std::string(why.substr(0, kWhyBytesMax))};
  std::string row;
  encode_skip(letter, row);
  state_.rows().put(keys::of_sequence(keys::Row::kSkip, letter.offset), row);
  scratch_->dead_letters.push_back(std::move(letter));

  ++state_.meta().counters.skipped[static_cast<size_t>(reason)];
  return drop_old_skip_row();
}

Status StateMachine::drop_old_skip_row() {
  uint64_t total = 0;
  for (const uint64_t n : state_.meta().counters.skipped) total += n;
  if (total <= state_.limits().skip_rows_kept) return {};
  const std::string to = prefix_end(keys::start(keys::Row::kSkip));
  std::string oldest;
  const std::string from = keys::of_sequence(keys::Row::kSkip, oldest_skip_);
  MNEMO_TRY(state_.rows().scan(from, to, [&oldest](std::string_view key, std::string_view /*value*/) {
    oldest = key;
    return false;
  }));
  state_.rows().erase(oldest);
  oldest_skip_ = Decoder(std::string_view(oldest).substr(1)).be64() + 1;
  return {};
}

Touched StateMachine::finish_batch(bool announce) {
  Touched touched = state_.take_touched();
  OutboxBatch batch;
  batch.epoch = log_.epoch;
  batch.next_offset = state_.meta().next_offset;
  batch.invalidations = std::move(touched.agents);
  batch.dead_letters = std::exchange(scratch_->dead_letters, {});
  if (announce && !batch.empty()) {
    std::string row;
    encode_outbox(batch, row);
    state_.rows().put(keys::of_sequence(keys::Row::kOutbox, state_.meta().outbox_next++), row);
  }
  state_.save();
  touched.agents = std::move(batch.invalidations);
  return touched;
}

}  // namespace mnemo
