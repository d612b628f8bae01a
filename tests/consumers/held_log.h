// File: tests/consumers/held_log.h
// A log whose appends are on their way, and not there, while a test holds them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "events/log.h"
#include "events/mutex.h"

namespace mnemo {

class HeldLog final : public Log {
 public:
  explicit HeldLog(Log& log) : log_(log) {}
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
  const LogIdentity& identity() const override { return log_.identity(); }
  Status append(std::vector<NewRecord> records, AppendDone done) override {
    {
      const MutexLock lock(mutex_);
      if (holding_) {
        held_.push_back(
            [this, records = std::move(records), done = std::move(done)] { EXPECT_TRUE(log_.append(records, done)); });
        return {};
      }
    }
    return log_.append(std::move(records), std::move(done));
  }
  Result<std::unique_ptr<LogReader>> read(PartitionId p, uint64_t offset) override { return log_.read(p, offset); }
  Result<uint64_t> begin(PartitionId p) const override { return log_.begin(p); }
  Result<uint64_t> end(PartitionId p) const override { return log_.end(p); }
  Status close() override { return {}; }

 private:
  Log& log_;
  Mutex mutex_;
  bool holding_ MNEMO_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> held_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace mnemo
