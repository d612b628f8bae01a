// File: tests/simulation/machine.h
// A machine with a disk in memory, and what runs on it: real projections, flushed when told to, which lose at a crash
// what was not flushed.
#pragma once

#include <rocksdb/env.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "events/log.h"
#include "projector/projection.h"

namespace mnemo::simulation {

// Of the processes that a seed compares: few, so that skip reports and agents leave.
inline constexpr StateLimits kLimits{.agents_kept = 3, .skip_rows_kept = 12, .operations_kept = 3};

class Disk {
 public:
  Disk() : env_(rocksdb::NewMemEnv(rocksdb::Env::Default())) {}
  rocksdb::Env* env() { return env_.get(); }

 private:
  std::unique_ptr<rocksdb::Env> env_;
};

// One process: the projections of all partitions in one directory. Its end is a crash, unless all was flushed.
class Process {
 public:
  static Result<std::unique_ptr<Process>> start(Disk& disk, const LogIdentity& log, const std::string& dir,
                                                size_t memory_bytes, const StateLimits& limits = {});
  Projection& projection(uint32_t partition) { return *projections_[partition]; }
  uint32_t partitions() const { return static_cast<uint32_t>(projections_.size()); }
  const std::string& dir() const { return dir_; }
  Status flush_all();

 private:
  explicit Process(size_t memory_bytes, std::string dir) : resources_(memory_bytes), dir_(std::move(dir)) {}

  StoreResources resources_;
  std::string dir_;
  std::vector<std::unique_ptr<Projection>> projections_;
};

// What a replay hands over: a batch, what was told of it, and where the projection stands behind it.
using BatchDone = std::function<Status(std::span<const LogRecord>, const std::vector<Outcome>&, const Meta&)>;

struct Replay {
  std::function<size_t()> batch;                   // records of the next batch
  uint64_t to = UINT64_MAX;                        // the offset to stop at; the log's end when greater
  BatchDone done;                                  // may be empty
  std::function<Status(const LogRecord&)> before;  // may be empty; only useful with batches of one
};

// Applies what the projection has not applied yet. Nothing is announced.
Status replay(Log& log, Projection& projection, const Replay& options);

// Whether any row has this first byte.
Result<bool> has_rows(const RowReader& rows, keys::Row row);

}  // namespace mnemo::simulation
