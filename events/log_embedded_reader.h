// File: events/log_embedded_reader.h
// A reader of one partition of the embedded log. Internal to the embedded log.
#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/durable_ends.h"
#include "events/log.h"
#include "events/log_rows.h"

namespace mnemo {

// The row at this offset, checked. DATA_LOSS naming the position when it is missing or damaged. `holder` keeps what the
// row's views point to.
Result<Row> read_row(rocksdb::DB& db, const Position& at, rocksdb::PinnableSlice& holder);

// Keeps copies of bytes where they are until it is cleared.
class ByteArena {
 public:
  std::string_view keep(std::string_view bytes);
  void clear() { used_ = 0; }
  void release() { *this = {}; }

 private:
  static constexpr size_t kChunkBytes = 256 << 10;
  std::vector<std::string> chunks_;  // never longer than what was reserved for them
  size_t used_ = 0;                  // chunks, the last of which has room
};

class EmbeddedLogReader final : public LogReader {
 public:
  // `start` may be the end. The database and the ends outlive the reader.
  EmbeddedLogReader(rocksdb::DB& db, DurableEnds& durable, const Position& start)
      : db_(db), durable_(durable), next_(start) {}

  Result<std::span<const LogRecord>> poll(PollLimits limits, Deadline deadline) override;
  uint64_t next_offset() const override { return next_.offset; }

 private:
  // An iterator holds memory and files that the log may want to give up: it is made anew after so much was read by it,
  // and let go before the reader waits.
  static constexpr size_t kSweepBytesMax = 64 << 20;

  // Adds the next rows up to `end`, as far as they can be read in one sweep.
  void read_sweep(PollLimits limits, uint64_t end);
  // The same one by one: past a damaged block, slowly, up to the first record that is lost.
  Status read_singly(PollLimits limits, uint64_t end);
  void start_sweep(uint64_t end);
  void end_sweep() { rows_.reset(); }
  void add(const Row& row);
  bool full(PollLimits limits) const { return records_.size() >= limits.records || bytes_ >= limits.bytes; }
  Position position() const { return {next_.partition, next_.epoch, next_.offset + records_.size()}; }

  rocksdb::DB& db_;
  DurableEnds& durable_;
  Position next_;

  // What the last poll gave out, and what its views point into.
  std::vector<LogRecord> records_;
  size_t bytes_ = 0;
  ByteArena arena_;

  // Stands at position() while there is one; goes on from poll to poll, up to the end that was durable when it was
  // made.
  std::unique_ptr<rocksdb::Iterator> rows_;
  uint64_t sweep_end_ = 0;
  size_t sweep_bytes_ = 0;
  RowKey upper_bound_{};
  rocksdb::Slice upper_bound_slice_;
};

}  // namespace mnemo
