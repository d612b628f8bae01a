// File: events/log_embedded_impl.h
// What an open embedded log consists of, and how it is recovered. Internal to the embedded log.
#pragma once

#include <rocksdb/listener.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/durable_ends.h"
#include "events/log_embedded.h"
#include "events/log_embedded_hooks.h"
#include "events/log_embedded_writer.h"
#include "events/log_rocksdb.h"
#include "events/mutex.h"

namespace mnemo {

// Tells the writer of failures that RocksDB has in the background, and forbids it to recover by itself. Thread-safe.
class StopOnBackgroundError final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error, bool* auto_recovery) override;
  // An error that came before is told at once. nullptr: nobody is told any more.
  void attach(GroupWriter* writer);

 private:
  Mutex mutex_;
  GroupWriter* writer_ MNEMO_GUARDED_BY(mutex_) = nullptr;
  std::optional<Error> early_ MNEMO_GUARDED_BY(mutex_);
};

struct EmbeddedLog::Impl {
  ~Impl();

  std::filesystem::path dir;
  LogIdentity identity;
  std::vector<std::string> warnings;
  std::shared_ptr<StopOnBackgroundError> listener;
  AckedEnd mark;  // its lock is the log's: the database is closed before it is let go
  Database db;
  std::unique_ptr<DurableEnds> durable;
  std::unique_ptr<GroupWriter> writer;  // null when read-only
};

// Finds out, without changing anything, whether all that was acknowledged can be read, and how.
struct Recovery {
  Database db;  // open for reading only
  rocksdb::WALRecoveryMode mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  std::vector<uint64_t> ends;
  std::vector<std::string> warnings;
};
Result<Recovery> inspect_log(const std::filesystem::path& dir, const EmbeddedLogOptions& options, const AckedEnd& mark);

inline FileCalls& files_of(const EmbeddedLogOptions& options) {
  return options.hooks && options.hooks->files != nullptr ? *options.hooks->files : system_file_calls();
}

inline std::filesystem::path acked_end_file(const std::filesystem::path& dir) { return dir / "ACKED_END"; }

}  // namespace mnemo
