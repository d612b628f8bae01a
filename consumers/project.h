// File: consumers/project.h
// The role that projects: applies records to a Projection, tells outcomes, flushes in time, drains the outbox, and
// knows when a tick is due.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <set>

#include "consumers/applied_waiters.h"
#include "consumers/follower.h"
#include "consumers/outcomes.h"
#include "consumers/tick.h"
#include "projector/projection.h"
#include "projector/store/outbox.h"

namespace mnemo {

// Applied and not yet durable, over all partitions of a process: what a crash would have to replay. Thread-safe.
class FlushBudget {
 public:
  // Outside catch-up, a flush is due at the latest after this many events or this long. Catching up is who has more
  // than as many events before it.
  static constexpr uint64_t kEventsMax = 100000;
  static constexpr std::chrono::seconds kAgeMax{10};

  void add(uint64_t events) { events_.fetch_add(events, std::memory_order_relaxed); }
  void take(uint64_t events) { events_.fetch_sub(events, std::memory_order_relaxed); }
  bool exhausted() const { return events() >= kEventsMax; }
  uint64_t events() const { return events_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> events_{0};
};

// What an outbox batch is handed to, in order; at least once each, with the same ids every time. Called from the
// partition's thread. RESOURCE_EXHAUSTED and UNAVAILABLE: not now, the same batch again later; other errors halt.
using Announce = std::function<Status(PartitionId, uint64_t number, const OutboxBatch&)>;

struct ProjectOptions {
  Outcomes* outcomes = nullptr;         // who waits for outcomes, or nobody
  AppliedWaiters* waiters = nullptr;    // told of each publication, or nobody
  FlushBudget* flush_budget = nullptr;  // null: flushes are somebody else's
  const Log* log = nullptr;             // beside flush_budget: whose end tells catching up
  Announce announce;                    // empty: the outbox is not written
  std::set<uint64_t> skips;             // of the log's tail: find_skips()
  Ticker* ticker = nullptr;             // null: nobody ticks
};

// What the projection has not flushed when the role begins counts as the role's own; when it ends, it is given back.
class ProjectRole final : public Role {
 public:
  ProjectRole(Projection& projection, ProjectOptions options);
  ~ProjectRole() override;
  ProjectRole(const ProjectRole&) = delete;
  ProjectRole& operator=(const ProjectRole&) = delete;

  Status handle(std::span<const LogRecord> records) override;
  // Also notices that a flush in the background has failed: that error, from which only Projection::reopen() helps.
  Status idle() override;

 private:
  void count_unflushed(uint64_t events);
  Status flush_if_due();
  Result<bool> catching_up() const;
  Status drain_outbox();

  Projection& projection_;
  ProjectOptions options_;
  std::vector<Outcome> scratch_;
  uint64_t unflushed_ = 0;
  std::chrono::steady_clock::time_point oldest_unflushed_{};
  uint64_t outbox_sent_;
};

}  // namespace mnemo
