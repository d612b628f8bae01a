// File: consumers/tick.h
// The role that keeps event time moving where no agent's event does: appends Ticked when an expiry is due or work is
// pending, of the queue or of the index, and never otherwise.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "events/clock.h"
#include "events/log.h"
#include "events/uuid.h"
#include "projector/projection.h"

namespace mnemo {

// Owned by the partition's thread. Log, clock and ids must outlive it.
class Ticker {
 public:
  // Appended together, as many as the work in sight takes; the next ones follow when these have been applied.
  static constexpr uint32_t kTicksMax = 256;

  Ticker(Log& log, const Clock& clock, UuidGenerator& ids);

  // Called when the partition is at the log's end. Looks at rows only if something was applied since it last found
  // nothing to do, or an expiry has come.
  Status tick_if_due(Projection& projection);

 private:
  struct UnderWay;
  struct Work {
    uint64_t units = 0;  // of the queue and of expiries: at least, and no more than kTicksMax events do
    bool index = false;
    std::optional<TimestampMs> next_expiry;
  };

  Result<Work> look(Projection& projection, const Rules& rules) const;
  Status append(PartitionId partition, uint32_t ticks);

  Log& log_;
  const Clock& clock_;
  UuidGenerator& ids_;
  std::shared_ptr<UnderWay> under_way_;  // shared with the log, which may answer when the ticker is gone
  std::optional<uint64_t> idle_at_;      // where nothing was to be done until next_expiry_
  std::optional<TimestampMs> next_expiry_;
};

}  // namespace mnemo
