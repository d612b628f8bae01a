// File: tests/log/log_contract.h
// What every backend of the Log must do, as one suite of tests that runs unchanged on all of them.
//
// A backend joins with a factory: INSTANTIATE_TEST_SUITE_P(Memory, LogContract, testing::Values(LogFactory{...})).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "events/clock.h"
#include "events/log.h"

namespace mnemo {

struct LogSetup {
  uint32_t partitions = 2;
  const Clock* clock = nullptr;  // the system's when null; a backend may have one of its own
  size_t queue_records_max = 65536;
};

// A log and what a test may do to it besides the Log's own functions.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;
  virtual Log& log() = 0;
  // Closes the log and opens it again; readers must be gone.
  virtual void reopen() = 0;
  // From hold() to release(), nothing that is appended becomes durable.
  virtual void hold() = 0;
  virtual void release() = 0;
};

struct LogFactory {
  std::string name;
  std::function<std::unique_ptr<LogUnderTest>(const LogSetup&)> make;
  bool dense_offsets = true;  // from 0, without gaps
};
inline void PrintTo(const LogFactory& factory, std::ostream* out) { *out << factory.name; }

class LogContract : public testing::TestWithParam<LogFactory> {};
// What only a log whose append timestamps are LogSetup's clock's can show.
class LogClockContract : public testing::TestWithParam<LogFactory> {};

}  // namespace mnemo
