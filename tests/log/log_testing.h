// File: tests/log/log_testing.h
// Small helpers for tests of logs.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "events/log.h"

namespace mnemo {

// A fresh directory that goes away with the object.
class TempDir {
 public:
  TempDir() {
    std::string path = (std::filesystem::temp_directory_path() / "mnemo-log-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// For what is expected to come: long enough for any machine, and met at once on most.
inline Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }
inline Deadline in_ms(int ms) { return std::chrono::steady_clock::now() + std::chrono::milliseconds(ms); }

inline NewRecord new_record(uint32_t partition, std::string value,
                            std::string key =
                                "ns\x1f"
                                "agent") {
  return {PartitionId{partition}, std::move(key), std::move(value)};
}

// Appends one record and waits; fails the test when it is refused.
inline Appended append_one(Log& log, uint32_t partition, std::string value) {
  auto appended = append_and_wait(log, {new_record(partition, std::move(value))});
  if (!appended) {
    ADD_FAILURE() << appended.error().message;
    return {};
  }
  return appended->front();
}

struct ReadRecord {
  Position position;
  TimestampMs appended_at_ms = 0;
  std::string key;
  std::string value;
  bool operator==(const ReadRecord&) const = default;
};

// The records from `offset` to the end, or the error that a reader meets; `got` has what came before it.
inline Status read_into(Log& log, uint32_t partition, uint64_t offset, std::vector<ReadRecord>& got,
                        PollLimits limits = {}) {
  MNEMO_ASSIGN(const uint64_t end, log.end(PartitionId{partition}));
  MNEMO_ASSIGN(const auto reader, log.read(PartitionId{partition}, offset));
  while (reader->next_offset() < end) {
    MNEMO_ASSIGN(const auto records, reader->poll(limits, Deadline::min()));
    for (const LogRecord& r : records) {
      got.push_back({r.position, r.appended_at_ms, std::string(r.key), std::string(r.value)});
    }
  }
  return {};
}

inline std::vector<ReadRecord> read_all(Log& log, uint32_t partition, uint64_t offset = 0) {
  std::vector<ReadRecord> got;
  const Status status = read_into(log, partition, offset, got);
  if (!status) ADD_FAILURE() << status.error().message;
  return got;
}

inline std::vector<std::string> values_of(const std::vector<ReadRecord>& records) {
  std::vector<std::string> values;
  for (const ReadRecord& record : records) values.push_back(record.value);
  return values;
}

}  // namespace mnemo
