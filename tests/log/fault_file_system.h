// File: tests/log/fault_file_system.h
// The real file system, until told to fail: syncs that fail, a disk that is full, and loss of power.
//
// It keeps in mind what of each file was synced, and which directory entries were, so that what a loss of power may
// take away can be taken away afterwards.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>

namespace mnemo {

// Thread-safe.
class FaultFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultFileSystem() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultFileSystem"; }

  // Syncs of files whose name ends so fail from now on; empty: none.
  void fail_syncs_of(std::string suffix);
  // Bytes that files whose name ends so may still grow by, all together; negative: without bound.
  void set_space(int64_t bytes, std::string suffix);
  // From now on nothing can be changed.
  void cut_power() { dead_ = true; }
  bool is_dead() const { return dead_; }
  // After the cut, when nobody uses the files any more: takes away what was not synced, or a random part of it.
  void lose_unsynced(std::mt19937_64& random);

  rocksdb::IOStatus NewWritableFile(const std::string& file, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& file, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  // For the files.
  rocksdb::IOStatus may_append(const std::string& file, size_t bytes);
  void appended(const std::string& file, size_t bytes);
  rocksdb::IOStatus may_sync(const std::string& file);
  void synced(const std::string& file, uint64_t size);
  void directory_synced();
  uint64_t size_of(const std::string& file);

 private:
  struct State {
    uint64_t size = 0;
    uint64_t synced = 0;
    bool entry_synced = false;
  };

  std::atomic<bool> dead_{false};
  std::mutex mutex_;
  std::map<std::string, State> files_;
  std::string failing_suffix_;
  std::string space_suffix_;
  int64_t space_ = -1;
};

}  // namespace mnemo
