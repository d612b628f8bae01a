// What the embedded log does when the storage below it fails.
#include <gmock/gmock.h>
#include <rocksdb/env.h>

#include <map>
#include <mutex>
#include <thread>

#include "events/log_embedded.h"
#include "events/log_embedded_hooks.h"
#include "tests/log/fault_file_system.h"
#include "tests/log/fault_testing.h"

namespace mnemo {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr LogIdentity kIdentity{{5}, 1, 2};

// A log over a file system that fails when told to.
class FaultyLog {
 public:
  explicit FaultyLog(std::filesystem::path dir, size_t memtable_bytes = 64 << 10) : dir_(std::move(dir)) {
    auto hooks = std::make_shared<EmbeddedLogHooks>();
    hooks->env = env_.get();
    hooks->before_mark_sync = [this]() -> Status {
      if (mark_fails_ || disk_->is_dead()) return fail(Code::kUnavailable, "the mark cannot be synced");
      return {};
    };
    options_.hooks = hooks;
    options_.memtable_bytes = memtable_bytes;
    options_.on_fatal = [this](const Error& error) {
      ++fatal_;
      fatal_error_ = error.message;
    };
    auto log = std::filesystem::exists(dir_) ? EmbeddedLog::open(dir_, options_)
                                             : EmbeddedLog::create(dir_, kIdentity, options_);
    if (!log) throw std::runtime_error(log.error().message);
    log_ = std::move(*log);
  }

  EmbeddedLog& log() { return *log_; }
  FaultFileSystem& disk() { return *disk_; }
  void fail_marks() { mark_fails_ = true; }
  int fatal_calls() const { return fatal_; }
  const std::string& fatal_error() const { return fatal_error_; }
  void end() { log_.reset(); }

 private:
  std::filesystem::path dir_;
  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
  std::atomic<bool> mark_fails_{false};
  std::atomic<int> fatal_{0};
  std::string fatal_error_;
  EmbeddedLogOptions options_;
  std::unique_ptr<EmbeddedLog> log_;
};

void expect_stopped(FaultyLog& faulty) {
  const Status refused = faulty.log().append({new_record(0, "late")}, [](auto&&) { FAIL() << "must not be called"; });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("the log has stopped"));
  EXPECT_FALSE(faulty.log().close().has_value());
  EXPECT_EQ(faulty.fatal_calls(), 1);
}

TEST(EmbeddedLogFault, AFailedSyncIsNeverAcknowledgedAndStopsTheLog) {
  const TempDir temp;
  FaultyLog faulty(temp.path() / "log");
  append_one(faulty.log(), 0, "acknowledged");
  faulty.disk().fail_syncs_of(".log");
  const auto failed = append_and_wait(faulty.log(), {new_record(0, "not durable")});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  faulty.disk().fail_syncs_of("");  // a sync would work again: it must not be tried
  expect_stopped(faulty);
  EXPECT_EQ(values_of(read_all(faulty.log(), 0)), std::vector<std::string>{"acknowledged"});
  faulty.end();
  expect_whole_again(temp.path() / "log", {"acknowledged"});
}

TEST(EmbeddedLogFault, AFailedMarkIsNeverAcknowledgedAndStopsTheLog) {
  const TempDir temp;
  FaultyLog faulty(temp.path() / "log");
  append_one(faulty.log(), 0, "acknowledged");
  faulty.fail_marks();
  const auto failed = append_and_wait(faulty.log(), {new_record(0, "durable, but not marked")});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  expect_stopped(faulty);
  EXPECT_EQ(faulty.log().end(PartitionId{0}).value(), 1u);
  faulty.end();
  expect_whole_again(temp.path() / "log", {"acknowledged"});
}

TEST(EmbeddedLogFault, EveryWaitingAppenderIsToldWhenTheLogStops) {
  const TempDir temp;
  FaultyLog faulty(temp.path() / "log");
  append_one(faulty.log(), 0, "acknowledged");
  faulty.disk().fail_syncs_of(".log");
  std::vector<std::thread> threads;
  std::atomic<int> told{0};
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      const auto appended = append_and_wait(faulty.log(), {new_record(0, "x")});
      if (!appended && appended.error().code == Code::kUnavailable) ++told;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(told, 16);
  EXPECT_EQ(faulty.fatal_calls(), 1);
}

TEST(EmbeddedLogFault, AFullDiskIsSaidAndNothingAcknowledgedIsLost) {
  const TempDir temp;
  FaultyLog faulty(temp.path() / "log");
  faulty.disk().set_space(100'000, ".log");
  const auto [acknowledged, error] = append_until_refused(faulty.log(), 5000);
  EXPECT_GT(acknowledged.size(), 10u);
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_TRUE(error.retryable);
  EXPECT_THAT(error.message, HasSubstr("no space is left: free some"));
  expect_stopped(faulty);
  faulty.end();
  expect_whole_again(temp.path() / "log", acknowledged);
}

TEST(EmbeddedLogFault, ATableThatCannotBeWrittenStopsTheLogAndNothingAcknowledgedIsLost) {
  const TempDir temp;
  FaultyLog faulty(temp.path() / "log");
  faulty.disk().set_space(1000, ".sst");
  const auto [acknowledged, error] = append_until_refused(faulty.log(), 5000);
  EXPECT_GT(acknowledged.size(), 10u);
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_TRUE(error.retryable);
  EXPECT_THAT(error.message, HasSubstr("no space is left: free some"));
  EXPECT_EQ(faulty.fatal_calls(), 1);
  faulty.disk().set_space(-1, "");
  std::this_thread::sleep_for(milliseconds(50));  // RocksDB must not recover behind the log's back
  expect_stopped(faulty);
  faulty.end();
  expect_whole_again(temp.path() / "log", acknowledged);
}

// Appends from several threads until the power is cut; gives what was acknowledged.
std::map<Position, std::string> append_until_cut(FaultyLog& faulty, std::mt19937_64& random, int round) {
  std::mutex mutex;
  std::map<Position, std::string> acknowledged;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const std::string value = std::to_string(round) + "/" + std::to_string(t) + "/" + std::to_string(i) +
                                  std::string(static_cast<size_t>(i * 37 % 3000), 'p');
        const auto appended = append_and_wait(faulty.log(), {new_record(static_cast<uint32_t>(i % 2), value)});
        if (!appended) return;
        const std::lock_guard lock(mutex);
        acknowledged[appended->front().position] = value;
      }
    });
  }
  std::this_thread::sleep_for(milliseconds(5 + random() % 120));
  faulty.disk().cut_power();
  for (auto& thread : threads) thread.join();
  return acknowledged;
}

TEST(EmbeddedLogFault, WhatWasAcknowledgedSurvivesLossOfPower) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const TempDir temp;
  std::map<Position, std::string> acknowledged;
  size_t torn = 0;
  for (int round = 0; round < 12; ++round) {
    {
      FaultyLog faulty(temp.path() / "log");
      acknowledged.merge(append_until_cut(faulty, random, round));
      faulty.end();
      faulty.disk().lose_unsynced(random);
    }
    const auto log = EmbeddedLog::open(temp.path() / "log", {.read_only = true});
    ASSERT_TRUE(log.has_value()) << log.error().message;
    torn += (*log)->warnings().size();
    std::map<Position, std::string> found;
    for (uint32_t p = 0; p < 2; ++p) {
      for (const auto& record : read_all(**log, p)) found[record.position] = record.value;
    }
    for (const auto& [position, value] : acknowledged) {
      ASSERT_TRUE(found.contains(position)) << to_string(position) << " is lost, round " << round;
      ASSERT_EQ(found[position], value) << to_string(position);
    }
  }
  std::printf("%zu acknowledged records in 12 rounds, %zu torn tails\n", acknowledged.size(), torn);
}

}  // namespace
}  // namespace mnemo
