// File: events/log_embedded.h
// The embedded log: the default backend, one directory on this machine.
//
// A RocksDB database of its own holds one row a record. A writer thread takes all that is queued, writes it as one
// batch and syncs it once; a second thread then syncs the acked-end mark (events/acked_end.h), publishes the new ends
// and tells the appenders, while the writer is busy with the next group. Whoever opens the log gets every record that
// was ever acknowledged, or DATA_LOSS that names what is missing; nothing on disk is changed by a refused open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "events/clock.h"
#include "events/limits.h"
#include "events/log.h"

namespace mnemo {

struct EmbeddedLogHooks;  // events/log_embedded_hooks.h, for tests

struct EmbeddedLogOptions {
  const Clock* clock = nullptr;  // the system's when null; must outlive the log

  // Called once when the storage has failed, as the last thing the log does: it has stopped, and every appender has
  // been told. From a thread of the log's that holds no lock: reading is allowed, append() is refused, close() and the
  // destructor would wait for this very call and must not be called. A server ends its process here, as after a failed
  // sync nobody knows what is on disk.
  std::function<void(const Error&)> on_fatal{};

  // Open for reading and verify_all() alone: no file is changed or made, append() answers FAILED_PRECONDITION.
  bool read_only = false;

  // Records accepted and not yet acknowledged; past either, append() answers RESOURCE_EXHAUSTED.
  size_t queue_bytes_max = limits::kAppendQueueBytesMax;
  size_t queue_records_max = limits::kAppendQueueRecordsMax;

  // Kept in memory before it is written as a table; three of these and three groups bound the write-ahead log, and so
  // memory and the time to open.
  size_t memtable_bytes = 12 << 20;

  std::shared_ptr<const EmbeddedLogHooks> hooks{};
};

// Sums since the log was opened.
struct EmbeddedLogStats {
  uint64_t records = 0;
  uint64_t bytes = 0;         // keys and values, as given
  uint64_t groups = 0;        // batches written and synced
  uint64_t marks = 0;         // acked-end marks synced, each for one or more groups
  uint64_t group_micros = 0;  // spent writing and syncing groups
  uint64_t mark_micros = 0;   // spent writing and syncing marks
};

// Thread-safe, as Log says. Readers must not outlive it.
class EmbeddedLog final : public Log {
 public:
  // Makes a log in `dir`, which must be absent or empty; its parent is made too. It appears whole or not at all. A
  // log_id of zeros is replaced by a random one.
  //   INVALID_ARGUMENT  partitions not in 1 .. limits::kPartitionsMax
  //   ALREADY_EXISTS    the directory has something in it
  static Result<std::unique_ptr<EmbeddedLog>> create(const std::filesystem::path& dir, const LogIdentity& identity,
                                                     const EmbeddedLogOptions& options = {});

  //   NOT_FOUND            no log there
  //   FAILED_PRECONDITION  held by another process, or written by a RocksDB that this build's cannot read
  //   DATA_LOSS            something acknowledged is missing or damaged; names file, partition and offsets
  //   UNAVAILABLE          the storage does not work, or is full
  static Result<std::unique_ptr<EmbeddedLog>> open(const std::filesystem::path& dir,
                                                   const EmbeddedLogOptions& options = {});

  ~EmbeddedLog() override;

  const LogIdentity& identity() const override;
  Status append(std::vector<NewRecord> records, AppendDone done) override;
  Result<std::unique_ptr<LogReader>> read(PartitionId partition, uint64_t offset) override;
  Result<uint64_t> begin(PartitionId partition) const override;
  Result<uint64_t> end(PartitionId partition) const override;
  // Reading goes on after it; the directory is held until the destructor has run.
  Status close() override;

  // Reads every record and every byte of every table file. DATA_LOSS naming the first position that is missing or
  // damaged, or the first damaged file. `progress` is called now and then with the next offset of a partition.
  Status verify_all(const Progress& progress = {}) override;

  // Damage that was found on opening and did no harm, and a torn tail that was cut off: one sentence each.
  std::vector<std::string> warnings() const override;

  EmbeddedLogStats stats() const;

  struct Impl;
  explicit EmbeddedLog(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace mnemo
