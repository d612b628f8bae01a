// File: events/log_embedded_writer.h
// Group commit of the embedded log: a queue and two threads. Internal to the embedded log.
//
//   append ─▶ queue ─▶ writer: one batch, one sync ─▶ acker: one mark, one sync ─▶ publish ends ─▶ tell appenders
//
// While the acker syncs the mark of some groups, the writer writes the next one; the acker then takes all that were
// written in between. A failure anywhere stops both for good: the writer hands over what waits without writing it, the
// acker, who alone tells appenders anything, tells them all, and last of all calls on_fatal.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "events/acked_end.h"
#include "events/durable_ends.h"
#include "events/log_checks.h"
#include "events/log_embedded.h"
#include "events/mutex.h"

namespace mnemo {

// Thread-safe.
class GroupWriter {
 public:
  struct Start {
    rocksdb::DB* db = nullptr;         // outlives the writer
    DurableEnds* durable = nullptr;    // the same; starts at the same ends
    AckedEnd* mark = nullptr;          // the same
    std::vector<TimestampMs> last_ms;  // of each partition
    EmbeddedLogOptions options;
  };

  explicit GroupWriter(Start start);
  ~GroupWriter();

  // The records are valid; RESOURCE_EXHAUSTED and UNAVAILABLE as Log::append says.
  Status submit(std::vector<NewRecord> records, size_t bytes, Log::AppendDone done);

  // Waits for what was submitted, then ends both threads. The error that stopped the log, if one did.
  Status close();

  // Stops the log: nothing is accepted any more, and the threads end as said above. The first error counts. From any
  // thread, RocksDB's own with its lock held among them.
  void stop(const Error& error);

  // What fits into an empty queue.
  QueueLimits queue_limits() const { return {options_.queue_records_max, options_.queue_bytes_max}; }

  EmbeddedLogStats stats() const;

 private:
  struct Pending {
    std::vector<NewRecord> records;
    size_t bytes = 0;
    Log::AppendDone done;
  };
  struct Written {
    std::vector<Appended> appended;
    size_t bytes = 0;
    Log::AppendDone done;
  };
  // Appends on their way from the writer to the acker.
  struct Group {
    std::vector<Written> appends;
    std::vector<uint64_t> ends;  // of every partition after this group
  };

  void write_loop();
  void ack_loop();
  std::vector<Pending> take_queued();
  Group make_group(std::vector<Pending> appends, rocksdb::WriteBatch& batch);
  void write(rocksdb::WriteBatch& batch);
  Appended put_row(const NewRecord& record, TimestampMs now_ms, rocksdb::WriteBatch& batch);
  std::vector<Group> take_written();
  Status sync_mark(const Group& newest);
  void acknowledge(std::vector<Group> groups);
  void refuse(const std::vector<Group>& groups, const Error& cause);
  void release(const Group& group);
  std::optional<Error> stopped() const;

  rocksdb::DB& db_;
  DurableEnds& durable_;
  const EmbeddedLogOptions options_;
  const Clock& clock_;

  // The writer's own.
  std::vector<uint64_t> next_;
  std::vector<TimestampMs> last_ms_;
  std::string row_;
  const uint32_t epoch_;

  // The acker's own.
  AckedEnd& mark_;

  mutable Mutex mutex_;
  Condition queued_;   // wakes the writer
  Condition written_;  // wakes the acker
  std::deque<Pending> queue_ MNEMO_GUARDED_BY(mutex_);
  std::vector<Group> groups_ MNEMO_GUARDED_BY(mutex_);
  size_t unacked_bytes_ MNEMO_GUARDED_BY(mutex_) = 0;
  size_t unacked_records_ MNEMO_GUARDED_BY(mutex_) = 0;
  bool closing_ MNEMO_GUARDED_BY(mutex_) = false;
  bool writer_done_ MNEMO_GUARDED_BY(mutex_) = false;
  std::optional<Error> stopped_ MNEMO_GUARDED_BY(mutex_);

  Mutex close_mutex_;  // one at a time joins the threads
  std::atomic<uint64_t> records_{0}, bytes_{0}, group_count_{0}, marks_{0}, group_micros_{0}, mark_micros_{0};
  std::thread writer_;
  std::thread acker_;
};

}  // namespace mnemo
