// File: tests/log/kill_protocol.h
// What the writer that is to be killed tells the test, as fixed-size notes through a pipe; a note is written whole.
#pragma once

#include <cstdint>

namespace mnemo {

struct KillNote {
  enum Kind : uint32_t { kStarted = 1, kAcknowledged = 2 };
  Kind kind = kStarted;
  uint32_t partition = 0;
  uint64_t id = 0;      // of the record: unique in its round
  uint64_t offset = 0;  // once acknowledged
};

}  // namespace mnemo
