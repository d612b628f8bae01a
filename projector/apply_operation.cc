#include "projector/apply_operation.h"

#include <cstring>

#include "events/coding.h"
#include "projector/store/operation.h"

namespace mnemo {
namespace {

ControlDecision done() { return {}; }
ControlDecision refuse(std::string why) { return {.skip = SkipReason::kInvalid, .why = std::move(why)}; }
ControlDecision answered(Outcome::Kind kind, std::string why) { return {.why = std::move(why), .kind = kind}; }

// An operation as an event finds it: with the bytes of its row, which a digest holds.
struct Found {
  std::optional<Operation> operation;
  std::string row;
};

Result<Found> find(State& state, std::string_view operation_id) {
  Found found;
  Operation operation;
  operation.id = *bytes16(operation_id);
  MNEMO_ASSIGN(const bool there, state.rows().get(operation_key(operation.id), found.row));
  if (!there) return found;
  MNEMO_TRY(decode_operation(found.row, operation));
  found.operation = std::move(operation);
  return found;
}

std::optional<ControlDecision> away_from_home(const State& state, const ControlContext& context,
                                              std::string_view operation_id) {
  const PartitionId home = operation_home(operation_id, context.log.partitions);
  if (home == state.partition()) return std::nullopt;
  return refuse("the home of an operation with this id is partition " + std::to_string(home.value));
}

void replace(State& state, const Found& found, const Operation& operation) {
  std::string row;
  encode_operation(operation, row);
  state.replace(operation_key(operation.id), found.row, row);
}

// Numbers of finished operations are dense: one comes, and the one that is `operations_kept` before it leaves.
Result<uint64_t> next_end_number(State& state) {
  const std::string from = keys::start(keys::Row::kOperationEnd);
  std::string key;
  std::string value;
  MNEMO_ASSIGN(const bool any, state.rows().last(from, prefix_end(from), key, value));
  return any ? get_be64(key.data() + from.size()) + 1 : 1;
}

Status drop_operation_before(State& state, uint64_t end_number) {
  const uint64_t kept = state.limits().operations_kept;
  if (end_number <= kept) return {};
  const std::string end_key = operation_end_key(end_number - kept);
  std::string id;
  MNEMO_ASSIGN(const bool there, state.rows().get(end_key, id));
  if (!there) return {};  // more were kept once
  Found oldest;
  if (id.size() == sizeof(Bytes16)) {
    MNEMO_ASSIGN(oldest, find(state, id));
  }
  if (!oldest.operation) {
    return fail(Code::kDataLoss, "the row of the finished operation " + std::to_string(end_number - kept) +
                                     " is missing or damaged: rebuild the projection from the log");
  }
  state.remove(operation_place_key(place_of(*oldest.operation)), {});
  state.remove(operation_key(oldest.operation->id), oldest.row);
  state.remove(end_key, id);
  return {};
}

bool same_end(const Operation& operation, const v1::OperationFinished& e) {
  return static_cast<int>(operation.state) == static_cast<int>(e.outcome());
}

}  // namespace

Result<ControlDecision> start_operation(State& state, const ControlContext& context, const v1::OperationStarted& e) {
  if (auto refused = away_from_home(state, context, e.operation_id())) return *refused;
  MNEMO_ASSIGN(const Found found, find(state, e.operation_id()));
  if (found.operation) {
    const std::string& first = found.operation->fingerprint;
    const bool other = !first.empty() && !e.fingerprint().empty() && first != e.fingerprint();
    if (!other) return answered(Outcome::Kind::kDuplicate, "");
    return answered(Outcome::Kind::kConflict,
                    "an operation of this id was started with another request: use another "
                    "idempotency key");
  }
  Operation operation;
  operation.id = *bytes16(e.operation_id());
  operation.kind = e.kind();
  operation.name_space = e.namespace_();
  operation.started_at_ms = context.recorded_at_ms;
  operation.steps = e.steps();
  operation.fingerprint = e.fingerprint();
  operation.request = e.request();
  std::string row;
  encode_operation(operation, row);
  state.insert(operation_key(operation.id), row);
  state.insert(operation_place_key(place_of(operation)), {});
  return done();
}

Result<ControlDecision> note_operation_step(State& state, const ControlContext& context,
                                            const v1::OperationStepDone& e) {
  if (auto refused = away_from_home(state, context, e.operation_id())) return *refused;
  MNEMO_ASSIGN(Found found, find(state, e.operation_id()));
  if (!found.operation) return refuse("no operation of this id was started, or it finished long ago");
  Operation operation = *found.operation;
  if (e.step() <= operation.done) return answered(Outcome::Kind::kDuplicate, "");
  if (!operation.running()) return refuse("the operation is finished");
  if (e.step() != operation.done + 1) {
    return refuse("it is step " + std::to_string(e.step()) + ", and step " + std::to_string(operation.done + 1) +
                  " is not done");
  }
  const bool too_many = operation.steps != 0 && e.step() > operation.steps;
  if (too_many) return refuse("the operation has " + std::to_string(operation.steps) + " steps");
  operation.done = e.step();
  operation.result = e.result();
  replace(state, found, operation);
  return done();
}

Result<ControlDecision> finish_operation(State& state, const ControlContext& context, const v1::OperationFinished& e) {
  if (auto refused = away_from_home(state, context, e.operation_id())) return *refused;
  MNEMO_ASSIGN(Found found, find(state, e.operation_id()));
  if (!found.operation) return refuse("no operation of this id was started, or it finished long ago");
  Operation operation = *found.operation;
  if (!operation.running()) {
    if (same_end(operation, e)) return answered(Outcome::Kind::kDuplicate, "");
    return refuse("the operation is " + std::string(operation_state_name(operation.state)));
  }
  const bool early = e.outcome() == v1::OPERATION_OUTCOME_DONE && operation.done < operation.steps;
  if (early) {
    return refuse(std::to_string(operation.done) + " of " + std::to_string(operation.steps) + " steps are done");
  }
  operation.state = static_cast<Operation::State>(e.outcome());
  operation.finished_at_ms = context.recorded_at_ms;
  operation.reason = e.reason();
  operation.request.clear();
  MNEMO_ASSIGN(operation.end_number, next_end_number(state));
  replace(state, found, operation);
  state.insert(operation_end_key(operation.end_number), e.operation_id());
  MNEMO_TRY(drop_operation_before(state, operation.end_number));
  return done();
}

}  // namespace mnemo
