#include "events/log_embedded_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "events/log_embedded_hooks.h"
#include "events/log_rocksdb.h"
#include "events/log_rows.h"

namespace mnemo {
namespace {

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

uint64_t micros_since(std::chrono::steady_clock::time_point start) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count());
}

Error stopped_log(const Error& cause, const char* what_to_do) {
  return {Code::kUnavailable, fmt::format("the log has stopped: {}; {}", cause.message, what_to_do), true};
}

// To those whose records were accepted, and may be on the disk or not.
Error outcome_unknown(const Error& cause) {
  return stopped_log(cause,
                     "whether this was made durable is not known: once mnemo has been started again, send it again "
                     "under the same key, which acts once");
}

Error refused(const Error& cause) {
  return stopped_log(cause, "this was not appended: once mnemo has been started again, send it again");
}

}  // namespace

GroupWriter::GroupWriter(Start start)
    : db_(*start.db),
      durable_(*start.durable),
      options_(std::move(start.options)),
      clock_(options_.clock != nullptr ? *options_.clock : system_clock()),
      last_ms_(std::move(start.last_ms)),
      epoch_(start.mark->contents().identity.epoch),
      mark_(*start.mark) {
  for (uint32_t p = 0; p < durable_.partitions(); ++p) next_.push_back(durable_.get(PartitionId{p}));
  writer_ = std::thread([this] { write_loop(); });
  acker_ = std::thread([this] { ack_loop(); });
}

GroupWriter::~GroupWriter() { static_cast<void>(close()); }

Status GroupWriter::submit(std::vector<NewRecord> records, size_t bytes, Log::AppendDone done) {
  {
    const MutexLock lock(mutex_);
    if (stopped_) return fail(refused(*stopped_));
    if (closing_) return fail(Code::kUnavailable, "the log is closed");
    if (unacked_bytes_ + bytes > options_.queue_bytes_max ||
        unacked_records_ + records.size() > options_.queue_records_max) {
      return fail(queue_full(unacked_records_, unacked_bytes_));
    }
    unacked_bytes_ += bytes;
    unacked_records_ += records.size();
    queue_.push_back({std::move(records), bytes, std::move(done)});
  }
  queued_.notify_one();
  return {};
}

Status GroupWriter::close() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  queued_.notify_one();
  const MutexLock lock(close_mutex_);
  if (writer_.joinable()) writer_.join();
  if (acker_.joinable()) acker_.join();
  if (const auto error = stopped()) return fail(refused(*error));
  return {};
}

void GroupWriter::stop(const Error& error) {
  {
    const MutexLock lock(mutex_);
    if (stopped_) return;
    stopped_ = error;
  }
  queued_.notify_one();
}

std::optional<Error> GroupWriter::stopped() const {
  const MutexLock lock(mutex_);
  return stopped_;
}

EmbeddedLogStats GroupWriter::stats() const {
  return {records_.load(), bytes_.load(),        group_count_.load(),
          marks_.load(),   group_micros_.load(), mark_micros_.load()};
}

void GroupWriter::write_loop() {
  rocksdb::WriteBatch batch;
  for (std::vector<Pending> appends = take_queued(); !appends.empty(); appends = take_queued()) {
    Group group = make_group(std::move(appends), batch);
    if (!stopped()) write(batch);
    {
      const MutexLock lock(mutex_);
      groups_.push_back(std::move(group));
    }
    written_.notify_one();
  }
  {
    const MutexLock lock(mutex_);
    writer_done_ = true;
  }
  written_.notify_one();
}

void GroupWriter::write(rocksdb::WriteBatch& batch) {
  const auto start = std::chrono::steady_clock::now();
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = db_.Write(synced, &batch);
  if (!status.ok()) return stop(database_error(status, db_.GetName()));
  group_count_.fetch_add(1, std::memory_order_relaxed);
  group_micros_.fetch_add(micros_since(start), std::memory_order_relaxed);
}

// Waits for appends; empty when the log is closing, or has stopped, and none are left.
std::vector<GroupWriter::Pending> GroupWriter::take_queued() {
  std::vector<Pending> taken;
  MutexLock lock(mutex_);
  while (!closing_ && !stopped_ && queue_.empty()) queued_.wait(lock);
  size_t bytes = 0;
  while (!queue_.empty() && (taken.empty() || bytes + queue_.front().bytes <= limits::kAppendGroupBytesMax)) {
    bytes += queue_.front().bytes;
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

GroupWriter::Group GroupWriter::make_group(std::vector<Pending> appends, rocksdb::WriteBatch& batch) {
  batch.Clear();
  const TimestampMs now_ms = clock_.now_ms();
  Group group;
  group.appends.reserve(appends.size());
  for (Pending& append : appends) {
    Written written{{}, append.bytes, std::move(append.done)};
    written.appended.reserve(append.records.size());
    for (const NewRecord& record : append.records) written.appended.push_back(put_row(record, now_ms, batch));
    group.appends.push_back(std::move(written));
  }
  group.ends = next_;
  return group;
}

Appended GroupWriter::put_row(const NewRecord& record, TimestampMs now_ms, rocksdb::WriteBatch& batch) {
  const uint32_t p = record.partition.value;
  last_ms_[p] = std::max(last_ms_[p], now_ms);
  const uint64_t offset = next_[p]++;
  const RowKey at = row_key(record.partition, offset);
  encode_row(at, {last_ms_[p], record.key, record.value}, row_);
  const rocksdb::Status status = batch.Put({at.data(), at.size()}, row_);
  MNEMO_CHECK(status.ok());  // a batch without limits takes every row
  return {{record.partition, epoch_, offset}, last_ms_[p]};
}

void GroupWriter::ack_loop() {
  for (std::vector<Group> groups = take_written(); !groups.empty(); groups = take_written()) {
    const Status synced = sync_mark(groups.back());
    if (synced) {
      acknowledge(std::move(groups));
      continue;
    }
    stop(synced.error());
    refuse(groups, synced.error());
  }
  if (const auto error = stopped(); error && options_.on_fatal) options_.on_fatal(*error);
}

void GroupWriter::refuse(const std::vector<Group>& groups, const Error& cause) {
  const auto told = fail(outcome_unknown(cause));
  for (const Group& group : groups) {
    for (const Written& append : group.appends) append.done(told);
  }
}

// Waits for groups; empty when the writer has ended and none are left.
std::vector<GroupWriter::Group> GroupWriter::take_written() {
  std::vector<Group> taken;
  MutexLock lock(mutex_);
  while (!writer_done_ && groups_.empty()) written_.wait(lock);
  taken.swap(groups_);
  return taken;
}

Status GroupWriter::sync_mark(const Group& newest) {
  const auto start = std::chrono::steady_clock::now();
  if (const auto error = stopped()) return fail(*error);
  if (options_.hooks && options_.hooks->before_mark_sync) MNEMO_TRY(options_.hooks->before_mark_sync());
  MNEMO_TRY(mark_.advance(newest.ends));
  marks_.fetch_add(1, std::memory_order_relaxed);
  mark_micros_.fetch_add(micros_since(start), std::memory_order_relaxed);
  return {};
}

void GroupWriter::acknowledge(std::vector<Group> groups) {
  const std::vector<uint64_t>& ends = groups.back().ends;
  for (uint32_t p = 0; p < ends.size(); ++p) {
    if (ends[p] != durable_.get(PartitionId{p})) durable_.publish(PartitionId{p}, ends[p]);
  }
  for (Group& group : groups) {
    release(group);
    for (Written& append : group.appends) append.done(std::move(append.appended));
  }
}

// Makes room in the queue.
void GroupWriter::release(const Group& group) {
  size_t records = 0;
  size_t bytes = 0;
  for (const Written& append : group.appends) {
    records += append.appended.size();
    bytes += append.bytes;
  }
  records_.fetch_add(records, std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  unacked_records_ -= records;
  unacked_bytes_ -= bytes;
}

}  // namespace mnemo
