#include "events/log_memory.h"

#include <algorithm>
#include <utility>

#include "events/log_checks.h"

namespace mnemo {
namespace {

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace

class MemoryLog::Reader final : public LogReader {
 public:
  Reader(MemoryLog& log, Position start) : log_(log), next_(start) {}

  Result<std::span<const LogRecord>> poll(PollLimits limits, Deadline deadline) override {
    records_.clear();
    MutexLock lock(log_.mutex_);
    const Partition& partition = log_.partitions_[next_.partition.value];
    while (partition.durable <= next_.offset && log_.grown_.wait_until(lock, deadline)) {
    }
    size_t bytes = 0;
    while (next_.offset < partition.durable && (records_.empty() || records_.size() < limits.records) &&
           (records_.empty() || bytes < limits.bytes)) {
      const Record& record = partition.records[next_.offset];
      records_.push_back({next_, record.appended_at_ms, record.key, record.value});
      bytes += record.key.size() + record.value.size();
      ++next_.offset;
    }
    return std::span<const LogRecord>(records_);
  }
  uint64_t next_offset() const override { return next_.offset; }

 private:
  MemoryLog& log_;
  Position next_;
  std::vector<LogRecord> records_;
};

MemoryLog::MemoryLog(MemoryLogOptions options)
    : options_(options),
      identity_{options.log_id, options.epoch, options.partitions},
      random_(options.seed),
      partitions_(options.partitions) {}

MemoryLog::~MemoryLog() { static_cast<void>(close()); }

Status MemoryLog::append(std::vector<NewRecord> records, AppendDone done) {
  MNEMO_ASSIGN(const size_t bytes,
               check_records(records, identity_.partitions, {options_.queue_records_max, options_.queue_bytes_max}));
  std::vector<Waiting> completed;
  {
    const MutexLock lock(mutex_);
    if (!open_) return fail(Code::kUnavailable, "the log is closed");
    if (waiting_bytes_ + bytes > options_.queue_bytes_max ||
        waiting_records_ + records.size() > options_.queue_records_max) {
      return fail(queue_full(waiting_records_, waiting_bytes_));
    }
    put(std::exchange(late_duplicate_, {}));
    std::vector<Appended> appended = put(records);
    if (chance(options_.faults.duplicate_per_mille)) {
      if (chance(500)) {
        appended = put(records);
      } else {
        late_duplicate_ = std::move(records);
      }
    }
    waiting_bytes_ += bytes;
    waiting_records_ += appended.size();
    appended_.push_back({std::move(appended), bytes, std::move(done)});
    if (!options_.manual_sync) sync_locked();
    if (!options_.manual_pump) completed = take_completed_locked(SIZE_MAX);
  }
  for (Waiting& append : completed) append.done(std::move(append.appended));
  return {};
}

Result<std::unique_ptr<LogReader>> MemoryLog::read(PartitionId partition, uint64_t offset) {
  MNEMO_ASSIGN(const uint64_t last, end(partition));
  MNEMO_TRY(check_offset(partition, offset, last));
  return std::make_unique<Reader>(*this, Position{partition, identity_.epoch, offset});
}

Result<uint64_t> MemoryLog::begin(PartitionId partition) const {
  MNEMO_TRY(check_partition(partition, identity_.partitions));
  return 0;
}

Result<uint64_t> MemoryLog::end(PartitionId partition) const {
  MNEMO_TRY(check_partition(partition, identity_.partitions));
  const MutexLock lock(mutex_);
  return partitions_[partition.value].durable;
}

Status MemoryLog::close() {
  {
    const MutexLock lock(mutex_);
    open_ = false;
  }
  sync();
  pump();
  return {};
}

void MemoryLog::sync() {
  std::vector<Waiting> completed;
  {
    const MutexLock lock(mutex_);
    sync_locked();
    if (!options_.manual_pump) completed = take_completed_locked(SIZE_MAX);
  }
  for (Waiting& append : completed) append.done(std::move(append.appended));
}

size_t MemoryLog::pump(size_t appends) {
  std::vector<Waiting> completed;
  {
    const MutexLock lock(mutex_);
    completed = take_completed_locked(appends);
  }
  for (Waiting& append : completed) append.done(std::move(append.appended));
  return completed.size();
}

void MemoryLog::crash() {
  const MutexLock lock(mutex_);
  size_t kept = 0;
  if (!unsynced_.empty() && chance(options_.faults.crash_keeps_tail_per_mille)) {
    kept = random_() % (unsynced_.size() + 1);
  }
  drop_unsynced(kept);
  late_duplicate_.clear();
  appended_.clear();
  durable_.clear();
  waiting_bytes_ = 0;
  waiting_records_ = 0;
  open_ = false;
  grown_.notify_all();
}

void MemoryLog::reopen() {
  const MutexLock lock(mutex_);
  open_ = true;
}

// The same numbers on every platform, which the distributions of the standard library do not promise.
bool MemoryLog::chance(uint32_t per_mille) { return per_mille > 0 && random_() % 1000 < per_mille; }

std::vector<Appended> MemoryLog::put(const std::vector<NewRecord>& records) {
  const Clock& clock = options_.clock != nullptr ? *options_.clock : system_clock();
  const TimestampMs now_ms = clock.now_ms();
  std::vector<Appended> appended;
  for (const NewRecord& record : records) {
    std::deque<Record>& stored = partitions_[record.partition.value].records;
    const TimestampMs at_ms = stored.empty() ? now_ms : std::max(now_ms, stored.back().appended_at_ms);
    appended.push_back({{record.partition, identity_.epoch, stored.size()}, at_ms});
    stored.push_back({at_ms, record.key, record.value});
    unsynced_.push_back(record.partition);
  }
  return appended;
}

void MemoryLog::sync_locked() {
  for (const PartitionId partition : unsynced_) ++partitions_[partition.value].durable;
  unsynced_.clear();
  std::move(appended_.begin(), appended_.end(), std::back_inserter(durable_));
  appended_.clear();
  grown_.notify_all();
}

std::vector<MemoryLog::Waiting> MemoryLog::take_completed_locked(size_t appends) {
  std::vector<Waiting> taken;
  while (!durable_.empty() && taken.size() < appends) {
    waiting_bytes_ -= durable_.front().bytes;
    waiting_records_ -= durable_.front().appended.size();
    taken.push_back(std::move(durable_.front()));
    durable_.pop_front();
  }
  return taken;
}

void MemoryLog::drop_unsynced(size_t kept) {
  for (size_t i = 0; i < kept; ++i) ++partitions_[unsynced_[i].value].durable;
  unsynced_.clear();
  for (Partition& partition : partitions_) partition.records.resize(partition.durable);
}

}  // namespace mnemo
