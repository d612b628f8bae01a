// File: manager/retry.h
// Whether to try again what failed, and when: for transient errors alone, with growing and random pauses, within the
// caller's deadline, and only as long as retries are few beside requests.
//
//   retries.requested();
//   ... it failed with `error` ...
//   if (auto at = retries.next({.failed = 1, .error = error, .now = now, .deadline = task.deadline})) {
//     task.not_before = *at;  // no thread sleeps: the scheduler lets it take turns again from then on
//     scheduler.submit(std::move(task));
//   }
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "events/mutex.h"
#include "events/result.h"
#include "manager/monotonic_clock.h"

namespace mnemo {

struct RetryOptions {
  uint32_t attempts_max = 3;  // the first one included
  // The pause after the n-th failure is random within [0, min(longest, first x 2^(n-1))): full jitter, which spreads
  // those who failed together best.
  std::chrono::milliseconds first_pause{20};
  std::chrono::milliseconds longest_pause{2'000};
  // Every request earns so many thousandths of a retry, and at most so many whole ones are saved up. Where everything
  // fails, load grows by this share and no more.
  uint32_t budget_per_request_permille = 100;
  uint32_t budget_max = 100;
};

// Whether the very same request may succeed later, and has had no effect yet or may be repeated: UNAVAILABLE and
// RESOURCE_EXHAUSTED, if the error says so itself. Not DEADLINE_EXCEEDED, whose deadline holds for a retry as well.
bool is_transient(const Error& error);

struct Failure {
  uint32_t failed = 1;  // attempts so far
  const Error& error;
  MonotonicTime now;
  MonotonicTime deadline = MonotonicTime::max();
  uint32_t retry_after_ms = 0;  // what the refusal asked for; the pause comes on top
};

class Retries {
 public:
  // The same seed gives the same pauses.
  Retries(RetryOptions options, uint64_t seed);

  // A first attempt is made.
  void requested();
  // When to try again; nullopt: not at all, and the error stands. A retry that would not start before the deadline is
  // not made, and takes nothing from the budget.
  std::optional<MonotonicTime> next(const Failure& failure);

  uint32_t budget_left() const;  // whole retries

 private:
  MonotonicSpan pause(uint32_t failed) MNEMO_REQUIRES(mutex_);

  const RetryOptions options_;
  mutable Mutex mutex_;
  uint64_t budget_permille_ MNEMO_GUARDED_BY(mutex_);
  uint64_t random_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace mnemo
