#include "projector/apply_control.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "events/envelope.h"
#include "projector/apply_operation.h"
#include "projector/store/outbox.h"

namespace mnemo {
namespace {

ControlDecision done() { return {}; }
ControlDecision refuse(SkipReason reason, std::string why) { return {.skip = reason, .why = std::move(why)}; }

ControlDecision start_epoch(State& state, const ControlContext& context, const v1::EpochStarted& e) {
  const std::optional<Bytes16> log_id = bytes16(e.log_id());
  const std::optional<Bytes16> check = bytes16(e.fingerprint_check());
  const bool fits = log_id == context.log.log_id && e.epoch() == context.record.position.epoch &&
                    e.partitions() == context.log.partitions && e.epoch() > state.meta().epoch && check;
  if (!fits) return refuse(SkipReason::kOldEpoch, "it starts another log, or an epoch that is not a new one");
  state.meta().log_id = *log_id;
  state.meta().epoch = e.epoch();
  state.meta().fingerprint_check = *check;
  return done();
}

Result<ControlDecision> activate_rules(State& state, const v1::RulesActivated& e) {
  const Result<Rules> next = next_rules(state.rules(), e);
  if (!next) return refuse(SkipReason::kInvalid, next.error().message);
  MNEMO_TRY(state.set_rules(*next, e.SerializeAsString()));
  return done();
}

Result<ControlDecision> update_policy(State& state, const v1::PolicyUpdated& e) {
  MNEMO_ASSIGN(const Policy before, state.policy(e.namespace_()));
  if (e.version() <= before.version) {
    return refuse(SkipReason::kInvalid, "the policy in force has version " + std::to_string(before.version));
  }
  Policy policy;
  policy.version = e.version();
  policy.ttl_ms = e.ttl_ms();
  policy.record_access = e.record_access();
  MNEMO_TRY(state.set_policy(e.namespace_(), policy));
  return done();
}

ControlDecision tick(State& state, const ControlContext& context, const v1::Ticked& e) {
  const TimestampMs time_ms = std::min(e.time_ms(), context.record.appended_at_ms);
  state.meta().event_time_ms = std::max(state.meta().event_time_ms, time_ms);
  return done();
}

// Whether the operator's decision about the record was known when the partition came to it. Of the oldest skips the
// reports are gone: then it is taken to have been.
Result<bool> was_passed_over(State& state, uint64_t offset) {
  std::string row;
  DeadLetter letter;
  const std::string key = keys::of_sequence(keys::Row::kSkip, offset);
  MNEMO_ASSIGN(const bool reported, state.rows().get(key, row));
  if (reported) {
    MNEMO_TRY(decode_skip(key, row, letter));
    return letter.reason == SkipReason::kOperator;
  }
  const std::array<uint64_t, 8>& skipped = state.meta().counters.skipped;
  const uint64_t total = std::accumulate(skipped.begin(), skipped.end(), uint64_t{0});
  bool older = false;
  MNEMO_TRY(state.rows().scan(keys::start(keys::Row::kSkip), key, [&older](std::string_view, std::string_view) {
    older = true;
    return false;
  }));
  return total > state.limits().skip_rows_kept && !older;
}

// Its effect is that the record it names is skipped, which whoever reads the log knows beforehand: find_skips().
Result<ControlDecision> record_skip(State& state, const ControlContext& context, const v1::SkipRecorded& e) {
  const Position& own = context.record.position;
  if (!skip_decides(e, own)) {
    return refuse(SkipReason::kInvalid,
                  "it names a record of another epoch, one that founds the partition, or none before it");
  }
  MNEMO_ASSIGN(const bool passed_over, was_passed_over(state, e.offset()));
  if (passed_over) return done();
  return fail(Code::kDataLoss, "the record at " + to_string(Position{own.partition, own.epoch, e.offset()}) +
                                   " was applied here before " + to_string(own) +
                                   " decided that it never is: delete the projection, and a replay passes over it");
}

uint32_t target_partition(const v1::Envelope& envelope) {
  switch (envelope.event_case()) {
    case v1::Envelope::kEpochStarted: return envelope.epoch_started().partition();
    case v1::Envelope::kRulesActivated: return envelope.rules_activated().partition();
    case v1::Envelope::kPolicyUpdated: return envelope.policy_updated().partition();
    case v1::Envelope::kTicked: return envelope.ticked().partition();
    case v1::Envelope::kSkipRecorded: return envelope.skip_recorded().partition();
    case v1::Envelope::kOperationStarted: return envelope.operation_started().partition();
    case v1::Envelope::kOperationStepDone: return envelope.operation_step_done().partition();
    case v1::Envelope::kOperationFinished: return envelope.operation_finished().partition();
    case v1::Envelope::kSubjectErased: return envelope.subject_erased().partition();
    case v1::Envelope::kRemembered:
    case v1::Envelope::kUpdated:
    case v1::Envelope::kForgotten:
    case v1::Envelope::kForgottenByFilter:
    case v1::Envelope::kAccessed:
    case v1::Envelope::kConsolidateRequested:
    case v1::Envelope::kPruneRequested:
    case v1::Envelope::kEmbeddingAttached:
    case v1::Envelope::kSummaryAttached:
    case v1::Envelope::kLinked:
    case v1::Envelope::kUnlinked:
    case v1::Envelope::kImported:
    case v1::Envelope::EVENT_NOT_SET: break;
  }
  MNEMO_CHECK(!"a control event");
  return 0;
}

}  // namespace

Result<ControlDecision> decide_control(State& state, const ControlContext& context, const v1::Envelope& envelope) {
  if (target_partition(envelope) != state.partition().value) {
    return refuse(SkipReason::kWrongPartition, "it names another partition");
  }
  switch (envelope.event_case()) {
    case v1::Envelope::kEpochStarted: return start_epoch(state, context, envelope.epoch_started());
    case v1::Envelope::kRulesActivated: return activate_rules(state, envelope.rules_activated());
    case v1::Envelope::kPolicyUpdated: return update_policy(state, envelope.policy_updated());
    case v1::Envelope::kTicked: return tick(state, context, envelope.ticked());
    case v1::Envelope::kSkipRecorded: return record_skip(state, context, envelope.skip_recorded());
    case v1::Envelope::kOperationStarted: return start_operation(state, context, envelope.operation_started());
    case v1::Envelope::kOperationStepDone: return note_operation_step(state, context, envelope.operation_step_done());
    case v1::Envelope::kOperationFinished: return finish_operation(state, context, envelope.operation_finished());
    case v1::Envelope::kSubjectErased:
    case v1::Envelope::kRemembered:
    case v1::Envelope::kUpdated:
    case v1::Envelope::kForgotten:
    case v1::Envelope::kForgottenByFilter:
    case v1::Envelope::kAccessed:
    case v1::Envelope::kConsolidateRequested:
    case v1::Envelope::kPruneRequested:
    case v1::Envelope::kEmbeddingAttached:
    case v1::Envelope::kSummaryAttached:
    case v1::Envelope::kLinked:
    case v1::Envelope::kUnlinked:
    case v1::Envelope::kImported:
    case v1::Envelope::EVENT_NOT_SET: break;
  }
  return fail(Code::kFailedPrecondition, "the rules on the log activate " + std::string(kind_name(kind_of(envelope))) +
                                             ", which this build does not know: upgrade mnemo");
}

}  // namespace mnemo
