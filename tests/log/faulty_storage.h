// File: tests/log/faulty_storage.h
// A disk that fails when told to, and how a log is put on it.
#pragma once

#include <rocksdb/env.h>

#include <memory>

#include "events/log_embedded.h"
#include "events/log_embedded_hooks.h"
#include "tests/log/fault_disk.h"
#include "tests/log/fault_file_system.h"
#include "tests/log/fault_files.h"

namespace mnemo {

// The disk, and options of a log that lies on it. Outlives the log.
class FaultyStorage {
 public:
  explicit FaultyStorage(size_t memtable_bytes = 64 << 10) {
    auto hooks = std::make_shared<EmbeddedLogHooks>();
    hooks->env = env_.get();
    hooks->files = &files_;
    options_.hooks = hooks;
    options_.memtable_bytes = memtable_bytes;
  }
  FaultDisk& disk() { return disk_; }
  FaultFileSystem& file_system() { return *file_system_; }
  FaultFiles& files() { return files_; }
  EmbeddedLogOptions& options() { return options_; }

 private:
  FaultDisk disk_;
  FaultFiles files_{disk_};
  std::shared_ptr<FaultFileSystem> file_system_ = std::make_shared<FaultFileSystem>(disk_);
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(file_system_);
  EmbeddedLogOptions options_;
};

}  // namespace mnemo
