#include "manager/retry.h"

#include <algorithm>

namespace mnemo {

namespace {

constexpr uint64_t kWhole = 1000;

// SplitMix64: the same numbers everywhere, unlike the distributions of <random>.
uint64_t next_random(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

bool is_transient(const Error& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kResourceExhausted: return error.retryable;
    case Code::kCancelled:
    case Code::kUnknown:
    case Code::kInvalidArgument:
    case Code::kDeadlineExceeded:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kPermissionDenied:
    case Code::kFailedPrecondition:
    case Code::kAborted:
    case Code::kOutOfRange:
    case Code::kUnimplemented:
    case Code::kInternal:
    case Code::kDataLoss:
    case Code::kUnauthenticated: return false;
  }
  return false;
}

Retries::Retries(RetryOptions options, uint64_t seed)
    : options_(options), budget_permille_(options.budget_max * kWhole), random_(seed) {}

void Retries::requested() {
  const MutexLock lock(mutex_);
  budget_permille_ = std::min(budget_permille_ + options_.budget_per_request_permille, options_.budget_max * kWhole);
}

MonotonicSpan Retries::pause(uint32_t failed) {
  using std::chrono::milliseconds;
  const uint32_t doublings = std::min<uint32_t>(failed - 1, 30);
  const milliseconds grown = std::min(options_.longest_pause, options_.first_pause * (int64_t{1} << doublings));
  // In microseconds, so that the remainder's bias is nothing.
  const auto bound = static_cast<uint64_t>(std::max<int64_t>(grown / std::chrono::microseconds(1), 1));
  return std::chrono::microseconds(next_random(random_) % bound);
}

std::optional<MonotonicTime> Retries::next(const Failure& failure) {
  MNEMO_CHECK(failure.failed > 0);
  if (!is_transient(failure.error) || failure.failed >= options_.attempts_max) return std::nullopt;
  const MutexLock lock(mutex_);
  if (budget_permille_ < kWhole) return std::nullopt;
  const MonotonicSpan wait = std::chrono::milliseconds(failure.retry_after_ms) + pause(failure.failed);
  if (wait >= failure.deadline - failure.now) return std::nullopt;
  budget_permille_ -= kWhole;
  return failure.now + wait;
}

uint32_t Retries::budget_left() const {
  const MutexLock lock(mutex_);
  return static_cast<uint32_t>(budget_permille_ / kWhole);
}

}  // namespace mnemo
