// Damage to a log whose tables are late: two write-ahead logs hold records that no table has.
#include <gmock/gmock.h>

#include <thread>

#include "tests/log/fault_testing.h"
#include "tests/log/flip_testing.h"

namespace mnemo {
namespace {

using testing::HasSubstr;

// `wal` is the older one; `before_last` has what the newer one was before the last record.
struct TwoWals {
  SampleLog sample;
  std::string newer;
};

TwoWals make_two_wals() {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  FaultyLog faulty(dir, {{6}, 1, 2});
  faulty.storage().file_system().hold_creation_of(".sst");
  const auto wals = [&dir] { return names_like(read_files(dir), ".log"); };
  // One that opening the log has left over may still be there: RocksDB removes it in the background.
  const std::string first = wals().back();
  for (uint32_t i = 0; i < 60 && wals().back() == first; ++i) append_one(faulty.log(), i % 2, std::string(3000, 'o'));
  while (wals().front() != first) std::this_thread::yield();
  for (uint32_t i = 0; i < 4; ++i) append_one(faulty.log(), i % 2, "newer " + std::to_string(i));
  TwoWals made;
  if (wals().size() != 2) throw std::runtime_error("expected two write-ahead logs");
  made.sample.wal = wals()[0];
  made.newer = wals()[1];
  const auto end = [&faulty](uint32_t p) { return faulty.log().end(PartitionId{p}).value(); };
  made.sample.before_last.push_back(
      {std::filesystem::file_size(dir / made.newer), read_file(dir / "ACKED_END"), {end(0), end(1)}});
  append_one(faulty.log(), 0, "the last");
  for (uint32_t p = 0; p < 2; ++p) made.sample.records.push_back(read_all(faulty.log(), p));
  made.sample.files = read_files(dir);
  faulty.storage().file_system().release();
  return made;
}

const TwoWals& two_wals() {
  static const TwoWals made = make_two_wals();
  return made;
}

TEST(LogTwoWals, AreBothRead) {
  const TempDir temp;
  for (const bool read_only : {true, false}) {
    write_files(temp.path() / "log", two_wals().sample.files);
    const Outcome outcome = examine(temp.path() / "log", read_only);
    ASSERT_TRUE(outcome.status.has_value()) << outcome.status.error().message;
    EXPECT_THAT(outcome.warnings, testing::IsEmpty());
    EXPECT_EQ(outcome.records, two_wals().sample.records);
  }
}

TEST(LogTwoWals, AFlippedBitOfEitherIsFoundAndNamed) {
  for (const std::string& wal : {two_wals().sample.wal, two_wals().newer}) {
    const std::vector<Flip> all = flips_of_file(two_wals().sample, wal, flip_seed());
    std::vector<Flip> some;
    for (size_t i = 0; i < all.size(); i += i < 64 || i + 64 > all.size() ? 1 : 101) some.push_back(all[i]);
    flip_each(two_wals().sample, some);
  }
}

// What follows the older one was acknowledged, so no cut of it is an honest tear.
TEST(LogTwoWals, TheOlderOneCutAnywhereIsRefusedAndNothingIsChanged) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  const SampleLog& sample = two_wals().sample;
  const size_t size = sample.files.at(sample.wal).size();
  for (size_t cut = 0; cut < size; cut += cut < 16 || cut + 40 > size ? 1 : 997) {
    SCOPED_TRACE(cut);
    Files files = sample.files;
    files[sample.wal].resize(cut);
    write_files(dir, files);
    const Outcome outcome = examine(dir, false);
    ASSERT_FALSE(outcome.opened);
    EXPECT_EQ(outcome.status.error().code, Code::kDataLoss);
    EXPECT_THAT(outcome.status.error().message, HasSubstr("partition "));
    EXPECT_EQ(read_files(dir), files);
  }
}

TEST(LogTwoWals, AnHonestTearOfTheNewerOneIsCutOff) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  const SampleLog& sample = two_wals().sample;
  const SampleLog::Moment& before = sample.before_last[0];
  for (size_t cut = before.wal_bytes; cut < sample.files.at(two_wals().newer).size(); ++cut) {
    SCOPED_TRACE(cut);
    Files files = sample.files;
    files[two_wals().newer].resize(cut);
    files["ACKED_END"] = before.mark;
    write_files(dir, files);
    const Outcome outcome = examine(dir, false);
    ASSERT_TRUE(outcome.status.has_value()) << outcome.status.error().message;
    EXPECT_EQ(outcome.records[0].size(), before.ends[0]);
    EXPECT_EQ(outcome.records[1].size(), before.ends[1]);
  }
}

}  // namespace
}  // namespace mnemo
