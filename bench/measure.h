// File: bench/measure.h
// What the benchmarks measure with: time, CPU by kind of thread, memory, and what the disk does by itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "events/result.h"

namespace mnemo::bench {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start);
uint64_t micros_between(SteadyClock::time_point start, SteadyClock::time_point end);

// CPU seconds, user and system, that the process has used so far: all of it, RocksDB's flushes, its compactions.
struct CpuSeconds {
  double total = 0;
  double flush = 0;
  double compaction = 0;
  CpuSeconds operator-(const CpuSeconds& before) const {
    return {total - before.total, flush - before.flush, compaction - before.compaction};
  }
};
CpuSeconds cpu_seconds();

// The most memory the process has held, in MiB, since it began or since the last reset.
double peak_memory_mib();
void reset_peak_memory();

// Sorts in place. `p` from 0 to 1; 0 when there are none.
uint64_t percentile(std::vector<uint64_t>& micros, double p);

// pwrite of 4 KiB and fdatasync from one thread, over the same 4 KiB or each behind the last.
struct SyncRate {
  double per_second = 0;
  uint64_t p50_us = 0;
  uint64_t p99_us = 0;
};
SyncRate fdatasync_rate(const std::filesystem::path& dir, double seconds, bool growing);

// A directory that is made below `parent` and removed with all that is in it.
class ScratchDirectory {
 public:
  ScratchDirectory(const std::filesystem::path& parent, const std::string& name);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Ends the process with the message when it is an error: a benchmark has nobody to hand it to.
[[noreturn]] void die(const std::string& message);
void must(const Status& status);
template <typename T>
T must(Result<T> result) {
  if (!result) die(result.error().message);
  return std::move(*result);
}

}  // namespace mnemo::bench
