// The part of the contract that readers rely on.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "tests/log/log_contract.h"
#include "tests/log/log_testing.h"

namespace mnemo {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

constexpr PartitionId kFirst{0};

}  // namespace

TEST_P(LogContract, AReaderMayStartInTheMiddleAndAtTheEnd) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  std::vector<Position> positions;
  for (int i = 0; i < 10; ++i) positions.push_back(append_one(log, 0, std::to_string(i)).position);
  EXPECT_THAT(values_of(read_all(log, 0, positions[7].offset)), ElementsAre("7", "8", "9"));
  const uint64_t end = log.end(kFirst).value();
  const auto reader = log.read(kFirst, end).value();
  EXPECT_TRUE(reader->poll({}, in_ms(1)).value().empty());
  append_one(log, 0, "new");
  const auto records = reader->poll({}, in_ms(10000));
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->front().value, "new");
}

TEST_P(LogContract, AReaderOutsideOfTheLogIsRefused) {
  const auto under_test = GetParam().make({});
  append_one(under_test->log(), 0, "one");
  const uint64_t end = under_test->log().end(kFirst).value();
  EXPECT_TRUE(under_test->log().read(kFirst, end).has_value());
  EXPECT_EQ(under_test->log().read(kFirst, end + 1).error().code, Code::kOutOfRange);
  EXPECT_EQ(under_test->log().read(PartitionId{2}, 0).error().code, Code::kInvalidArgument);
  EXPECT_EQ(under_test->log().end(PartitionId{2}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(under_test->log().begin(PartitionId{2}).error().code, Code::kInvalidArgument);
}

TEST_P(LogContract, AReaderAtTheEndWaitsForTheNextRecordUpToItsDeadline) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  append_one(log, 0, "old");
  const auto reader = log.read(kFirst, log.end(kFirst).value()).value();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(reader->poll({}, in_ms(60))->empty());
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(60));

  std::thread appender([&log] {
    std::this_thread::sleep_for(milliseconds(50));
    append_one(log, 1, "elsewhere");
    append_one(log, 0, "new");
  });
  const auto records = reader->poll({}, in_ms(20000));
  appender.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(20000));
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->front().value, "new");
}

TEST_P(LogContract, APollKeepsItsLimitsAndGivesAtLeastOneRecord) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  std::vector<NewRecord> records;
  for (int i = 0; i < 50; ++i) records.push_back(new_record(0, std::string(100, static_cast<char>('a' + i % 26)), "k"));
  ASSERT_TRUE(append_and_wait(log, records));

  const auto reader = log.read(kFirst, 0).value();
  EXPECT_EQ(reader->poll({.records = 7, .bytes = 1 << 20}, soon())->size(), 7u);
  EXPECT_EQ(reader->next_offset(), 7u);
  EXPECT_EQ(reader->poll({.records = 100, .bytes = 1000}, soon())->size(), 10u);  // 10 x 101 is the first >= 1000
  EXPECT_EQ(reader->poll({.records = 100, .bytes = 0}, soon())->size(), 1u);
  EXPECT_EQ(reader->poll({.records = 0, .bytes = 1000}, soon())->size(), 1u);
  const auto rest = reader->poll({.records = 100, .bytes = 1 << 20}, soon());
  ASSERT_EQ(rest->size(), 31u);
  for (size_t i = 0; i < rest->size(); ++i) EXPECT_EQ((*rest)[i].value, records[19 + i].value);
}

TEST_P(LogContract, ViewsStayUntilTheNextPoll) {
  const auto under_test = GetParam().make({});
  Log& log = under_test->log();
  std::vector<std::string> values;
  for (int i = 0; i < 200; ++i) values.push_back(std::to_string(i) + std::string(997, static_cast<char>('a' + i % 26)));
  std::vector<NewRecord> records;
  for (const auto& value : values) records.push_back(new_record(0, value));
  ASSERT_TRUE(append_and_wait(log, records));
  const auto reader = log.read(kFirst, 0).value();
  const auto seen = reader->poll({}, soon()).value();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append_and_wait(log, records));  // whatever the backend moves meanwhile
  ASSERT_EQ(seen.size(), values.size());
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].value, values[i]);
}

// Polls smaller than what there is, with more coming all the time: nothing twice, nothing left out, and never more than
// what is durable.
TEST_P(LogContract, AReaderThatFollowsInSmallStepsSeesEveryRecordOnceAndOnlyWhatIsDurable) {
  const auto under_test = GetParam().make({.partitions = 2});
  Log& log = under_test->log();
  const auto reader = log.read(kFirst, 0).value();
  std::vector<std::string> appended;
  std::vector<std::string> seen;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 7; ++i) {
      appended.push_back(std::to_string(round) + "/" + std::to_string(i) + std::string(round % 5 * 900, 'r'));
      append_one(log, 0, appended.back());
      append_one(log, 1, "beside");
    }
    const auto records = reader->poll({.records = 5}, soon());
    ASSERT_TRUE(records.has_value());
    ASSERT_EQ(records->size(), 5u) << "there were more";
    for (const LogRecord& record : *records) seen.emplace_back(record.value);
  }
  under_test->hold();
  const auto told = std::make_shared<std::promise<bool>>();
  ASSERT_TRUE(log.append({new_record(0, "held")}, [told](auto&& done) { told->set_value(done.has_value()); }));
  while (seen.size() < appended.size()) {
    const auto records = reader->poll({.records = 9}, soon());
    ASSERT_FALSE(records->empty());
    for (const LogRecord& record : *records) seen.emplace_back(record.value);
  }
  EXPECT_TRUE(reader->poll({}, in_ms(20))->empty());
  EXPECT_EQ(seen, appended);
  under_test->release();
  ASSERT_TRUE(told->get_future().get());
  EXPECT_EQ(reader->poll({}, in_ms(20000))->front().value, "held");
}

TEST_P(LogContract, ReadersFollowWhileManyAppend) {
  constexpr int kAppenders = 4;
  constexpr int kAppends = 150;
  const auto under_test = GetParam().make({.partitions = 2});
  Log& log = under_test->log();
  std::vector<std::thread> threads;
  for (int t = 0; t < kAppenders; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < kAppends; ++i) append_one(log, static_cast<uint32_t>(t % 2), std::to_string(i));
    });
  }
  for (uint32_t p = 0; p < 2; ++p) {
    threads.emplace_back([&log, p] {
      const auto reader = log.read(PartitionId{p}, 0).value();
      size_t seen = 0;
      uint64_t next = 0;
      while (seen < kAppenders / 2 * kAppends) {
        const auto records = reader->poll({.records = 16}, in_ms(20000));
        ASSERT_TRUE(records.has_value()) << records.error().message;
        ASSERT_FALSE(records->empty());
        for (const LogRecord& record : *records) {
          EXPECT_GE(record.position.offset, next);
          next = record.position.offset + 1;
        }
        seen += records->size();
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace mnemo
