// File: tests/log/fault_testing.h
// Helpers for tests of a log whose storage fails.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "events/log_embedded.h"
#include "tests/log/log_testing.h"

namespace mnemo {

// Appends to partition 0 until the log refuses; gives what was acknowledged, and the error.
inline std::pair<std::vector<std::string>, Error> append_until_refused(EmbeddedLog& log, size_t bytes) {
  std::vector<std::string> acknowledged;
  for (int i = 0; i < 100'000; ++i) {
    std::string value = std::to_string(i) + std::string(bytes, 'v');
    const auto appended = append_and_wait(log, {new_record(0, value)});
    if (!appended) return {acknowledged, appended.error()};
    acknowledged.push_back(std::move(value));
  }
  ADD_FAILURE() << "the log never refused";
  return {acknowledged, Error{}};
}

// Opens the log with storage that works: all that was acknowledged is there, in order, and appends go on.
inline void expect_whole_again(const std::filesystem::path& dir, const std::vector<std::string>& acknowledged) {
  const auto log = EmbeddedLog::open(dir);
  ASSERT_TRUE(log.has_value()) << log.error().message;
  std::vector<std::string> values = values_of(read_all(**log, 0));
  ASSERT_GE(values.size(), acknowledged.size());
  values.resize(acknowledged.size());  // what follows was durable, and its appender was told otherwise
  EXPECT_EQ(values, acknowledged);
  append_one(**log, 0, "goes on");
  EXPECT_TRUE((*log)->verify_all().has_value());
}

}  // namespace mnemo
