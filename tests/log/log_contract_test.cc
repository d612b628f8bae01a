// The contract of the log, on the memory and the embedded log.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "events/log_embedded.h"
#include "events/log_embedded_hooks.h"
#include "events/log_memory.h"
#include "tests/log/log_contract.h"
#include "tests/log/log_testing.h"

namespace mnemo {
namespace {

constexpr Bytes16 kLogId{1, 2, 3};

class MemoryUnderTest final : public LogUnderTest {
 public:
  explicit MemoryUnderTest(const LogSetup& setup)
      : log_({.partitions = setup.partitions,
              .log_id = kLogId,
              .clock = setup.clock,
              .manual_sync = true,
              .queue_records_max = setup.queue_records_max}) {
    release();
  }
  ~MemoryUnderTest() override { hold(); }

  Log& log() override { return log_; }
  void reopen() override {
    ASSERT_TRUE(log_.close().has_value());
    log_.reopen();
  }
  // Between them a thread syncs all the time, as a disk does.
  void hold() override {
    stop_ = true;
    if (syncer_.joinable()) syncer_.join();
  }
  void release() override {
    stop_ = false;
    syncer_ = std::thread([this] {
      while (!stop_) {
        log_.sync();
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
    });
  }

 private:
  MemoryLog log_;
  std::atomic<bool> stop_{false};
  std::thread syncer_;
};

// A gate that what passes may be stopped at.
class Gate {
 public:
  void close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    opened_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = true;
};

class EmbeddedUnderTest final : public LogUnderTest {
 public:
  EmbeddedUnderTest(const LogSetup& setup, size_t memtable_bytes) {
    auto hooks = std::make_shared<EmbeddedLogHooks>();
    hooks->before_mark_sync = [this] {
      gate_.pass();
      return Status{};
    };
    options_.clock = setup.clock;
    options_.queue_records_max = setup.queue_records_max;
    options_.memtable_bytes = memtable_bytes;
    options_.hooks = hooks;
    auto log = EmbeddedLog::create(dir_.path() / "log", {kLogId, 1, setup.partitions}, options_);
    if (!log) throw std::runtime_error(log.error().message);
    log_ = std::move(*log);
  }
  ~EmbeddedUnderTest() override { release(); }

  Log& log() override { return *log_; }
  void reopen() override {
    log_.reset();
    auto log = EmbeddedLog::open(dir_.path() / "log", options_);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    log_ = std::move(*log);
  }
  void hold() override { gate_.close(); }
  void release() override { gate_.open(); }

 private:
  TempDir dir_;
  Gate gate_;
  EmbeddedLogOptions options_;
  std::unique_ptr<EmbeddedLog> log_;
};

std::string name_of(const testing::TestParamInfo<LogFactory>& info) { return info.param.name; }

const auto kBackends = testing::Values(
    LogFactory{"Memory", [](const LogSetup& setup) { return std::make_unique<MemoryUnderTest>(setup); }},
    LogFactory{"Embedded", [](const LogSetup& setup) { return std::make_unique<EmbeddedUnderTest>(setup, 12 << 20); }},
    // Tables are written and merged all the time.
    LogFactory{"EmbeddedWithTinyTables",
               [](const LogSetup& setup) { return std::make_unique<EmbeddedUnderTest>(setup, 64 << 10); }});

INSTANTIATE_TEST_SUITE_P(, LogContract, kBackends, name_of);
INSTANTIATE_TEST_SUITE_P(, LogClockContract, kBackends, name_of);

}  // namespace
}  // namespace mnemo
