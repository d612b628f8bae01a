// How often a node looks for something to do when nothing comes.
#include <gtest/gtest.h>

#include <atomic>

#include "consumers/node.h"
#include "tests/consumers/fixture.h"
#include "tests/consumers/passing_log.h"

namespace mnemo::consumers_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Tells how long each poll was ready to wait, and whether it brought something.
class WatchedLog final : public PassingLog {
 public:
  using Polled = std::function<void(milliseconds wait, size_t records)>;
  WatchedLog(Log& log, Polled polled) : PassingLog(log), polled_(std::move(polled)) {}

  Result<std::unique_ptr<LogReader>> read(PartitionId p, uint64_t offset) override {
    MNEMO_ASSIGN(auto reader, PassingLog::read(p, offset));
    return std::make_unique<Reader>(*this, std::move(reader));
  }

 private:
  class Reader final : public LogReader {
   public:
    Reader(const WatchedLog& log, std::unique_ptr<LogReader> reader) : log_(log), reader_(std::move(reader)) {}
    Result<std::span<const LogRecord>> poll(PollLimits limits, Deadline deadline) override {
      const auto wait = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
      auto records = reader_->poll(limits, deadline);
      log_.polled_(wait, records ? records->size() : 0);
      return records;
    }
    uint64_t next_offset() const override { return reader_->next_offset(); }

   private:
    const WatchedLog& log_;
    std::unique_ptr<LogReader> reader_;
  };

  const Polled polled_;
};

class IdleTest : public ConsumersTest {
 protected:
  static bool comes_true(const std::function<bool()>& condition) {
    const auto given_up = steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && steady_clock::now() < given_up) std::this_thread::yield();
    return condition();
  }

  // Of the polls since the last that brought something: how long they were to wait.
  std::atomic<int64_t> longest_ms_ = 0;
  std::atomic<int64_t> first_ms_ = -1;  // none yet
  std::atomic<uint64_t> brought_ = 0;
  WatchedLog watched_{log_, [this](milliseconds wait, size_t records) {
                        if (records > 0) {
                          longest_ms_ = 0;
                          first_ms_ = -1;
                          ++brought_;
                          return;
                        }
                        if (first_ms_ < 0) first_ms_ = std::max<int64_t>(wait.count(), 0);
                        longest_ms_ = std::max(longest_ms_.load(), wait.count());
                      }};
};

TEST_F(IdleTest, ANodeThatNothingComesToLooksLessOftenUntilSomethingDoes) {
  NodeOptions options;
  options.memory_bytes = 32 << 20;
  const auto node = Node::open(watched_, key_, clock_, dir_, options).value();
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(comes_true([this] { return longest_ms_ >= 100; }));
    const uint64_t before = brought_;
    append(remember("k" + std::to_string(round)));
    ASSERT_TRUE(comes_true([&] { return brought_ > before && first_ms_ >= 0; }));
    EXPECT_LE(first_ms_, 20);
  }
}

}  // namespace
}  // namespace mnemo::consumers_test
