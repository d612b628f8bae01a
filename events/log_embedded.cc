#include "events/log_embedded.h"

#include <utility>

#include "events/log_checks.h"
#include "events/log_embedded_impl.h"
#include "events/log_embedded_reader.h"

namespace mnemo {
void StopOnBackgroundError::OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status* error) {
  const Error cause = database_error(*error, "the log's database failed");
  const MutexLock lock(mutex_);
  if (writer_ != nullptr) {
    writer_->stop(cause);
  } else if (!early_) {
    early_ = cause;
  }
}

void StopOnBackgroundError::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                                                 bool* auto_recovery) {
  *auto_recovery = false;
}

void StopOnBackgroundError::attach(GroupWriter* writer) {
  const MutexLock lock(mutex_);
  writer_ = writer;
  if (writer_ != nullptr && early_) writer_->stop(*early_);
}

// The members go in the order of the drawing: writer, database, and last the mark with the lock.
EmbeddedLog::Impl::~Impl() {
  if (listener) listener->attach(nullptr);
}

EmbeddedLog::EmbeddedLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EmbeddedLog::~EmbeddedLog() = default;

const LogIdentity& EmbeddedLog::identity() const { return impl_->identity; }
std::vector<std::string> EmbeddedLog::warnings() const { return impl_->warnings; }
EmbeddedLogStats EmbeddedLog::stats() const { return impl_->writer ? impl_->writer->stats() : EmbeddedLogStats{}; }

Status EmbeddedLog::append(std::vector<NewRecord> records, AppendDone done) {
  if (!impl_->writer) return fail(Code::kFailedPrecondition, "the log is open for reading only");
  MNEMO_ASSIGN(const size_t bytes, check_records(records, impl_->identity.partitions, impl_->writer->queue_limits()));
  return impl_->writer->submit(std::move(records), bytes, std::move(done));
}

Result<std::unique_ptr<LogReader>> EmbeddedLog::read(PartitionId partition, uint64_t offset) {
  MNEMO_ASSIGN(const uint64_t last, end(partition));
  MNEMO_TRY(check_offset(partition, offset, last));
  return std::make_unique<EmbeddedLogReader>(*impl_->db, *impl_->durable,
                                             Position{partition, impl_->identity.epoch, offset});
}

Result<uint64_t> EmbeddedLog::begin(PartitionId partition) const {
  MNEMO_TRY(check_partition(partition, impl_->identity.partitions));
  return 0;
}

Result<uint64_t> EmbeddedLog::end(PartitionId partition) const {
  MNEMO_TRY(check_partition(partition, impl_->identity.partitions));
  return impl_->durable->get(partition);
}

Status EmbeddedLog::close() { return impl_->writer ? impl_->writer->close() : Status{}; }

Status EmbeddedLog::verify_all(const std::function<void(PartitionId, uint64_t)>& progress) {
  constexpr PollLimits kStep{10000, 8 << 20};
  for (PartitionId partition; partition.value < impl_->identity.partitions; ++partition.value) {
    MNEMO_ASSIGN(const uint64_t last, end(partition));
    MNEMO_ASSIGN(const auto reader, read(partition, 0));
    while (reader->next_offset() < last) {
      const auto records = reader->poll(kStep, Deadline::min());
      if (!records) return fail(records.error());
      if (progress) progress(partition, reader->next_offset());
    }
  }
  // Table files have bytes that reading records does not touch.
  const rocksdb::Status status = impl_->db->VerifyFileChecksums(rocksdb::ReadOptions());
  if (!status.ok()) return fail(database_error(status, "verifying table files"));
  return {};
}

}  // namespace mnemo
