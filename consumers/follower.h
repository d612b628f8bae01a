// File: consumers/follower.h
// Who follows the log: the one polling loop, and the roles that ride on it.
//
//   poll ─▶ role.handle(records) ─▶ position moves on
//     └─ nothing came ─▶ role.idle()
//
// A Follower belongs to one thread and one partition. step() makes one turn and can be driven by a test or a
// simulation; run() turns until it is stopped or the role refuses.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <stop_token>

#include "events/log.h"

namespace mnemo {

class Role {
 public:
  virtual ~Role() = default;
  // The records in order. An error stops the follower before these records; it will show them again.
  virtual Status handle(std::span<const LogRecord> records) = 0;
  // Called when a poll brought nothing: the follower is at the log's end.
  virtual Status idle() { return {}; }
};

class Follower {
 public:
  // `role` must outlive the follower. Records come from `from` on.
  static Result<std::unique_ptr<Follower>> open(Log& log, PartitionId partition, uint64_t from, Role& role,
                                                PollLimits limits);

  // One poll, waiting for records until `deadline` at most. True when records were handled.
  Result<bool> step(Deadline deadline);
  // Turns until every record before `offset` has been handled.
  Status run_to(uint64_t offset);
  // Turns until stopped (no error) or refused. Idle polls wait for `idle_ms` milliseconds at most.
  Status run(const std::stop_token& stop, int idle_ms);

  uint64_t next_offset() const { return next_offset_; }

 private:
  Follower(std::unique_ptr<LogReader> reader, uint64_t from, Role& role, PollLimits limits);

  std::unique_ptr<LogReader> reader_;
  uint64_t next_offset_;
  Role& role_;
  PollLimits limits_;
};

// Offsets of this partition that SkipRecorded events between `from` and `to` decide about (skip_decides()). A replay
// must know them before it gets there. What they name is never applied, whatever a projection did before it saw them:
// one that had applied it halts at the decision.
Result<std::set<uint64_t>> find_skips(Log& log, PartitionId partition, uint64_t from, uint64_t to);

}  // namespace mnemo
