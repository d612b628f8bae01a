// File: projector/store/store.h
// The rows of one partition on disk: one RocksDB, one column family, WAL off, because the log is the truth.
//
// One thread writes; any number read, each through a View. What was written is *applied*; what a flush has brought to
// disk is *durable*, and only that survives the process. A write or a flush that fails, also one in the background,
// stops the store: every later write and flush answers that failure(), while views go on showing what was applied. The
// remedy is reopen(), and to replay what came after the durable position.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "events/result.h"
#include "projector/store/batch_rows.h"
#include "projector/store/view.h"

namespace rocksdb {
class Env;
}

namespace mnemo {

// Memory that all partitions of a process share: block cache, memtables and tails, within one budget in bytes.
class StoreResources {
 public:
  explicit StoreResources(size_t memory_bytes);
  ~StoreResources();
  StoreResources(const StoreResources&) = delete;
  StoreResources& operator=(const StoreResources&) = delete;

  TailCache& tails();
  size_t memory_bytes() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct StoreOptions {
  std::filesystem::path dir;
  PartitionId partition;
  StoreResources* resources = nullptr;  // must outlive the store
  rocksdb::Env* env = nullptr;          // null: the machine's file system
  bool read_only = false;               // changes no file, takes no lock
  bool simulated = false;               // no background work but flushes asked for; closing loses what was not flushed
};

// What a store has been given to write since it was opened.
struct StoreWrites {
  uint64_t batches = 0;
  uint64_t rows = 0;   // put or erased
  uint64_t bytes = 0;  // of keys and values
};

class Store {
 public:
  // Opens or makes it. FAILED_PRECONDITION when another process holds it; DATA_LOSS when it is damaged.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // --- The writer's thread ---

  // The rows as they are now.
  const RowReader& rows() const;
  // Writes the whole batch or nothing.
  Status write(const BatchRows& batch);
  // Closes the database and opens it again: what was not durable is gone. An error, such as UNAVAILABLE while views are
  // held, leaves it closed, to be tried again; until that succeeds, every call but those of views answers UNAVAILABLE.
  Status reopen();

  // --- Any thread ---

  StoreWrites writes() const;
  // What stopped the store, or nullopt.
  std::optional<Error> failure() const;
  // Brings everything written so far to disk. `wait` false only starts it.
  Status flush(bool wait);
  // The meta row as the last completed flush has it; epoch 0 when there is none.
  Result<Meta> durable_meta() const;
  Result<std::unique_ptr<View>> view() const;

  // Waits until no flush and no compaction runs or is due.
  Status settle();
  // Bytes on disk, without what compaction has yet to remove.
  uint64_t disk_bytes() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mnemo
