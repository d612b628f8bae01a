// File: tests/log/fault_disk.h
// A disk that works until told to fail: calls that fail, once or for good, a full disk, and loss of power.
//
// It does no I/O. Whoever does (tests/log/fault_file_system.h for RocksDB, fault_files.h for the log's own files) asks
// it before each call and tells it afterwards. It keeps in mind what of each file was synced, and which directory
// entries were, so that what a loss of power may take away can be taken away afterwards.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace mnemo {

enum class DiskCall : uint8_t { kRead, kWrite, kSync, kCreate, kRename, kRemove, kMakeDirectory, kSyncDirectory };

// The calls of one kind, on files whose path has this at its end, fail from the nth on: that one alone, or all.
struct DiskFault {
  DiskCall call = DiskCall::kWrite;
  std::string suffix{};
  int nth = 1;
  bool persistent = true;
  int error = EIO;
  bool half = false;  // of a write: it is done by half, and no error
};

// Thread-safe.
class FaultDisk {
 public:
  void fail(DiskFault fault);
  void work_again();  // nothing fails any more
  int failed() const { return failed_; }
  // Bytes that files whose name ends so may still grow by, all together; negative: without bound.
  void set_space(int64_t bytes, std::string suffix);

  // From now on nothing can be changed; or after so many more changes.
  void cut_power() { dead_ = true; }
  void cut_power_after(int changes) { changes_left_ = changes; }
  bool is_dead() const { return dead_; }
  // After the cut, when nobody uses the files any more: takes away what was not synced. All of it, or by chance parts
  // of it, as blocks reach the disk in any order.
  enum class Loss : uint8_t { kAll, kSome };
  void lose_unsynced(std::mt19937_64& random, Loss loss = Loss::kSome);

  // For those who do the I/O. 0, or the error that the call fails with; `half` when it is to be done by half.
  int may(DiskCall call, const std::string& path, size_t bytes = 0, bool* half = nullptr);
  void created(const std::string& file);
  void opened_in_place(const std::string& file);  // an existing file that is written over
  void appended(const std::string& file, size_t bytes);
  uint64_t size_of(const std::string& file);
  void synced(const std::string& file, uint64_t size);
  void synced_in_place(const std::string& file);
  void removed(const std::string& file);
  void renamed(const std::string& from, const std::string& to);
  void directory_renamed(const std::string& from, const std::string& to);
  void directory_made(const std::string& dir);
  void directory_synced(const std::string& dir);

 private:
  struct File {
    uint64_t size = 0;
    uint64_t synced = 0;
    bool entry_synced = false;
    bool in_place = false;
    std::string image{};  // of a file that is written over: what of it is on the disk
  };
  struct Entry {  // of a directory that was made or renamed, and may be lost
    std::string from{};
    std::string path;
  };

  bool changes(DiskCall call) const { return call != DiskCall::kRead; }
  void lose_file(const std::string& path, const File& file, std::mt19937_64& random, Loss loss);
  void lose_in_place(const std::string& path, const File& file, std::mt19937_64& random, Loss loss);

  std::atomic<bool> dead_{false};
  std::atomic<int> changes_left_{-1};
  std::atomic<int> failed_{0};
  std::mutex mutex_;
  std::vector<DiskFault> faults_;
  std::map<std::string, File> files_;
  std::vector<Entry> directories_;  // not durable yet, in the order they were made
  std::string space_suffix_;
  int64_t space_ = -1;
};

}  // namespace mnemo
