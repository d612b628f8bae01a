// File: events/log.h
// The log: what happened, in order, for ever. Everything else in mnemo is a function of it.
//
// A log has a fixed number of partitions. Order is total within one and does not exist across. A record is a message
// key and a value (a serialised mnemo.v1.Envelope, opaque here); the log gives it an offset (dense from 0 on the
// embedded and memory logs, strictly increasing everywhere) and an append timestamp that never decreases within a
// partition. An append completes only when its records are durable; readers see only what is durable.
//
//   log.append({{PartitionId{0}, key, value}}, [](Result<std::vector<Appended>> done) { ... });
//   auto reader = log.read(PartitionId{0}, 0);
//   auto batch = (*reader)->poll({.records = 1000, .bytes = 1 << 20}, deadline);
//
// Backends: events/log_memory.h (tests, simulation), events/log_embedded.h (the default), events/log_kafka.h. The same
// contract, the same contract tests.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/ids.h"
#include "events/result.h"

namespace mnemo {

using Deadline = std::chrono::steady_clock::time_point;

// What tells one log from another; written when the log is made, and never changed but by a restore (epoch).
struct LogIdentity {
  Bytes16 log_id{};
  uint32_t epoch = 1;
  uint32_t partitions = 1;
};

struct NewRecord {
  PartitionId partition;
  std::string key;    // namespace 0x1f agent_id, or kControlKey
  std::string value;  // serialised Envelope, at most limits::kEventBytesMax
};

struct Appended {
  Position position;
  TimestampMs appended_at_ms = 0;
};

// Views live until the next poll() of the reader that gave them, or its end.
struct LogRecord {
  Position position;
  TimestampMs appended_at_ms = 0;
  std::string_view key;
  std::string_view value;
};

// A poll returns when it has either of these, or has reached the log's end with at least one record; or, on Kafka, has
// at least one and more does not come at once.
struct PollLimits {
  size_t records = 5000;
  size_t bytes = 4 << 20;
};

// Not thread-safe: one thread per reader. Must not outlive its log.
class LogReader {
 public:
  virtual ~LogReader() = default;
  // The next records in order; empty when none came before the deadline. DATA_LOSS when a record is missing or
  // damaged, naming its position: the reader stays there. The span and its views live until the next poll.
  virtual Result<std::span<const LogRecord>> poll(PollLimits limits, Deadline deadline) = 0;
  // The offset that the next poll starts at.
  virtual uint64_t next_offset() const = 0;
};

// Thread-safe.
class Log {
 public:
  // Called once, from a thread of the log's: must be quick and must not call back into append() or close().
  using AppendDone = std::function<void(Result<std::vector<Appended>>)>;

  virtual ~Log() = default;

  virtual const LogIdentity& identity() const = 0;

  // Queues the records, kept together and in order, and returns. `done` tells their positions once all are durable,
  // in the order given. Refused at once, with nothing appended and `done` never called:
  //   INVALID_ARGUMENT    no record, no such partition, a value over limits::kEventBytesMax, a key longer than those of
  //                       the longest namespace and agent id, more records than limits::kAppendQueueRecordsMax, over
  //                       limits::kAppendGroupBytesMax in all
  //   RESOURCE_EXHAUSTED  the append queue is full (retryable): wait and try again
  //   UNAVAILABLE         the log has stopped after a failure of its storage, or is closed
  // A failure told to `done` says that the records may or may not be durable. Sending them again under the same event
  // ids or keys is safe: once the log has been opened again, that is, as one that has stopped takes nothing any more.
  virtual Status append(std::vector<NewRecord> records, AppendDone done) = 0;

  // A reader from `offset` on, which may be the end. OUT_OF_RANGE below begin() or past end().
  virtual Result<std::unique_ptr<LogReader>> read(PartitionId partition, uint64_t offset) = 0;

  // The first offset kept, and the offset after the last durable record.
  virtual Result<uint64_t> begin(PartitionId partition) const = 0;
  virtual Result<uint64_t> end(PartitionId partition) const = 0;

  // Reads what only the backend can: DATA_LOSS naming the first position or file that is damaged. `progress` is called
  // now and then with the next offset of a partition. Nothing where a reader checks all that there is.
  using Progress = std::function<void(PartitionId, uint64_t)>;
  virtual Status verify_all(const Progress& /*progress*/ = {}) { return {}; }

  // What an operator is to know of it, one sentence each.
  virtual std::vector<std::string> warnings() const { return {}; }

  // Waits for every accepted append, then refuses new ones. Idempotent; the destructor calls it.
  virtual Status close() = 0;
};

// append() that waits; what a caller without a pipeline uses.
Result<std::vector<Appended>> append_and_wait(Log& log, std::vector<NewRecord> records);

}  // namespace mnemo
