#include "tests/log/log_contract.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "events/limits.h"
#include "tests/log/log_testing.h"

namespace mnemo {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

constexpr PartitionId kFirst{0};

// Starts an append and gives the future of its answer.
std::future<Result<std::vector<Appended>>> start_append(Log& log, std::vector<NewRecord> records) {
  auto promise = std::make_shared<std::promise<Result<std::vector<Appended>>>>();
  auto future = promise->get_future();
  const Status accepted = log.append(
      std::move(records), [promise](Result<std::vector<Appended>> done) { promise->set_value(std::move(done)); });
  if (!accepted) promise->set_value(fail(accepted.error()));
  return future;
}

bool is_ready(std::future<Result<std::vector<Appended>>>& future, int ms) {
  return future.wait_for(milliseconds(ms)) == std::future_status::ready;
}

}  // namespace

TEST_P(LogContract, TheIdentityStaysTheSameWhenTheLogIsReopened) {
  const auto under_test = GetParam().make({.partitions = 3});
  const LogIdentity before = under_test->log().identity();
  EXPECT_EQ(before.partitions, 3u);
  EXPECT_GE(before.epoch, 1u);
  EXPECT_NE(before.log_id, Bytes16{});
  under_test->reopen();
  EXPECT_EQ(under_test->log().identity().log_id, before.log_id);
  EXPECT_EQ(under_test->log().identity().epoch, before.epoch);
  EXPECT_EQ(under_test->log().identity().partitions, before.partitions);
}

TEST_P(LogContract, ANewLogIsEmpty) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  EXPECT_EQ(log.begin(kFirst).value(), 0u);
  EXPECT_EQ(log.end(kFirst).value(), 0u);
  const auto reader = log.read(kFirst, 0).value();
  EXPECT_TRUE(reader->poll({}, in_ms(1))->empty());
  EXPECT_EQ(reader->next_offset(), 0u);
}

TEST_P(LogContract, RecordsAreReadInTheOrderOfTheirAppendsWithKeysAndValuesUnchanged) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  const std::string binary("\0\xff\x1f\n", 4);
  append_one(log, 0, "first");
  const auto appended = append_and_wait(log, {new_record(0, binary, "key one"), new_record(0, "", "")});
  ASSERT_TRUE(appended.has_value()) << appended.error().message;

  const auto records = read_all(log, 0);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_THAT(values_of(records), ElementsAre("first", binary, ""));
  EXPECT_EQ(records[1].key, "key one");
  EXPECT_EQ(records[2].key, "");
  EXPECT_EQ(records[1].position, (*appended)[0].position);
  EXPECT_EQ(records[1].appended_at_ms, (*appended)[0].appended_at_ms);
  EXPECT_EQ(records[2].position, (*appended)[1].position);
}

TEST_P(LogContract, PositionsCarryPartitionAndEpochAndRise) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  uint64_t before = 0;
  for (int i = 0; i < 5; ++i) {
    const Appended appended = append_one(log, 1, std::to_string(i));
    EXPECT_EQ(appended.position.partition, PartitionId{1});
    EXPECT_EQ(appended.position.epoch, log.identity().epoch);
    if (GetParam().dense_offsets) {
      EXPECT_EQ(appended.position.offset, static_cast<uint64_t>(i));
    }
    EXPECT_TRUE(i == 0 || appended.position.offset > before);
    before = appended.position.offset;
    EXPECT_GT(log.end(PartitionId{1}).value(), appended.position.offset);
  }
}

TEST_P(LogContract, PartitionsDoNotMix) {
  const auto under_test = GetParam().make({.partitions = 3});
  Log& log = under_test->log();
  ASSERT_TRUE(append_and_wait(log, {new_record(2, "c0"), new_record(0, "a0"), new_record(2, "c1")}));
  append_one(log, 0, "a1");
  EXPECT_THAT(values_of(read_all(log, 0)), ElementsAre("a0", "a1"));
  EXPECT_TRUE(read_all(log, 1).empty());
  EXPECT_THAT(values_of(read_all(log, 2)), ElementsAre("c0", "c1"));
}

TEST_P(LogContract, WhatIsNotDurableIsNeitherAcknowledgedNorSeen) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  append_one(log, 0, "durable");
  under_test->hold();
  auto held = start_append(log, {new_record(0, "held")});
  EXPECT_FALSE(is_ready(held, 50));
  EXPECT_EQ(log.end(kFirst).value(), 1u);
  EXPECT_THAT(values_of(read_all(log, 0)), ElementsAre("durable"));
  under_test->release();
  ASSERT_TRUE(is_ready(held, 10000));
  EXPECT_TRUE(held.get().has_value());
  EXPECT_THAT(values_of(read_all(log, 0)), ElementsAre("durable", "held"));
}

TEST_P(LogContract, WhatIsAcknowledgedIsThereWhenTheLogIsReopened) {
  const auto under_test = GetParam().make({});
  const Appended first = append_one(under_test->log(), 0, "kept");
  const Appended second = append_one(under_test->log(), 1, "kept too");
  for (int round = 0; round < 2; ++round) {
    under_test->reopen();
    const auto records = read_all(under_test->log(), 0);
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0], (ReadRecord{first.position, first.appended_at_ms,
                                      "ns\x1f"
                                      "agent",
                                      "kept"}));
    EXPECT_EQ(read_all(under_test->log(), 1).at(0).position, second.position);
  }
  EXPECT_GT(append_one(under_test->log(), 0, "more").position.offset, first.position.offset);
  EXPECT_THAT(values_of(read_all(under_test->log(), 0)), ElementsAre("kept", "more"));
}

TEST_P(LogContract, ManyAppendersEachGetTheirRecordsOnceAndTogether) {
  constexpr int kThreads = 16;
  constexpr int kAppends = 60;
  const auto under_test = GetParam().make({.partitions = 2});
  Log& log = under_test->log();
  std::mutex mutex;
  std::map<Position, std::string> told;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kAppends; ++i) {
        std::vector<NewRecord> records;
        for (int k = 0; k <= i % 3; ++k) {
          records.push_back(new_record(static_cast<uint32_t>(i % 2), std::to_string(t) + "/" + std::to_string(i)));
        }
        const std::string value = records.front().value;
        const auto appended = append_and_wait(log, std::move(records));
        ASSERT_TRUE(appended.has_value()) << appended.error().message;
        const std::lock_guard lock(mutex);
        for (size_t k = 0; k < appended->size(); ++k) {
          EXPECT_TRUE(told.emplace((*appended)[k].position, value).second) << "a position was told twice";
          if (k > 0 && GetParam().dense_offsets) {
            EXPECT_EQ((*appended)[k].position.offset, (*appended)[k - 1].position.offset + 1);
          }
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();

  std::map<Position, std::string> read;
  for (uint32_t p = 0; p < 2; ++p) {
    uint64_t offset = 0;
    for (const auto& record : read_all(log, p)) {
      EXPECT_TRUE(!GetParam().dense_offsets || record.position.offset == offset++);
      read.emplace(record.position, record.value);
    }
  }
  EXPECT_EQ(read, told);
}

TEST_P(LogContract, WhatBreaksALimitIsRefusedAtOnceAndNothingIsAppended) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  std::atomic<int> called{0};
  const auto refused = [&](std::vector<NewRecord> records) {
    const Status status = log.append(std::move(records), [&](auto&&) { ++called; });
    return status ? Code::kUnknown : status.error().code;
  };
  EXPECT_EQ(refused({}), Code::kInvalidArgument);
  EXPECT_EQ(refused({new_record(2, "no such partition")}), Code::kInvalidArgument);
  EXPECT_EQ(refused({new_record(0, "good"), new_record(0, std::string(limits::kEventBytesMax + 1, 'x'))}),
            Code::kInvalidArgument);
  EXPECT_EQ(refused({new_record(0, "x", std::string(4096, 'k'))}), Code::kInvalidArgument);
  EXPECT_EQ(refused(std::vector<NewRecord>(10, new_record(0, std::string(limits::kEventBytesMax, 'x')))),
            Code::kInvalidArgument);
  EXPECT_EQ(refused(std::vector<NewRecord>(limits::kAppendQueueRecordsMax + 1, new_record(0, ""))),
            Code::kInvalidArgument);
  EXPECT_EQ(log.end(kFirst).value(), 0u);
  EXPECT_EQ(called, 0);
  append_one(log, 0, std::string(limits::kEventBytesMax, 'x'));
  EXPECT_EQ(read_all(log, 0).at(0).value.size(), limits::kEventBytesMax);
}

// "Try again later" would never come true.
TEST_P(LogContract, AnAppendThatIsLargerThanTheQueueIsToBeSplitNotTriedAgain) {
  const auto under_test = GetParam().make({.queue_records_max = 10});
  const auto append = [&](size_t records) {
    return append_and_wait(under_test->log(), std::vector<NewRecord>(records, new_record(0, "x")));
  };
  const auto refused = append(11);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_FALSE(refused.error().retryable);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("split it"));
  EXPECT_TRUE(append(10).has_value());
}

TEST_P(LogContract, AFullQueueRefusesUntilThereIsRoom) {
  const auto under_test = GetParam().make({.queue_records_max = 10});
  Log& log = under_test->log();
  under_test->hold();
  std::vector<std::future<Result<std::vector<Appended>>>> accepted;
  for (int i = 0; i < 5; ++i) accepted.push_back(start_append(log, {new_record(0, "a"), new_record(0, "b")}));
  bool called = false;
  const Status refused = log.append({new_record(0, "one too many")}, [&](auto&&) { called = true; });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  EXPECT_TRUE(refused.error().retryable);
  under_test->release();
  for (auto& append : accepted) EXPECT_TRUE(append.get().has_value());
  EXPECT_FALSE(called);
  append_one(log, 0, "room again");
  EXPECT_EQ(read_all(log, 0).size(), 11u);
}

TEST_P(LogContract, AppendTimestampsAreReadAsTheyWereToldAndNeverDecrease) {
  const auto under_test = GetParam().make({});
  const TimestampMs before_ms = SystemClock().now_ms();
  std::vector<TimestampMs> told;
  for (int i = 0; i < 20; ++i) told.push_back(append_one(under_test->log(), 0, std::to_string(i)).appended_at_ms);
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_GE(told.front(), before_ms);
  EXPECT_LE(told.back(), SystemClock().now_ms());
  std::vector<TimestampMs> read;
  for (const auto& record : read_all(under_test->log(), 0)) read.push_back(record.appended_at_ms);
  EXPECT_EQ(read, told);
}

TEST_P(LogClockContract, AppendTimestampsNeverDecreaseEvenWhenTheClockGoesBack) {
  ManualClock clock(1'700'000'000'000);
  const auto under_test = GetParam().make({.clock = &clock});
  EXPECT_EQ(append_one(under_test->log(), 0, "now").appended_at_ms, 1'700'000'000'000);
  clock.advance_ms(5000);
  EXPECT_EQ(append_one(under_test->log(), 0, "later").appended_at_ms, 1'700'000'005'000);
  clock.advance_ms(-60'000);
  EXPECT_EQ(append_one(under_test->log(), 0, "the clock went back").appended_at_ms, 1'700'000'005'000);
  EXPECT_EQ(append_one(under_test->log(), 1, "not here").appended_at_ms, 1'699'999'945'000);
  under_test->reopen();
  EXPECT_EQ(append_one(under_test->log(), 0, "after a restart").appended_at_ms, 1'700'000'005'000);
  clock.advance_ms(120'000);
  EXPECT_EQ(append_one(under_test->log(), 0, "and on").appended_at_ms, 1'700'000'065'000);
  TimestampMs before = 0;
  for (const auto& record : read_all(under_test->log(), 0)) {
    EXPECT_GE(record.appended_at_ms, before);
    before = record.appended_at_ms;
  }
}

TEST_P(LogContract, CloseWaitsForWhatWasAcceptedAndThenRefuses) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  std::atomic<int> completed{0};
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(log.append({new_record(0, std::to_string(i))}, [&](auto&& done) {
      EXPECT_TRUE(done.has_value());
      ++completed;
    }));
  }
  EXPECT_TRUE(log.close().has_value());
  EXPECT_EQ(completed, 100);
  const Status refused = log.append({new_record(0, "late")}, [&](auto&&) { ++completed; });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_TRUE(log.close().has_value());
  EXPECT_EQ(completed, 100);
  EXPECT_EQ(read_all(log, 0).size(), 100u);
}

}  // namespace mnemo
