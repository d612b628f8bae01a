// File: tests/simulation/partition_counts.h
// The same events on logs of other partition counts: what clients determined comes out the same.
#pragma once

#include <memory>
#include <vector>

#include "events/log_memory.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/machine.h"

namespace mnemo::simulation {

struct Digests {
  Digest state;  // of all partitions, summed up
  Digest content;
  bool operator==(const Digests&) const = default;
};

// A log of its own with these events in this order: those of agents on their own partition, control events on every
// one. Each is appended at its recorded_at, which must be set and never decrease.
class Rerun {
 public:
  Rerun(const std::vector<v1::Envelope>& events, uint32_t partitions);

  // Ticks until nothing is pending, a day after the last event.
  Status settle();
  // Projects the whole log. `crash_every`: events after which the process crashes, every second time with a flush
  // before; 0: never.
  Result<Digests> project(size_t batch, uint64_t crash_every = 0);

 private:
  static MemoryLogOptions options(uint32_t partitions, const Clock& clock);
  Status project(Disk& disk, std::unique_ptr<Process>& process, size_t batch, uint64_t crash_every);

  ManualClock clock_;
  MemoryLog log_;
  uint64_t ticks_ = 0;
};

// What stands on the log, as one stream for any number of partitions: the records of agents that are in their place,
// and of control events those of partition 0. Times are made to never decrease.
Result<std::vector<v1::Envelope>> stream_of(Log& log, const std::vector<std::unique_ptr<Ledger>>& ledgers);

Status compare_partition_counts(Log& log, const std::vector<std::unique_ptr<Ledger>>& ledgers);

}  // namespace mnemo::simulation
