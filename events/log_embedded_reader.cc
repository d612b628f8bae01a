#include "events/log_embedded_reader.h"

#include <fmt/format.h>

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

Result<std::span<const LogRecord>> EmbeddedLogReader::poll(PollLimits limits, Deadline deadline) {
  records_.clear();
  bytes_ = 0;
  rows_.reset();  // before waiting: it holds memory and files that the log may want to give up
  singles_.clear();
  uint64_t end = durable_.get(next_.partition);
  if (end <= next_.offset) end = durable_.wait_past(next_.partition, next_.offset, deadline);
  if (end <= next_.offset) return std::span<const LogRecord>();
  limits.records = std::max<size_t>(limits.records, 1);
  read_sweep(limits, end);
  if (records_.empty()) MNEMO_TRY(read_singly(limits, end));
  next_.offset += records_.size();
  return std::span<const LogRecord>(records_);
}

void EmbeddedLogReader::read_sweep(PollLimits limits, uint64_t end) {
  upper_bound_ = row_key(next_.partition, end);
  upper_bound_slice_ = {upper_bound_.data(), upper_bound_.size()};
  rocksdb::ReadOptions options = read_options();
  options.iterate_upper_bound = &upper_bound_slice_;
  options.pin_data = true;  // every value stays where it is as long as the iterator lives
  rows_.reset(db_.NewIterator(options));
  RowKey at = row_key(next_.partition, next_.offset);
  for (rows_->Seek({at.data(), at.size()}); rows_->Valid(); rows_->Next()) {
    at = row_key(next_.partition, next_.offset + records_.size());
    if (view(rows_->key()) != mnemo::view(at)) return;
    const auto row = decode_row(mnemo::view(at), view(rows_->value()));
    if (!row) return;
    add(*row);
    if (full(limits)) return;
  }
}

Status EmbeddedLogReader::read_singly(PollLimits limits, uint64_t end) {
  while (position().offset < end && !full(limits)) {
    const auto row = read_row(db_, position(), singles_.emplace_back());
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
  records_.push_back({position(), row.appended_at_ms, row.key, row.value});
  bytes_ += row.key.size() + row.value.size();
}

}  // namespace mnemo
