// File: projector/apply_operation.h
// The journal of operations of several steps: who started, how far it is, how it ended. Internal to projector/.
//
// What comes again acts once: it is a duplicate, and leaves no trace. What does not fit what the journal holds is
// skipped as invalid: an event on another partition than the operation's home, a step out of order, a step of an
// operation that nobody started or that is finished, an end before the last step. A start under the id of an operation
// that was asked for with another fingerprint is a conflict.
#pragma once

#include "projector/apply_control.h"

namespace mnemo {

Result<ControlDecision> start_operation(State& state, const ControlContext& context, const v1::OperationStarted& e);
Result<ControlDecision> note_operation_step(State& state, const ControlContext& context,
                                            const v1::OperationStepDone& e);
// The oldest of more than StateLimits::operations_kept finished ones leaves.
Result<ControlDecision> finish_operation(State& state, const ControlContext& context, const v1::OperationFinished& e);

}  // namespace mnemo
