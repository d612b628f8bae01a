// File: events/clock.h
// Time as a dependency. Only doors, logs and consumers may hold a Clock; apply() never does.
#pragma once

#include <atomic>
#include <chrono>

#include "events/ids.h"

namespace mnemo {

// Thread-safe. now_ms() may jump with the machine's clock; whoever needs order must enforce it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimestampMs now_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimestampMs now_ms() const override {
    using std::chrono::duration_cast;
    return duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
};

// A clock that stands still until told otherwise: for tests and the simulation.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimestampMs start_ms) : now_ms_(start_ms) {}
  TimestampMs now_ms() const override { return now_ms_.load(); }
  void advance_ms(int64_t by_ms) { now_ms_.fetch_add(by_ms); }
  void set_ms(TimestampMs now_ms) { now_ms_.store(now_ms); }

 private:
  std::atomic<TimestampMs> now_ms_;
};

// RFC 3339 in UTC with milliseconds ("2023-05-08T13:56:00.000Z"), for every int64 within years 0001 to 9999. Times
// beyond print as the nearest of these.
std::string to_rfc3339(TimestampMs time_ms);
// Accepts any RFC 3339 offset and 0 to 9 fraction digits (cut to milliseconds); INVALID_ARGUMENT otherwise, and for
// times outside the years 0001 to 9999 in UTC. A leap second (second 60, at the end of a month in UTC) is the second
// after it.
Result<TimestampMs> parse_rfc3339(std::string_view text);

}  // namespace mnemo
