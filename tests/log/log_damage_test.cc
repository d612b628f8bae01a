// Damage to the files of a log: what is found, what is repaired, and that a refused open changes nothing.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "tests/log/flip_testing.h"

namespace mnemo {
namespace {

using testing::HasSubstr;

TEST(LogFlipInManifest, OfALogThatWroteTablesWhileItWasOpenIsFoundAndNamed) {
  flip_each(flushed_log(),
            flips_of_file(flushed_log(), names_like(flushed_log().files, "MANIFEST").at(0), flip_seed()));
}

// The same for a log that is opened for writing: a refused open leaves every byte as it was.
TEST(LogFlipForWriting, IsFoundOrChangesNothingAndARefusedOpenChangesNoFile) {
  std::mt19937_64 random(flip_seed());
  const TempDir temp;
  const auto dir = temp.path() / "log";
  std::vector<Flip> flips = flips_of_files(sample_log(), 53, flip_seed());
  std::shuffle(flips.begin(), flips.end(), random);
  flips.resize(150);
  int refused = 0;
  for (const Flip& flip : flips) {
    Files files = sample_log().files;
    files[flip.file][flip.byte] = static_cast<char>(files[flip.file][flip.byte] ^ (1 << flip.bit));
    write_files(dir, files);
    const Outcome outcome = examine(dir, false);
    expect_found_or_harmless(sample_log(), flip, outcome);
    if (outcome.opened) continue;
    ++refused;
    EXPECT_EQ(read_files(dir), files) << flip.file << " byte " << flip.byte;
  }
  EXPECT_GT(refused, 20);
}

TEST(LogDamage, AnUndamagedLogHasNoWarningsAndEveryRecord) {
  const TempDir temp;
  write_files(temp.path() / "log", sample_log().files);
  for (const bool read_only : {true, false}) {
    const Outcome outcome = examine(temp.path() / "log", read_only);
    ASSERT_TRUE(outcome.status.has_value()) << outcome.status.error().message;
    EXPECT_THAT(outcome.warnings, testing::IsEmpty());
    EXPECT_EQ(outcome.records, sample_log().records);
  }
}

TEST(LogDamage, ADamagedCopyOfTheMarkIsRepairedByOpeningTheLog) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  for (const size_t byte : {100, 4096 + 100, 2 * 4096 + 100, 3 * 4096 + 100}) {
    Files files = sample_log().files;
    files["ACKED_END"][byte] ^= 1;
    write_files(dir, files);
    EXPECT_THAT(examine(dir, false).warnings, testing::ElementsAre(HasSubstr("ACKED_END")));
    EXPECT_THAT(examine(dir, true).warnings, testing::IsEmpty());
  }
}

TEST(LogDamage, ALogWithoutAValidMarkIsRefused) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  Files files = sample_log().files;
  for (size_t copy = 0; copy < 4; ++copy) files["ACKED_END"][copy * 4096 + 100] ^= 1;
  write_files(dir, files);
  const auto both = examine(dir, false);
  ASSERT_FALSE(both.status.has_value());
  EXPECT_EQ(both.status.error().code, Code::kDataLoss);
  EXPECT_THAT(both.status.error().message, HasSubstr("ACKED_END"));
  EXPECT_EQ(read_files(dir), files);
}

// One flip in the mark must not turn lost records into an honest tear.
TEST(LogDamage, AFlipInAnyCopyOfTheMarkHidesNoLostTail) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  const SampleLog& sample = sample_log();
  for (size_t copy = 0; copy < 4; ++copy) {
    Files files = sample.files;
    files[sample.wal].resize(sample.before_last[2].wal_bytes + 3);
    files["ACKED_END"][copy * 4096 + 50] ^= 1;
    write_files(dir, files);
    const Outcome outcome = examine(dir, false);
    ASSERT_FALSE(outcome.opened) << copy;
    EXPECT_EQ(outcome.status.error().code, Code::kDataLoss);
    EXPECT_THAT(outcome.status.error().message, HasSubstr("acknowledged up to"));
    EXPECT_EQ(read_files(dir), files);
  }
}

// With the newest mark gone whole, nobody knows; then nobody says that nothing is missing.
TEST(LogDamage, ATornTailBesideALostMarkIsNotCalledHarmless) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  const SampleLog& sample = sample_log();
  int accepted = 0;
  for (const size_t slot : {size_t{0}, size_t{2 * 4096}}) {
    Files files = sample.files;
    files[sample.wal].resize(sample.before_last[2].wal_bytes + 3);
    for (const size_t copy : {slot, slot + 4096}) files["ACKED_END"][copy + 50] ^= 1;
    write_files(dir, files);
    const Outcome outcome = examine(dir, true);
    if (!outcome.opened) continue;  // it was the older slot
    ++accepted;
    ASSERT_EQ(outcome.warnings.size(), 2u);
    EXPECT_THAT(outcome.warnings[0], HasSubstr("nobody can tell whether anything was acknowledged after it"));
    EXPECT_THAT(outcome.warnings[1], HasSubstr("the mark which is left"));
    for (const std::string& warning : outcome.warnings) {
      EXPECT_THAT(warning, testing::Not(HasSubstr("nothing that was acknowledged is missing")));
    }
  }
  EXPECT_EQ(accepted, 1);
}

TEST(LogDamage, AMissingFileIsNamedAndNothingIsChanged) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  for (const auto& [name, bytes] : sample_log().files) {
    if (name.starts_with("LOG") || name.starts_with("OPTIONS") || name == "LOCK" || name == "IDENTITY") continue;
    SCOPED_TRACE(name);
    Files files = sample_log().files;
    files.erase(name);
    write_files(dir, files);
    const Outcome outcome = examine(dir, false);
    ASSERT_FALSE(outcome.status.has_value());
    EXPECT_EQ(outcome.status.error().code, Code::kDataLoss);
    EXPECT_THAT(outcome.status.error().message, testing::AnyOf(HasSubstr(name), HasSubstr("partition ")));
    EXPECT_EQ(read_files(dir), files);
  }
}

TEST(LogDamage, AMarkOfAnotherLogIsRefused) {
  const TempDir temp;
  EmbeddedLog::create(temp.path() / "other", {.log_id = {8}, .partitions = 2}).value().reset();
  Files files = sample_log().files;
  files["ACKED_END"] = read_file(temp.path() / "other" / "ACKED_END");
  write_files(temp.path() / "log", files);
  const Outcome outcome = examine(temp.path() / "log", false);
  ASSERT_FALSE(outcome.status.has_value());
  EXPECT_EQ(outcome.status.error().code, Code::kDataLoss);
  EXPECT_THAT(outcome.status.error().message, HasSubstr("another log"));
}

}  // namespace
}  // namespace mnemo
