// File: events/files.h
// The files that mnemo keeps by itself: its system calls, and what takes more than one of them.
//
// What RocksDB keeps, it reaches through its own Env. Directories are made so that no loss of power takes them away.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "events/result.h"

namespace mnemo {

// The system's calls, as they are: -1 and errno. Tests put faults behind them. Thread-safe.
class FileCalls {
 public:
  virtual ~FileCalls() = default;
  virtual int open(const char* path, int flags, mode_t mode);
  virtual ssize_t read_at(int fd, void* out, size_t bytes, off_t offset);
  virtual ssize_t write_at(int fd, const void* bytes, size_t count, off_t offset);
  virtual int sync(int fd);       // fsync
  virtual int sync_data(int fd);  // fdatasync
  virtual int make_directory(const char* path, mode_t mode);
  virtual int rename(const char* from, const char* to);
};
FileCalls& system_file_calls();

// UNAVAILABLE, retryable: "FILE: cannot WHAT: the system's words", and what to do where that is known.
Error file_error(const std::filesystem::path& file, std::string_view what, int error);

// All of the bytes, however many calls that takes. UNAVAILABLE.
Status write_whole(FileCalls& calls, int fd, const std::filesystem::path& file, std::string_view bytes, off_t offset);
// Fills `out` with as many bytes as it has room for, or as there are up to the end. UNAVAILABLE.
Status read_whole(FileCalls& calls, int fd, const std::filesystem::path& file, off_t offset, std::string& out);

// What was made, renamed or removed in the directory is durable when it returns. UNAVAILABLE.
Status sync_directory(FileCalls& calls, const std::filesystem::path& dir);

// Makes the directory and those above it that are missing, mode 0700; each is durable, by its entry in the one above,
// when it returns. UNAVAILABLE.
Status make_directories(FileCalls& calls, const std::filesystem::path& dir);

}  // namespace mnemo
