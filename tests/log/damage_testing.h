// File: tests/log/damage_testing.h
// A log on disk to be damaged: making it, copying it, changing its bytes, and asking what a log makes of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "events/log_embedded.h"
#include "tests/log/log_testing.h"

namespace mnemo {

// File name to bytes, of a directory without subdirectories.
using Files = std::map<std::string, std::string>;

Files read_files(const std::filesystem::path& dir);
std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, const std::string& bytes);
void write_files(const std::filesystem::path& dir, const Files& files);  // makes the directory anew

// The files of that kind, by extension (".log") or prefix ("MANIFEST").
std::vector<std::string> names_like(const Files& files, const std::string& part);

// A log that was closed, and what was acknowledged in it.
struct SampleLog {
  Files files;
  std::vector<std::vector<ReadRecord>> records;  // of each partition

  // Files as they were before each of the last three records was appended: sizes of the write-ahead log, bytes of the
  // mark.
  struct Moment {
    size_t wal_bytes = 0;
    std::string mark;
    std::vector<size_t> ends;
  };
  std::vector<Moment> before_last;
  std::string wal;  // its name
};

// 2 partitions; tables on level 1 (compressed) and level 0, and a write-ahead log of three blocks. Made once.
const SampleLog& sample_log();

// 1 partition; tables that were written while the log was open, each an entry of its own in the manifest. Made once;
// `before_last` is empty.
const SampleLog& flushed_log();

// What opening, verifying and reading the log in `dir` comes to.
struct Outcome {
  bool opened = false;
  Status status;  // the first error of open, verify_all, reading
  std::vector<std::string> warnings;
  std::vector<std::vector<ReadRecord>> records;  // empty unless the status is good
};
Outcome examine(const std::filesystem::path& dir, bool read_only);

}  // namespace mnemo
