// File: tests/consumers/passing_log.h
// Logs that stand before another one and do something else than it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "events/log.h"
#include "events/mutex.h"

namespace mnemo {

// A log that passes everything on; what a test wants otherwise it overrides.
class PassingLog : public Log {
 public:
  explicit PassingLog(Log& log) : log_(log) {}
  const LogIdentity& identity() const override { return log_.identity(); }
  Status append(std::vector<NewRecord> records, AppendDone done) override {
    return log_.append(std::move(records), std::move(done));
  }
  Result<std::unique_ptr<LogReader>> read(PartitionId p, uint64_t offset) override { return log_.read(p, offset); }
  Result<uint64_t> begin(PartitionId p) const override { return log_.begin(p); }
  Result<uint64_t> end(PartitionId p) const override { return log_.end(p); }
  Status close() override { return {}; }

 private:
  Log& log_;
};

// Takes the first records of each append, and fails: what a process that is killed leaves behind.
class CutLog final : public PassingLog {
 public:
  CutLog(Log& log, size_t records) : PassingLog(log), left_(records) {}
  Status append(std::vector<NewRecord> records, AppendDone done) override {
    if (records.size() <= left_) {
      left_ -= records.size();
      return PassingLog::append(std::move(records), std::move(done));
    }
    records.resize(left_);
    left_ = 0;
    if (!records.empty()) MNEMO_TRY(PassingLog::append(std::move(records), [](auto) {}));
    return fail(Code::kUnavailable, "cut off", true);
  }

 private:
  size_t left_;
};

// Its appends are on their way, and not there, while a test holds them.
class HeldLog final : public PassingLog {
 public:
  using PassingLog::PassingLog;
  void hold() {
    const MutexLock lock(mutex_);
    holding_ = true;
  }
  void release() {
    std::vector<std::function<void()>> held;
    {
      const MutexLock lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    for (const auto& append : held) append();
  }
  Status append(std::vector<NewRecord> records, AppendDone done) override {
    {
      const MutexLock lock(mutex_);
      if (holding_) {
        held_.push_back([this, records = std::move(records), done = std::move(done)] {
          EXPECT_TRUE(PassingLog::append(records, done));
        });
        return {};
      }
    }
    return PassingLog::append(std::move(records), std::move(done));
  }

 private:
  Mutex mutex_;
  bool holding_ MNEMO_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> held_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace mnemo
