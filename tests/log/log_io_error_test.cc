// Calls that fail, one by one: the nth of each kind, once or for good. A disk that does not answer is UNAVAILABLE, and
// never taken for damage; nothing that was acknowledged is lost by it.
#include <gmock/gmock.h>

#include "events/acked_end.h"
#include "tests/log/damage_testing.h"
#include "tests/log/fault_testing.h"

namespace mnemo {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

struct Kind {
  const char* name;
  DiskCall call;
  std::string suffix{};
  int least = 1;  // calls of the kind that there are at the least
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

// Every one of the first ten calls, and then ever fewer.
int next(int nth) { return nth + 1 + nth / 10; }

class CallsThatFail : public testing::TestWithParam<Kind> {};

// Opening meets the fault, says so, and a later try finds all as it was.
TEST_P(CallsThatFail, WhileALogIsOpenedAreNeverTakenForDamage) {
  const TempDir temp;
  const fs::path dir = temp.path() / "log";
  for (const bool persistent : {true, false}) {
    int met = 0;
    for (int nth = 1;; nth = next(nth)) {
      SCOPED_TRACE(std::string(persistent ? "from the " : "the ") + std::to_string(nth));
      ASSERT_LT(nth, 2000);
      write_files(dir, sample_log().files);
      FaultyStorage storage;
      storage.disk().fail({.call = GetParam().call, .suffix = GetParam().suffix, .nth = nth, .persistent = persistent});
      {
        const auto log = EmbeddedLog::open(dir, storage.options());
        if (!log) {
          EXPECT_EQ(log.error().code, Code::kUnavailable) << log.error().message;
        }
      }
      if (storage.disk().failed() == 0) break;
      ++met;
      const Outcome after = examine(dir, false);
      ASSERT_TRUE(after.status.has_value()) << after.status.error().message;
      ASSERT_EQ(after.records, sample_log().records);
    }
    EXPECT_GE(met, GetParam().least);
  }
}

// Reading and verifying meet it; what they read before and after is what was appended.
TEST_P(CallsThatFail, WhileALogIsReadAreNeverTakenForDamage) {
  const TempDir temp;
  const fs::path dir = temp.path() / "log";
  write_files(dir, sample_log().files);
  for (const bool persistent : {true, false}) {
    for (int nth = 1;; nth = next(nth)) {
      SCOPED_TRACE(std::string(persistent ? "from the " : "the ") + std::to_string(nth));
      ASSERT_LT(nth, 2000);
      FaultyStorage storage;
      storage.options().read_only = true;
      const auto log = EmbeddedLog::open(dir, storage.options()).value();
      storage.disk().fail({.call = GetParam().call, .suffix = GetParam().suffix, .nth = nth, .persistent = persistent});
      for (uint32_t p = 0; p < 2; ++p) {
        std::vector<ReadRecord> records;
        const Status read = read_into(*log, p, 0, records, {.records = 7});
        if (!read) {
          EXPECT_EQ(read.error().code, Code::kUnavailable) << read.error().message;
        } else {
          EXPECT_EQ(records, sample_log().records[p]);
        }
      }
      const Status verified = log->verify_all();
      if (!verified) {
        EXPECT_EQ(verified.error().code, Code::kUnavailable) << verified.error().message;
      }
      if (storage.disk().failed() == 0) break;
      storage.disk().work_again();
      EXPECT_EQ(read_all(*log, 1), sample_log().records[1]);
      EXPECT_TRUE(log->verify_all().has_value());
    }
  }
}

TEST_P(CallsThatFail, WhileALogIsWrittenStopItAndLoseNothingAcknowledged) {
  for (const bool persistent : {true, false}) {
    for (const int nth : {1, 2, 3, 5, 20}) {
      SCOPED_TRACE(std::string(persistent ? "from the " : "the ") + std::to_string(nth));
      const TempDir temp;
      std::vector<std::string> acknowledged;
      {
        FaultyLog faulty(temp.path() / "log");
        faulty.disk().fail(
            {.call = GetParam().call, .suffix = GetParam().suffix, .nth = nth, .persistent = persistent});
        for (int i = 0; i < 200; ++i) {
          std::string value = std::to_string(i) + std::string(2000, 'v');
          const auto appended = append_and_wait(faulty.log(), {new_record(0, value)});
          if (!appended) {
            EXPECT_EQ(appended.error().code, Code::kUnavailable) << appended.error().message;
            EXPECT_FALSE(faulty.log().close().has_value());
            EXPECT_EQ(faulty.fatal_calls(), 1);
            break;
          }
          acknowledged.push_back(std::move(value));
        }
        faulty.end();
      }
      expect_whole_again(temp.path() / "log", acknowledged);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(CallsThatFail, WhileALogIsMadeLeaveItUnmadeOrWhole) {
  for (const bool persistent : {true, false}) {
    for (int nth = 1;; nth = next(nth)) {
      SCOPED_TRACE(std::string(persistent ? "from the " : "the ") + std::to_string(nth));
      ASSERT_LT(nth, 2000);
      const TempDir temp;
      const fs::path dir = temp.path() / "above" / "log";
      FaultyStorage storage;
      storage.disk().fail({.call = GetParam().call, .suffix = GetParam().suffix, .nth = nth, .persistent = persistent});
      {
        const auto log = EmbeddedLog::create(dir, {{5}, 1, 2}, storage.options());
        if (!log) {
          EXPECT_EQ(log.error().code, Code::kUnavailable) << log.error().message;
        }
      }
      if (!fs::exists(dir)) {
        ASSERT_TRUE(EmbeddedLog::create(dir, {{5}, 1, 2}).has_value());
      }
      expect_whole_again(dir, {});
      if (storage.disk().failed() == 0 || HasFatalFailure()) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, CallsThatFail,
                         testing::Values(Kind{"Read", DiskCall::kRead, "", 10}, Kind{"Write", DiskCall::kWrite, "", 5},
                                         Kind{"Sync", DiskCall::kSync, "", 4},
                                         Kind{"SyncOfTheMark", DiskCall::kSync, "ACKED_END"},
                                         Kind{"Create", DiskCall::kCreate, "", 3}, Kind{"Rename", DiskCall::kRename},
                                         Kind{"SyncDirectory", DiskCall::kSyncDirectory}),
                         [](const auto& kind) { return std::string(kind.param.name); });

class MarkThatFails : public testing::Test {
 protected:
  // A mark at 7, and what advancing it to 8 comes to when a write fails so.
  Status advance(const DiskFault& fault) {
    AckedEnd mark = AckedEnd::create(file_, {{1}, 1, 1}, files_).value();
    EXPECT_TRUE(mark.advance(std::vector<uint64_t>{7}).has_value());
    disk_.fail(fault);
    const Status status = mark.advance(std::vector<uint64_t>{8});
    disk_.work_again();
    return status;
  }
  uint64_t end_on_disk() { return AckedEnd::open(file_).value().contents().ends[0]; }

  TempDir dir_;
  fs::path file_ = dir_.path() / "ACKED_END";
  FaultDisk disk_;
  FaultFiles files_{disk_};
};

TEST_F(MarkThatFails, AnInterruptedWriteIsDoneAgain) {
  EXPECT_TRUE(advance({.call = DiskCall::kWrite, .persistent = false, .error = EINTR}).has_value());
  EXPECT_EQ(disk_.failed(), 1);
  EXPECT_EQ(end_on_disk(), 8u);
}

TEST_F(MarkThatFails, AShortWriteIsGoneOnWith) {
  EXPECT_TRUE(advance({.call = DiskCall::kWrite, .half = true}).has_value());
  EXPECT_GT(disk_.failed(), 5);
  EXPECT_EQ(end_on_disk(), 8u);
}

TEST_F(MarkThatFails, AFullDiskIsSaidAndTheMarkBeforeStays) {
  const Status status = advance({.call = DiskCall::kWrite, .error = ENOSPC});
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Code::kUnavailable);
  EXPECT_THAT(status.error().message, HasSubstr("no space is left: free some"));
  EXPECT_EQ(end_on_disk(), 7u);
}

TEST_F(MarkThatFails, AnInterruptedReadIsDoneAgain) {
  EXPECT_TRUE(advance({.call = DiskCall::kRead, .nth = 1000}).has_value());
  disk_.fail({.call = DiskCall::kRead, .persistent = false, .error = EINTR});
  EXPECT_EQ(AckedEnd::open(file_, true, files_).value().contents().ends[0], 8u);
}

}  // namespace
}  // namespace mnemo
