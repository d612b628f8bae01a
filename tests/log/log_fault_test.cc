// What the embedded log does when the storage below it fails.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "events/acked_end.h"
#include "tests/log/fault_testing.h"

namespace mnemo {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

DiskFault failing_syncs(std::string suffix) { return {.call = DiskCall::kSync, .suffix = std::move(suffix)}; }

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
  faulty.disk().fail(failing_syncs(".log"));
  const auto failed = append_and_wait(faulty.log(), {new_record(0, "not durable")});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  EXPECT_THAT(failed.error().message, HasSubstr("not known"));
  EXPECT_THAT(failed.error().message, HasSubstr("under the same key"));
  faulty.disk().work_again();  // a sync would work again: it must not be tried
  expect_stopped(faulty);
  EXPECT_EQ(values_of(read_all(faulty.log(), 0)), std::vector<std::string>{"acknowledged"});
  faulty.end();
  expect_whole_again(temp.path() / "log", {"acknowledged"});
}

TEST(EmbeddedLogFault, AFailedMarkIsNeverAcknowledgedAndStopsTheLog) {
  const TempDir temp;
  FaultyLog faulty(temp.path() / "log");
  append_one(faulty.log(), 0, "acknowledged");
  faulty.disk().fail(failing_syncs("ACKED_END"));
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
  faulty.disk().fail(failing_syncs(".log"));
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
  EXPECT_FALSE(faulty.log().close().has_value());
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
  faulty.disk().work_again();
  std::this_thread::sleep_for(milliseconds(50));  // RocksDB must not recover behind the log's back
  expect_stopped(faulty);
  faulty.end();
  expect_whole_again(temp.path() / "log", acknowledged);
}

// Whoever ends the process in on_fatal must not take the answer from anybody; and whoever reads there, from a thread
// that holds none of RocksDB's locks, gets what he asks for.
TEST(EmbeddedLogFault, OnFatalIsCalledLastWithEveryAppenderToldAndTheLogReadable) {
  for (const char* suffix : {".log", "ACKED_END"}) {
    const TempDir temp;
    FaultyLog faulty(temp.path() / "log");
    append_one(faulty.log(), 0, "acknowledged");
    std::atomic<int> accepted{0};
    std::atomic<int> told{0};
    int told_before = -1;
    int accepted_before = -1;
    std::vector<std::string> read;
    faulty.on_fatal = [&] {
      told_before = told;
      accepted_before = accepted;
      read = values_of(read_all(faulty.log(), 0));
    };
    faulty.disk().fail(failing_syncs(suffix));
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          ++accepted;
          const Status status = faulty.log().append({new_record(0, "x")}, [&](auto&& done) {
            EXPECT_FALSE(done.has_value());
            ++told;
          });
          if (!status) --accepted;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_FALSE(faulty.log().close().has_value());
    EXPECT_EQ(faulty.fatal_calls(), 1) << suffix;
    EXPECT_GT(told, 0);
    EXPECT_EQ(told, accepted) << "somebody was never told";
    EXPECT_EQ(told_before, told) << "somebody was told only after on_fatal";
    EXPECT_EQ(read, std::vector<std::string>{"acknowledged"});
  }
}

// A log on which nobody appends says so too.
TEST(EmbeddedLogFault, ATableThatFailsInTheBackgroundIsFatalWithoutAnotherAppend) {
  const TempDir temp;
  FaultyLog faulty(temp.path() / "log");
  faulty.storage().file_system().hold_creation_of(".sst");
  std::promise<void> fatal;
  faulty.on_fatal = [&fatal] { fatal.set_value(); };
  faulty.disk().fail({.call = DiskCall::kWrite, .suffix = ".sst"});
  for (int i = 0; i < 20; ++i) append_one(faulty.log(), 0, std::string(5000, 'v'));  // more than one memtable
  faulty.storage().file_system().release();
  EXPECT_EQ(fatal.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
}

TEST(EmbeddedLogFault, TheDirectoryIsHeldUntilTheDatabaseIsClosed) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  std::vector<Code> codes;
  const auto note = [&] {
    const auto other = AckedEnd::open(dir / "ACKED_END", true);
    codes.push_back(other ? Code::kUnknown : other.error().code);
  };
  {
    FaultyLog faulty(dir);
    faulty.storage().file_system().before_unlock = note;
    append_one(faulty.log(), 0, "x");
  }
  EXPECT_EQ(codes, std::vector<Code>{Code::kFailedPrecondition});
  // The same when opening fails after the database was opened for writing.
  codes.clear();
  FaultyStorage storage;
  storage.file_system().before_unlock = note;
  storage.disk().fail(failing_syncs("ACKED_END"));
  EXPECT_EQ(EmbeddedLog::open(dir, storage.options()).error().code, Code::kUnavailable);
  EXPECT_EQ(codes, std::vector<Code>{Code::kFailedPrecondition});
  expect_whole_again(dir, {"x"});
}

}  // namespace
}  // namespace mnemo
