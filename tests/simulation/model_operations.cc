// What the journal of operations holds.
#include "tests/simulation/model.h"

namespace mnemo::simulation {

using Kind = Outcome::Kind;

std::optional<SkipReason> Model::operation_started(const v1::OperationStarted& e, TimestampMs now_ms,
                                                   Outcome& outcome) {
  if (!is_home(e.operation_id())) return SkipReason::kInvalid;
  const auto [at, fresh] = operations_.try_emplace(e.operation_id());
  if (fresh) {
    at->second.start = e;
    at->second.started_at_ms = now_ms;
    return std::nullopt;
  }
  compare(at->second.start.fingerprint(), e.fingerprint(), outcome);
  outcome.unchecked = false;
  return std::nullopt;
}

std::optional<SkipReason> Model::operation_step_done(const v1::OperationStepDone& e, Outcome& outcome) {
  const auto at = operations_.find(e.operation_id());
  if (!is_home(e.operation_id()) || at == operations_.end()) return SkipReason::kInvalid;
  ModelOperation& operation = at->second;
  if (e.step() <= operation.done) {
    outcome.kind = Kind::kDuplicate;
    return std::nullopt;
  }
  const uint32_t steps = operation.start.steps();
  const bool next = operation.running() && e.step() == operation.done + 1 && (steps == 0 || e.step() <= steps);
  if (!next) return SkipReason::kInvalid;
  operation.done = e.step();
  operation.result = e.result();
  return std::nullopt;
}

std::optional<SkipReason> Model::operation_finished(const v1::OperationFinished& e, TimestampMs now_ms,
                                                    Outcome& outcome) {
  const auto at = operations_.find(e.operation_id());
  if (!is_home(e.operation_id()) || at == operations_.end()) return SkipReason::kInvalid;
  ModelOperation& operation = at->second;
  if (!operation.running()) {
    if (operation.end.outcome() != e.outcome()) return SkipReason::kInvalid;
    outcome.kind = Kind::kDuplicate;
    return std::nullopt;
  }
  const bool whole = operation.start.steps() == 0 || operation.done == operation.start.steps();
  if (e.outcome() == v1::OPERATION_OUTCOME_DONE && !whole) return SkipReason::kInvalid;
  operation.end = e;
  operation.finished_at_ms = now_ms;
  finished_.push_back(e.operation_id());
  if (finished_.size() <= operations_kept_) return std::nullopt;
  operations_.erase(finished_.front());
  finished_.pop_front();
  ++operations_left_;
  return std::nullopt;
}

}  // namespace mnemo::simulation
