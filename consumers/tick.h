// File: consumers/tick.h
// The role that keeps event time moving where no agent's event does: appends Ticked when an expiry is due or work is
// pending, and never otherwise.
#pragma once

#include <chrono>

#include "events/clock.h"
#include "events/log.h"
#include "events/uuid.h"
#include "projector/projection.h"

namespace mnemo {

// Owned by the partition's thread. Log, clock and ids must outlive it.
class Ticker {
 public:
  // At most one Ticked is on its way, and a due one follows the last after `every` at the earliest.
  static constexpr std::chrono::milliseconds kEvery{20};

  Ticker(Log& log, const Clock& clock, UuidGenerator& ids) : log_(log), clock_(clock), ids_(ids) {}

  // Called when the partition is at the log's end.
  Status tick_if_due(Projection& projection);

 private:
  Result<bool> is_due(Projection& projection) const;

  Log& log_;
  const Clock& clock_;
  UuidGenerator& ids_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace mnemo
