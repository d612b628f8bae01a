// File: consumers/project.h
// The role that projects: applies records to a Projection, tells outcomes, flushes in time, drains the outbox, and
// knows when a tick is due.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <set>

#include "consumers/follower.h"
#include "consumers/outcomes.h"
#include "consumers/tick.h"
#include "projector/projection.h"
#include "projector/store/outbox.h"

namespace mnemo {

// Applied and not yet durable, over all partitions of a process: what a crash would have to replay. Thread-safe.
class FlushBudget {
 public:
  // Outside catch-up, a flush is due at the latest after this many events or this long.
  static constexpr uint64_t kEventsMax = 100000;
  static constexpr std::chrono::seconds kAgeMax{10};

  void add(uint64_t events) { events_.fetch_add(events, std::memory_order_relaxed); }
  void take(uint64_t events) { events_.fetch_sub(events, std::memory_order_relaxed); }
  bool exhausted() const { return events_.load(std::memory_order_relaxed) >= kEventsMax; }

 private:
  std::atomic<uint64_t> events_{0};
};

// What an outbox batch is handed to, in order; at least once each, with the same ids every time. Called from the
// partition's thread.
using Announce = std::function<Status(PartitionId, uint64_t number, const OutboxBatch&)>;

struct ProjectOptions {
  Outcomes* outcomes = nullptr;         // who waits for outcomes, or nobody
  FlushBudget* flush_budget = nullptr;  // null: flushes are somebody else's
  Announce announce;                    // empty: the outbox is not written
  std::set<uint64_t> skips;             // of the log's tail: find_skips()
  Ticker* ticker = nullptr;             // null: nobody ticks
};

class ProjectRole final : public Role {
 public:
  ProjectRole(Projection& projection, ProjectOptions options);

  Status handle(std::span<const LogRecord> records) override;
  Status idle() override;

 private:
  Status flush_if_due(bool at_end);
  Status drain_outbox();

  Projection& projection_;
  ProjectOptions options_;
  std::vector<Outcome> scratch_;
  uint64_t unflushed_ = 0;
  std::chrono::steady_clock::time_point oldest_unflushed_{};
  uint64_t outbox_sent_ = 0;
};

}  // namespace mnemo
