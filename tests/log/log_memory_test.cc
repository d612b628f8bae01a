// What the memory log does beside the contract: losing, duplicating, delaying, on a seed.
#include "events/log_memory.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "tests/log/log_testing.h"

namespace mnemo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MemoryLogOptions manual(uint64_t seed, MemoryLogFaults faults = {}) {
  MemoryLogOptions options;
  options.seed = seed;
  options.faults = faults;
  options.manual_sync = true;
  return options;
}

// Appends a record and notes in `told` at which offset it was acknowledged.
void append_noting(MemoryLog& log, const std::string& value, std::map<std::string, uint64_t>& told) {
  const Status accepted = log.append({new_record(0, value)}, [&told, value](auto&& done) {
    ASSERT_TRUE(done.has_value());
    told[value] = done->front().position.offset;
  });
  ASSERT_TRUE(accepted.has_value()) << accepted.error().message;
}

TEST(MemoryLog, ACrashTakesWhatWasNotSyncedAndTellsNobody) {
  MemoryLog log(manual(1));
  std::map<std::string, uint64_t> told;
  append_noting(log, "synced", told);
  log.sync();
  append_noting(log, "not synced", told);
  log.crash();
  EXPECT_EQ(log.append({new_record(0, "x")}, [](auto&&) {}).error().code, Code::kUnavailable);
  log.reopen();
  EXPECT_THAT(values_of(read_all(log, 0)), ElementsAre("synced"));
  append_noting(log, "after", told);
  log.sync();
  EXPECT_THAT(told, ElementsAre(testing::Pair("after", 1), testing::Pair("synced", 0)));
}

TEST(MemoryLog, ACrashMayKeepTheOldestPartOfTheTail) {
  std::set<size_t> kept;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MemoryLog log(manual(seed, {.crash_keeps_tail_per_mille = 1000}));
    std::map<std::string, uint64_t> told;
    for (const char* value : {"0", "1", "2"}) append_noting(log, value, told);
    log.crash();
    log.reopen();
    const auto values = values_of(read_all(log, 0));
    kept.insert(values.size());
    for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], std::to_string(i));
    EXPECT_THAT(told, IsEmpty());
  }
  EXPECT_THAT(kept, ElementsAre(0, 1, 2, 3));
}

TEST(MemoryLog, CompletionsWaitUntilTheyArePumped) {
  MemoryLogOptions options;
  options.manual_pump = true;
  MemoryLog log(options);
  std::map<std::string, uint64_t> told;
  for (const char* value : {"a", "b", "c"}) append_noting(log, value, told);
  EXPECT_EQ(log.end(PartitionId{0}).value(), 3u);
  EXPECT_THAT(told, IsEmpty());
  EXPECT_EQ(log.pump(2), 2u);
  EXPECT_THAT(told, ElementsAre(testing::Pair("a", 0), testing::Pair("b", 1)));
  log.crash();  // durable, and never told: its producer will come again
  log.reopen();
  EXPECT_EQ(log.pump(), 0u);
  EXPECT_THAT(values_of(read_all(log, 0)), ElementsAre("a", "b", "c"));
}

TEST(MemoryLog, DuplicatesFollowTheirAppendAtOnceOrLateAndTheAnswerNamesOneOfThem) {
  size_t at_once = 0;
  size_t late = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MemoryLog log(manual(seed, {.duplicate_per_mille = 1000}));
    std::map<std::string, uint64_t> told;
    append_noting(log, "a", told);
    append_noting(log, "b", told);
    log.sync();
    const auto values = values_of(read_all(log, 0));
    ASSERT_GE(values.size(), 3u);
    EXPECT_THAT(std::vector(values.begin(), values.begin() + 3), ElementsAre("a", "a", "b"));
    (told["a"] == 1 ? at_once : late) += 1;
    EXPECT_EQ(values.at(told["b"]), "b");
  }
  EXPECT_GT(at_once, 5u);
  EXPECT_GT(late, 5u);
}

TEST(MemoryLog, OneSeedGivesOneHistory) {
  const auto history = [](uint64_t seed) {
    ManualClock clock(1000);
    MemoryLogOptions options = manual(seed, {.duplicate_per_mille = 300, .crash_keeps_tail_per_mille = 500});
    options.partitions = 3;
    options.clock = &clock;
    MemoryLog log(options);
    for (int i = 0; i < 300; ++i) {
      clock.advance_ms(i % 7);
      EXPECT_TRUE(log.append({new_record(static_cast<uint32_t>(i % 3), std::to_string(i))}, [](auto&&) {}).has_value());
      if (i % 5 == 0) log.sync();
      if (i % 50 == 49) {
        log.crash();
        log.reopen();
      }
    }
    log.sync();
    std::vector<ReadRecord> all;
    for (uint32_t p = 0; p < 3; ++p) {
      for (auto& record : read_all(log, p)) all.push_back(std::move(record));
    }
    return all;
  };
  EXPECT_EQ(history(42), history(42));
  EXPECT_NE(history(42), history(43));
}

}  // namespace
}  // namespace mnemo
