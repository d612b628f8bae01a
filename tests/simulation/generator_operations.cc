// Operations of several steps, as whoever runs them journals them.
#include <algorithm>

#include "tests/simulation/generator.h"

namespace mnemo::simulation {
namespace {

constexpr size_t kOperationsAtOnce = 6;

}  // namespace

v1::Envelope Generator::start_operation() {
  v1::Envelope envelope = control();
  v1::OperationStarted& e = *envelope.mutable_operation_started();
  e.set_operation_id(event_id());
  e.set_kind(random_.per_mille(500) ? "policy" : "import");
  e.set_namespace_("n" + std::to_string(e.operation_id().back() & 3));  // of no draw: others stay as they are
  if (random_.per_mille(700)) e.set_steps(static_cast<uint32_t>(random_.between(1, 4)));
  if (random_.per_mille(700)) e.set_request("r" + std::to_string(random_.below(5)));
  if (random_.per_mille(700)) e.set_fingerprint(event_id());
  if (operations_.size() < kOperationsAtOnce) {
    operations_.push_back({e, 0});
  } else {
    operations_[random_.below(kOperationsAtOnce)] = {e, 0};
  }
  return envelope;
}

v1::Envelope Generator::start_again(const Running& operation) {
  v1::Envelope envelope = control();
  *envelope.mutable_operation_started() = operation.start;
  if (random_.per_mille(300)) envelope.mutable_operation_started()->set_fingerprint(event_id());
  return envelope;
}

v1::Envelope Generator::go_on(Running& operation) {
  v1::Envelope envelope = control();
  const uint32_t steps = operation.start.steps();
  const bool whole = steps != 0 ? operation.done >= steps : random_.per_mille(300);
  if (whole || random_.per_mille(100)) {
    v1::OperationFinished& e = *envelope.mutable_operation_finished();
    e.set_operation_id(operation.start.operation_id());
    e.set_outcome(random_.per_mille(800) ? v1::OPERATION_OUTCOME_DONE : v1::OPERATION_OUTCOME_CANCELLED);
    if (random_.per_mille(500)) e.set_reason("why");
    return envelope;
  }
  v1::OperationStepDone& e = *envelope.mutable_operation_step_done();
  e.set_operation_id(operation.start.operation_id());
  const uint64_t draw = random_.below(10);  // the one before again, the one after too early, or the next
  const uint32_t step = draw == 0 ? operation.done : draw == 1 ? operation.done + 2 : ++operation.done;
  e.set_step(std::max(step, 1U));
  e.set_result("s" + std::to_string(step));
  return envelope;
}

NewRecord Generator::operation_event() {
  const bool fresh = operations_.empty() || random_.per_mille(200);
  v1::Envelope envelope;
  if (fresh) {
    envelope = start_operation();
  } else {
    Running& operation = operations_[random_.below(operations_.size())];
    envelope = random_.per_mille(100) ? start_again(operation) : go_on(operation);
  }
  if (random_.per_mille(500)) envelope.set_recorded_at_ms(clock_.now_ms());
  PartitionId partition = operation_home(*operation_of(envelope), log_.partitions);
  if (random_.per_mille(20)) partition = PartitionId((partition.value + 1) % log_.partitions);
  set_control_partition(envelope, partition);
  return make_record(envelope, log_.partitions);
}

}  // namespace mnemo::simulation
