// What the embedded log does beside the contract: its directory, its threads, its tables.
#include "events/log_embedded.h"

#include <gmock/gmock.h>

#include <map>
#include <thread>

#include "tests/log/damage_testing.h"

namespace mnemo {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr LogIdentity kIdentity{{3}, 1, 2};

TEST(EmbeddedLog, IsMadeInAnAbsentOrEmptyDirectoryOnlyAndItsParentsAreMadeToo) {
  const TempDir temp;
  EXPECT_TRUE(EmbeddedLog::create(temp.path() / "a" / "b" / "log", kIdentity).has_value());
  fs::create_directory(temp.path() / "empty");
  EXPECT_TRUE(EmbeddedLog::create(temp.path() / "empty", kIdentity).has_value());
  EXPECT_TRUE(EmbeddedLog::create(temp.path() / "slash" / "", kIdentity).has_value());
  EXPECT_TRUE(EmbeddedLog::open(temp.path() / "slash").has_value());

  const Files before = read_files(temp.path() / "empty");
  EXPECT_EQ(EmbeddedLog::create(temp.path() / "empty", kIdentity).error().code, Code::kAlreadyExists);
  EXPECT_EQ(read_files(temp.path() / "empty"), before);
  write_file(temp.path() / "file", "x");
  EXPECT_EQ(EmbeddedLog::create(temp.path() / "file", kIdentity).error().code, Code::kAlreadyExists);
  EXPECT_EQ(EmbeddedLog::create(temp.path() / "none", {{3}, 1, 0}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(EmbeddedLog::create(temp.path() / "many", {{3}, 1, 1025}).error().code, Code::kInvalidArgument);
}

TEST(EmbeddedLog, GetsARandomIdWhenNoneIsGiven) {
  const TempDir temp;
  const auto a = EmbeddedLog::create(temp.path() / "a", {.partitions = 1}).value();
  const auto b = EmbeddedLog::create(temp.path() / "b", {.partitions = 1}).value();
  EXPECT_NE(a->identity().log_id, Bytes16{});
  EXPECT_NE(a->identity().log_id, b->identity().log_id);
}

TEST(EmbeddedLog, WhatAnInterruptedCreationLeftBehindIsReplaced) {
  const TempDir temp;
  fs::create_directory(temp.path() / "log.creating");
  write_file(temp.path() / "log.creating" / "ACKED_END", "half");
  EXPECT_TRUE(EmbeddedLog::create(temp.path() / "log", kIdentity).has_value());
  EXPECT_FALSE(fs::exists(temp.path() / "log.creating"));
}

TEST(EmbeddedLog, IsNotFoundWhereThereIsNone) {
  const TempDir temp;
  EXPECT_EQ(EmbeddedLog::open(temp.path() / "log").error().code, Code::kNotFound);
  EXPECT_FALSE(fs::exists(temp.path() / "log"));
  EXPECT_EQ(EmbeddedLog::open(temp.path()).error().code, Code::kNotFound);
}

TEST(EmbeddedLog, IsHeldByOneAtATime) {
  const TempDir temp;
  auto log = EmbeddedLog::create(temp.path() / "log", kIdentity).value();
  for (const bool read_only : {false, true}) {
    const auto other = EmbeddedLog::open(temp.path() / "log", {.read_only = read_only});
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().code, Code::kFailedPrecondition);
    EXPECT_THAT(other.error().message, HasSubstr("held by another process"));
  }
  append_one(*log, 0, "undisturbed");
  log.reset();
  EXPECT_TRUE(EmbeddedLog::open(temp.path() / "log").has_value());
}

TEST(EmbeddedLog, OpenForReadingOnlyChangesNoFileAndTakesNoAppends) {
  const TempDir temp;
  write_files(temp.path() / "log", sample_log().files);
  {
    const auto log = EmbeddedLog::open(temp.path() / "log", {.read_only = true}).value();
    EXPECT_EQ(log->append({new_record(0, "x")}, [](auto&&) {}).error().code, Code::kFailedPrecondition);
    EXPECT_EQ(read_all(*log, 1), sample_log().records[1]);
    EXPECT_TRUE(log->verify_all().has_value());
    EXPECT_TRUE(log->close().has_value());
  }
  EXPECT_EQ(read_files(temp.path() / "log"), sample_log().files);
}

TEST(EmbeddedLog, OneSyncServesManyAppenders) {
  const TempDir temp;
  const auto log = EmbeddedLog::create(temp.path() / "log", kIdentity).value();
  constexpr int kThreads = 32;
  constexpr int kAppends = 40;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&log] {
      for (int i = 0; i < kAppends; ++i) append_one(*log, 0, "x");
    });
  }
  for (auto& thread : threads) thread.join();
  const EmbeddedLogStats stats = log->stats();
  EXPECT_EQ(stats.records, uint64_t{kThreads * kAppends});
  EXPECT_LT(stats.groups * 2, stats.records);
  EXPECT_LE(stats.marks, stats.groups);
  EXPECT_GT(stats.group_micros, 0u);
  EXPECT_GT(stats.mark_micros, 0u);
}

// Many small tables, merged again and again, beside a write-ahead log.
class EmbeddedLogWithTables : public testing::Test {
 protected:
  static constexpr int kRecords = 3000;

  static std::string value(uint32_t partition, int i) {
    return std::to_string(partition) + "/" + std::to_string(i) + "/" +
           std::string(static_cast<size_t>(i * 7919 % 1500), 'v');
  }
  void SetUp() override {
    log_ = EmbeddedLog::create(temp_.path() / "log", kIdentity, {.memtable_bytes = 64 << 10}).value();
    for (int i = 0; i < kRecords; i += 10) {
      std::vector<NewRecord> records;
      for (int k = i; k < i + 10; ++k) {
        records.push_back(new_record(0, value(0, k)));
        records.push_back(new_record(1, value(1, k)));
      }
      ASSERT_TRUE(append_and_wait(*log_, std::move(records)).has_value());
    }
  }
  void expect_all(EmbeddedLog& log, PollLimits limits) {
    for (uint32_t p = 0; p < 2; ++p) {
      std::vector<ReadRecord> records;
      ASSERT_TRUE(read_into(log, p, 0, records, limits).has_value());
      ASSERT_EQ(records.size(), static_cast<size_t>(kRecords));
      for (int i = 0; i < kRecords; ++i) {
        ASSERT_EQ(records[static_cast<size_t>(i)].value, value(p, i));
        ASSERT_EQ(records[static_cast<size_t>(i)].position.offset, static_cast<uint64_t>(i));
      }
    }
  }

  TempDir temp_;
  std::unique_ptr<EmbeddedLog> log_;
};

TEST_F(EmbeddedLogWithTables, IsReadInWholeFromTablesAndMemory) {
  EXPECT_GT(names_like(read_files(temp_.path() / "log"), ".sst").size(), 3u);
  expect_all(*log_, {});
  expect_all(*log_, {.records = 3, .bytes = 1 << 20});
  EXPECT_TRUE(log_->verify_all().has_value());
  log_.reset();
  log_ = EmbeddedLog::open(temp_.path() / "log").value();
  EXPECT_THAT(log_->warnings(), testing::IsEmpty());
  expect_all(*log_, {.records = 1000, .bytes = 10'000});
  EXPECT_TRUE(log_->verify_all().has_value());
}

TEST_F(EmbeddedLogWithTables, ARecordIsReadFromAnywhere) {
  for (const int i : {0, 1, 777, 1500, kRecords - 1}) {
    const auto reader = log_->read(PartitionId{1}, static_cast<uint64_t>(i)).value();
    EXPECT_EQ(reader->poll({.records = 1}, Deadline::min())->front().value, value(1, i));
  }
}

TEST_F(EmbeddedLogWithTables, TheWriteAheadLogStaysSmall) {
  uint64_t bytes = 0;
  for (const auto& [name, content] : read_files(temp_.path() / "log")) {
    if (name.ends_with(".log")) bytes += content.size();
  }
  EXPECT_LT(bytes, uint64_t{3 * (64 << 10) + (128 << 10)});
}

TEST_F(EmbeddedLogWithTables, VerifyTellsHowFarItIs) {
  std::map<uint32_t, uint64_t> seen;
  ASSERT_TRUE(
      log_->verify_all([&](PartitionId partition, uint64_t next) { seen[partition.value] = next; }).has_value());
  EXPECT_THAT(seen, testing::ElementsAre(testing::Pair(0, kRecords), testing::Pair(1, kRecords)));
}

TEST_F(EmbeddedLogWithTables, ADamagedTableIsReadUpToTheDamageAndItsPositionIsNamed) {
  log_.reset();
  Files files = read_files(temp_.path() / "log");
  // In the middle of the data of the largest table.
  std::string largest;
  for (const auto& name : names_like(files, ".sst")) {
    if (largest.empty() || files[name].size() > files[largest].size()) largest = name;
  }
  files[largest][files[largest].size() / 2] ^= 1;
  write_files(temp_.path() / "log", files);
  const auto log = EmbeddedLog::open(temp_.path() / "log", {.read_only = true});
  ASSERT_TRUE(log.has_value()) << log.error().message;

  int damaged = 0;
  for (uint32_t p = 0; p < 2; ++p) {
    std::vector<ReadRecord> records;
    const Status status = read_into(**log, p, 0, records);
    for (size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i].value, value(p, static_cast<int>(i)));
    if (status) {
      EXPECT_EQ(records.size(), static_cast<size_t>(kRecords));
      continue;
    }
    ++damaged;
    EXPECT_EQ(status.error().code, Code::kDataLoss);
    const Position next{PartitionId{p}, 1, records.size()};
    EXPECT_THAT(status.error().message, HasSubstr("record " + to_string(next)));
    const Status verified = (*log)->verify_all();
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().code, Code::kDataLoss);
  }
  EXPECT_GE(damaged, 1);
}

}  // namespace
}  // namespace mnemo
