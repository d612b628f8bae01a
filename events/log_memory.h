// File: events/log_memory.h
// A log in memory, for tests and the simulation. Everything it does wrong, it does on a seed.
//
// It has no threads of its own: what a log's thread would do happens inside append(), sync() and pump(), so that one
// thread and one seed repeat a run exactly. The object stands for the storage as well: after crash() or close(),
// reopen() makes it accept appends again, with whatever had become durable.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "events/clock.h"
#include "events/limits.h"
#include "events/log.h"
#include "events/mutex.h"

namespace mnemo {

struct MemoryLogFaults {
  // Chance in a thousand that an append is made twice, as a retrying producer does: the same records again, either
  // right behind the first (whose answer was lost: told are the positions of the second), or before the next append
  // (a retry that came late: told are the positions of the first).
  uint32_t duplicate_per_mille = 0;
  // Chance in a thousand that a crash keeps some of what was not synced: the oldest part of it, of random length.
  uint32_t crash_keeps_tail_per_mille = 0;
};

struct MemoryLogOptions {
  uint32_t partitions = 1;
  Bytes16 log_id{};
  uint32_t epoch = 1;
  const Clock* clock = nullptr;  // the system's when null; must outlive the log
  uint64_t seed = 0;
  MemoryLogFaults faults{};
  bool manual_sync = false;  // records become durable in sync() only; otherwise within append()
  bool manual_pump = false;  // `done` is called in pump() only; otherwise as soon as the records are durable
  size_t queue_bytes_max = limits::kAppendQueueBytesMax;
  size_t queue_records_max = limits::kAppendQueueRecordsMax;
};

// Thread-safe. `done` is called by the thread that made the records durable, or that pumps.
class MemoryLog final : public Log {
 public:
  explicit MemoryLog(MemoryLogOptions options);
  ~MemoryLog() override;

  const LogIdentity& identity() const override { return identity_; }
  Status append(std::vector<NewRecord> records, AppendDone done) override;
  Result<std::unique_ptr<LogReader>> read(PartitionId partition, uint64_t offset) override;
  Result<uint64_t> begin(PartitionId partition) const override;
  Result<uint64_t> end(PartitionId partition) const override;
  // Syncs and completes all that was accepted.
  Status close() override;

  // Makes all that was appended durable and visible, and completes it (with manual_pump: lets pump() complete it).
  void sync();
  // Completes at most `appends` that are durable, in order; returns how many.
  size_t pump(size_t appends = SIZE_MAX);
  // What is not durable is gone, and nobody is told: whoever waits for `done` waits in vain, as after a real crash.
  // The log refuses appends until reopen(). Readers see no difference, as they see durable records only.
  void crash();
  void reopen();

 private:
  class Reader;
  struct Record {
    TimestampMs appended_at_ms = 0;
    std::string key;
    std::string value;
  };
  // Grows at its end only: a deque keeps references to its elements, so readers' views stay.
  struct Partition {
    std::deque<Record> records;
    uint64_t durable = 0;
  };
  struct Waiting {
    std::vector<Appended> appended;
    size_t bytes = 0;
    AppendDone done;
  };

  bool chance(uint32_t per_mille) MNEMO_REQUIRES(mutex_);
  std::vector<Appended> put(const std::vector<NewRecord>& records) MNEMO_REQUIRES(mutex_);
  void sync_locked() MNEMO_REQUIRES(mutex_);
  std::vector<Waiting> take_completed_locked(size_t appends) MNEMO_REQUIRES(mutex_);
  void drop_unsynced(size_t kept) MNEMO_REQUIRES(mutex_);

  const MemoryLogOptions options_;
  const LogIdentity identity_;

  mutable Mutex mutex_;
  Condition grown_;
  std::mt19937_64 random_ MNEMO_GUARDED_BY(mutex_);
  std::vector<Partition> partitions_ MNEMO_GUARDED_BY(mutex_);
  // Of each record not yet durable, in the order of appending.
  std::deque<PartitionId> unsynced_ MNEMO_GUARDED_BY(mutex_);
  std::vector<NewRecord> late_duplicate_ MNEMO_GUARDED_BY(mutex_);  // to be appended again before the next append
  std::deque<Waiting> appended_ MNEMO_GUARDED_BY(mutex_);           // not yet durable
  std::deque<Waiting> durable_ MNEMO_GUARDED_BY(mutex_);            // not yet told
  size_t waiting_bytes_ MNEMO_GUARDED_BY(mutex_) = 0;
  size_t waiting_records_ MNEMO_GUARDED_BY(mutex_) = 0;
  bool open_ MNEMO_GUARDED_BY(mutex_) = true;
};

}  // namespace mnemo
