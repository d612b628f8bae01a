#include "events/log_embedded_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "events/log_rocksdb.h"

namespace mnemo {
namespace {

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

rocksdb::ReadOptions read_options() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  return options;
}

}  // namespace

Result<Row> read_row(rocksdb::DB& db, const Position& at, rocksdb::PinnableSlice& holder) {
  const RowKey key = row_key(at.partition, at.offset);
  const rocksdb::Status status = db.Get(read_options(), db.DefaultColumnFamily(), {key.data(), key.size()}, &holder);
  const std::string what = fmt::format("{}: record {}", db.GetName(), to_string(at));
  if (status.IsNotFound()) return fail(Code::kDataLoss, what + " is missing");
  if (!status.ok()) return fail(database_error(status, what));
  const auto row = decode_row(mnemo::view(key), view(holder));
  if (!row) return fail(Code::kDataLoss, what + " is damaged: its checksum does not fit");
  return *row;
}

std::string_view ByteArena::keep(std::string_view bytes) {
  const auto has_room = [&bytes](const std::string& chunk) { return chunk.capacity() - chunk.size() >= bytes.size(); };
  while (used_ == 0 || !has_room(chunks_[used_ - 1])) {
    if (used_ == chunks_.size()) chunks_.emplace_back().reserve(std::max(kChunkBytes, bytes.size()));
    chunks_[used_++].clear();
  }
  std::string& chunk = chunks_[used_ - 1];
  const size_t at = chunk.size();
  chunk.append(bytes);
  return std::string_view(chunk).substr(at);
}

Result<std::span<const LogRecord>> EmbeddedLogReader::poll(PollLimits limits, Deadline deadline) {
  records_.clear();
  bytes_ = 0;
  arena_.clear();
  limits.records = std::max<size_t>(limits.records, 1);
  limits.bytes = std::max<size_t>(limits.bytes, 1);
  uint64_t end = durable_.get(next_.partition);
  if (end <= next_.offset) {
    end_sweep();
    arena_.release();
    end = durable_.wait_past(next_.partition, next_.offset, deadline);
  }
  if (end <= next_.offset) return std::span<const LogRecord>();
  read_sweep(limits, end);
  if (records_.empty()) MNEMO_TRY(read_singly(limits, end));
  next_.offset += records_.size();
  return std::span<const LogRecord>(records_);
}

// Rows beyond what is durable may be there already: the bound keeps them out.
void EmbeddedLogReader::start_sweep(uint64_t end) {
  rows_.reset();
  upper_bound_ = row_key(next_.partition, end);
  upper_bound_slice_ = {upper_bound_.data(), upper_bound_.size()};
  rocksdb::ReadOptions options = read_options();
  options.iterate_upper_bound = &upper_bound_slice_;
  rows_.reset(db_.NewIterator(options));
  sweep_end_ = end;
  sweep_bytes_ = 0;
  const RowKey at = row_key(next_.partition, position().offset);
  rows_->Seek({at.data(), at.size()});
}

void EmbeddedLogReader::read_sweep(PollLimits limits, uint64_t end) {
  while (position().offset < end && !full(limits)) {
    const bool go_on = rows_ != nullptr && position().offset < sweep_end_ && sweep_bytes_ < kSweepBytesMax;
    if (!go_on) start_sweep(end);
    const RowKey at = row_key(next_.partition, position().offset);
    std::optional<Row> row;
    if (rows_->Valid() && view(rows_->key()) == mnemo::view(at))
      row = decode_row(mnemo::view(at), view(rows_->value()));
    if (!row) return end_sweep();  // missing or damaged: the next poll tells, if this one has something to give
    sweep_bytes_ += rows_->value().size();
    add(*row);
    rows_->Next();
  }
}

Status EmbeddedLogReader::read_singly(PollLimits limits, uint64_t end) {
  rocksdb::PinnableSlice holder;
  while (position().offset < end && !full(limits)) {
    holder.Reset();
    const auto row = read_row(db_, position(), holder);
    if (row) {
      add(*row);
    } else if (records_.empty()) {
      return fail(row.error());
    } else {
      return {};  // the next poll starts at it
    }
  }
  return {};
}

void EmbeddedLogReader::add(const Row& row) {
  records_.push_back({position(), row.appended_at_ms, arena_.keep(row.key), arena_.keep(row.value)});
  bytes_ += row.key.size() + row.value.size();
}

}  // namespace mnemo
