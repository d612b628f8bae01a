// File: projector/store/store_resources.h
// How the --memory budget is divided. Internal to projector/store: it names RocksDB's types.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/options.h>
#include <rocksdb/write_buffer_manager.h>

#include "projector/store/index.h"
#include "projector/store/store.h"
#include "projector/store/tail.h"

namespace mnemo {

struct StoreResources::Impl {
  explicit Impl(size_t bytes);

  size_t memory_bytes;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  TailCache tails;
  size_t memtable_bytes;
};

// Options of a partition's database, and how the process' own statuses read in our errors.
rocksdb::Options database_options(const StoreOptions& options);
Error storage_error(const rocksdb::Status& status, const std::string& what);
// Between a failure and the database being open again.
Error database_closed();

}  // namespace mnemo
