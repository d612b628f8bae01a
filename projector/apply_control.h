// File: projector/apply_control.h
// Control events: what the log says about itself. Internal to projector/.
#pragma once

#include <optional>
#include <string>

#include "events/log.h"
#include "projector/outcome.h"
#include "projector/state.h"

namespace mnemo {

struct ControlContext {
  const LogIdentity& log;
  const LogRecord& record;
  TimestampMs recorded_at_ms = 0;  // effective: never later than the append timestamp
};

// Done, unless `skip` says why not, or `kind` that it was done before: kDuplicate, or kConflict.
struct ControlDecision {
  std::optional<SkipReason> skip = std::nullopt;
  std::string why = {};
  Outcome::Kind kind = Outcome::Kind::kControl;
};

// An error halts the partition: rules of a newer build; or a SkipRecorded that names a record which this projection has
// applied, so that only a replay, which passes over it, brings the state that the log means (DATA_LOSS).
Result<ControlDecision> decide_control(State& state, const ControlContext& context, const v1::Envelope& envelope);

}  // namespace mnemo
