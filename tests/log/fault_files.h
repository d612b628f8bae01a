// File: tests/log/fault_files.h
// The log's own file calls, over a disk that may fail.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "events/files.h"
#include "tests/log/fault_disk.h"

namespace mnemo {

// Thread-safe.
class FaultFiles final : public FileCalls {
 public:
  explicit FaultFiles(FaultDisk& disk) : disk_(disk) {}

  int open(const char* path, int flags, mode_t mode) override;
  ssize_t read_at(int fd, void* out, size_t bytes, off_t offset) override;
  ssize_t write_at(int fd, const void* bytes, size_t count, off_t offset) override;
  int sync(int fd) override;
  int sync_data(int fd) override;
  int make_directory(const char* path, mode_t mode) override;
  int rename(const char* from, const char* to) override;

 private:
  struct Open {
    std::string path;
    bool directory = false;
  };
  Open at(int fd);
  // Asks the disk; true, with errno set, when the call fails.
  bool fails(DiskCall call, const std::string& path, size_t bytes = 0, bool* half = nullptr);
  template <typename Sync>
  int synced(int fd, Sync sync);

  FaultDisk& disk_;
  std::mutex mutex_;
  std::map<int, Open> open_;  // descriptors are used again: the newest counts
};

}  // namespace mnemo
