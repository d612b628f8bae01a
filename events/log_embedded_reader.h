// File: events/log_embedded_reader.h
// A reader of one partition of the embedded log. Internal to the embedded log.
#pragma once

#include <rocksdb/db.h>

#include <deque>
#include <memory>
#include <vector>

#include "events/durable_ends.h"
#include "events/log.h"
#include "events/log_rows.h"

namespace mnemo {

// The row at this offset, checked. DATA_LOSS naming the position when it is missing or damaged. `holder` keeps what the
// row's views point to.
Result<Row> read_row(rocksdb::DB& db, const Position& at, rocksdb::PinnableSlice& holder);

class EmbeddedLogReader final : public LogReader {
 public:
  // `start` may be the end. The database and the ends outlive the reader.
  EmbeddedLogReader(rocksdb::DB& db, DurableEnds& durable, const Position& start)
      : db_(db), durable_(durable), next_(start) {}

  Result<std::span<const LogRecord>> poll(PollLimits limits, Deadline deadline) override;
  uint64_t next_offset() const override { return next_.offset; }

 private:
  // Fills records_ with the next rows up to `end`, as far as they can be read in one sweep.
  void read_sweep(PollLimits limits, uint64_t end);
  // The same one by one: past a damaged block, slowly, up to the first record that is lost.
  Status read_singly(PollLimits limits, uint64_t end);
  void add(const Row& row);
  bool full(PollLimits limits) const { return records_.size() >= limits.records || bytes_ >= limits.bytes; }
  Position position() const { return {next_.partition, next_.epoch, next_.offset + records_.size()}; }

  rocksdb::DB& db_;
  DurableEnds& durable_;
  Position next_;

  // What the last poll gave out, and what its views point into.
  std::vector<LogRecord> records_;
  size_t bytes_ = 0;
  RowKey upper_bound_{};
  rocksdb::Slice upper_bound_slice_;
  std::unique_ptr<rocksdb::Iterator> rows_;
  std::deque<rocksdb::PinnableSlice> singles_;
};

}  // namespace mnemo
