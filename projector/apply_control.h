// File: projector/apply_control.h
// Control events: what the log says about itself. Internal to projector/.
#pragma once

#include <optional>
#include <string>

#include "events/log.h"
#include "projector/state.h"

namespace mnemo {

struct ControlContext {
  const LogIdentity& log;
  const LogRecord& record;
};

// Done, unless `skip` says why not.
struct ControlDecision {
  std::optional<SkipReason> skip;
  std::string why;
};

// An error halts the partition: rules of a newer build; or a SkipRecorded that names a record which this projection has
// applied, so that only a replay, which passes over it, brings the state that the log means (DATA_LOSS).
Result<ControlDecision> decide_control(State& state, const ControlContext& context, const v1::Envelope& envelope);

}  // namespace mnemo
