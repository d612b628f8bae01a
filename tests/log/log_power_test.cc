// Loss of power, at every change that the log makes to its files: while it is made, while it is opened, while it
// writes.
#include <gmock/gmock.h>

#include <map>
#include <mutex>
#include <thread>

#include "events/acked_end.h"
#include "tests/log/damage_testing.h"
#include "tests/log/fault_testing.h"

namespace mnemo {
namespace {

namespace fs = std::filesystem;
constexpr LogIdentity kIdentity{{5}, 1, 2};

uint64_t printed_seed() {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

using Acknowledged = std::map<Position, std::string>;

// Appends from several threads until the power goes, after so many changes; gives what was acknowledged.
Acknowledged append_until_cut(FaultyLog& faulty, int changes, int round) {
  std::mutex mutex;
  Acknowledged acknowledged;
  faulty.disk().cut_power_after(changes);
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
  for (auto& thread : threads) thread.join();
  return acknowledged;
}

void expect_all_there(const fs::path& dir, const Acknowledged& acknowledged, size_t& torn) {
  {
    // The mark by itself: a log that lost it may still have every record, and would not notice that it has not.
    const auto mark = AckedEnd::open(dir / "ACKED_END", true);
    ASSERT_TRUE(mark.has_value()) << mark.error().message;
    for (const auto& [position, value] : acknowledged) {
      ASSERT_GT(mark->contents().ends[position.partition.value], position.offset) << "acknowledged, and not marked";
    }
  }
  const auto log = EmbeddedLog::open(dir, {.read_only = true});
  ASSERT_TRUE(log.has_value()) << log.error().message;
  for (const std::string& warning : (*log)->warnings()) torn += warning.find(".log ") != std::string::npos ? 1 : 0;
  Acknowledged found;
  for (uint32_t p = 0; p < 2; ++p) {
    for (const auto& record : read_all(**log, p)) found[record.position] = record.value;
  }
  for (const auto& [position, value] : acknowledged) {
    ASSERT_TRUE(found.contains(position)) << to_string(position) << " is lost";
    ASSERT_EQ(found[position], value) << to_string(position);
  }
}

TEST(EmbeddedLogPower, WhatWasAcknowledgedSurvivesItsLoss) {
  std::mt19937_64 random(printed_seed());
  const TempDir temp;
  Acknowledged acknowledged;
  size_t torn = 0;
  int round = 0;
  for (; round < 12 || (torn == 0 && round < 200); ++round) {
    SCOPED_TRACE(round);
    FaultyLog faulty(temp.path() / "log");
    acknowledged.merge(append_until_cut(faulty, 1 + static_cast<int>(random() % 400), round));
    faulty.end();
    const auto loss = random() % 3 == 0 ? FaultDisk::Loss::kAll : FaultDisk::Loss::kSome;
    faulty.disk().lose_unsynced(random, loss);
    expect_all_there(temp.path() / "log", acknowledged, torn);
    if (HasFatalFailure()) return;
  }
  std::printf("%zu acknowledged records in %d rounds, %zu torn tails\n", acknowledged.size(), round, torn);
  EXPECT_GT(acknowledged.size(), 0u);
  EXPECT_GT(torn, 0u);
}

// All that making a log leaves to chance is lost at once: files not synced, entries and directories not synced.
TEST(EmbeddedLogPower, LostWhenALogHasBeenMadeTakesNothingOfItNorOfTheDirectoriesAbove) {
  std::mt19937_64 random(1);
  const TempDir temp;
  const fs::path dir = temp.path() / "a" / "b" / "log";
  {
    FaultyStorage storage;
    auto log = EmbeddedLog::create(dir, kIdentity, storage.options());
    ASSERT_TRUE(log.has_value()) << log.error().message;
    storage.disk().cut_power();
    log->reset();
    storage.disk().lose_unsynced(random, FaultDisk::Loss::kAll);
  }
  expect_whole_again(dir, {});
}

TEST(EmbeddedLogPower, LostWhileALogIsMadeLeavesOneThatIsWholeOrNone) {
  std::mt19937_64 random(printed_seed());
  for (int changes = 1;; ++changes) {
    SCOPED_TRACE(changes);
    ASSERT_LT(changes, 1000);
    const TempDir temp;
    const fs::path dir = temp.path() / "above" / "log";
    FaultyStorage storage;
    storage.disk().cut_power_after(changes);
    const bool made = EmbeddedLog::create(dir, kIdentity, storage.options()).has_value() && !storage.disk().is_dead();
    storage.disk().cut_power();
    storage.disk().lose_unsynced(random, changes % 2 == 0 ? FaultDisk::Loss::kAll : FaultDisk::Loss::kSome);
    if (!fs::exists(dir)) {
      ASSERT_FALSE(made);
      ASSERT_TRUE(EmbeddedLog::create(dir, kIdentity).has_value());
    }
    expect_whole_again(dir, {});
    if (made || HasFatalFailure()) break;
  }
}

TEST(EmbeddedLogPower, LostWhileALogIsOpenedLosesNothing) {
  std::mt19937_64 random(printed_seed());
  const TempDir temp;
  const fs::path dir = temp.path() / "log";
  // A tail that is torn behind what was acknowledged, so that opening has the most to do.
  Files files = sample_log().files;
  files["ACKED_END"] = sample_log().before_last[2].mark;
  files[sample_log().wal].resize(files[sample_log().wal].size() - 3);
  auto expected = sample_log().records;
  expected[0].pop_back();
  int cuts = 0;
  for (int changes = 1;; ++changes) {
    SCOPED_TRACE(changes);
    ASSERT_LT(changes, 1000);
    write_files(dir, files);
    FaultyStorage storage;
    storage.disk().cut_power_after(changes);
    const bool opened = EmbeddedLog::open(dir, storage.options()).has_value() && !storage.disk().is_dead();
    storage.disk().cut_power();
    storage.disk().lose_unsynced(random, changes % 2 == 0 ? FaultDisk::Loss::kAll : FaultDisk::Loss::kSome);
    const Outcome outcome = examine(dir, false);
    ASSERT_TRUE(outcome.status.has_value()) << outcome.status.error().message;
    ASSERT_EQ(outcome.records, expected);
    if (opened) break;
    ++cuts;
  }
  EXPECT_GT(cuts, 10);
}

}  // namespace
}  // namespace mnemo
