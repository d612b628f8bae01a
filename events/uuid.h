// File: events/uuid.h
// UUID version 7 (RFC 9562): 48 bits of milliseconds, then random bits; ids made by one generator sort by creation.
#pragma once

#include <mutex>
#include <random>
#include <string>

#include "events/clock.h"
#include "events/ids.h"

namespace mnemo {

// Thread-safe. `seed` 0 takes the system's randomness; any other makes the ids repeatable (simulation).
class UuidGenerator {
 public:
  explicit UuidGenerator(const Clock& clock, uint64_t seed = 0);
  Bytes16 next();

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  uint64_t last_ms_ = 0;
  uint16_t counter_ = 0;
};

// "0190f5b2-....": lower case, 36 characters; and back (INVALID_ARGUMENT).
std::string uuid_text(const Bytes16& id);
Result<Bytes16> parse_uuid(std::string_view text);

}  // namespace mnemo
