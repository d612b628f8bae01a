// File: tests/log/fault_testing.h
// Helpers for tests of a log whose storage fails.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "events/log_embedded.h"
#include "tests/log/faulty_storage.h"
#include "tests/log/log_testing.h"

namespace mnemo {

// A log on such a disk: opened, or made.
class FaultyLog {
 public:
  explicit FaultyLog(const std::filesystem::path& dir, const LogIdentity& identity = {{5}, 1, 2}) {
    storage_.options().on_fatal = [this](const Error& error) {
      fatal_error_ = error.message;
      if (on_fatal) on_fatal();
      ++fatal_;
    };
    auto log = std::filesystem::exists(dir) ? EmbeddedLog::open(dir, storage_.options())
                                            : EmbeddedLog::create(dir, identity, storage_.options());
    if (!log) throw std::runtime_error(log.error().message);
    log_ = std::move(*log);
  }

  EmbeddedLog& log() { return *log_; }
  FaultDisk& disk() { return storage_.disk(); }
  FaultyStorage& storage() { return storage_; }
  int fatal_calls() const { return fatal_; }
  const std::string& fatal_error() const { return fatal_error_; }
  void end() { log_.reset(); }

  std::function<void()> on_fatal;  // to be set before anything fails

 private:
  FaultyStorage storage_;
  std::atomic<int> fatal_{0};
  std::string fatal_error_;
  std::unique_ptr<EmbeddedLog> log_;
};

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
