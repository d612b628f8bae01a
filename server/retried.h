// File: server/retried.h
// How the command line tries again: what is transient alone, with the pauses and the budget of manager/retry.h, until
// the deadline. What is tried again must be safe to be done twice: a write has a key or an id.
#pragma once

#include <sodium.h>

#include <string>
#include <thread>

#include "events/ids.h"
#include "manager/retry.h"

namespace mnemo {

// An idempotency key that nobody else makes.
inline std::string new_key() {
  constexpr size_t kKeyBytes = 16;
  std::string bytes(kKeyBytes, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return to_hex(bytes);
}

// The last result of `attempt`, which gives a Result<T> or a Status.
template <typename Attempt>
auto retried(Retries& retries, const MonotonicClock& clock, MonotonicTime deadline, Attempt attempt)
    -> decltype(attempt()) {
  retries.requested();
  for (uint32_t failed = 1;; ++failed) {
    auto result = attempt();
    if (result) return result;
    const auto again = retries.next({failed, result.error(), clock.now(), deadline, result.error().retry_after_ms});
    if (!again) return result;
    std::this_thread::sleep_until(*again);
  }
}

}  // namespace mnemo
