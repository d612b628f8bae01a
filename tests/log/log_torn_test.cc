// Torn tails: an honest one loses nothing that was acknowledged and is accepted; any other is refused. And what
// RocksDB's own recovery modes would do to the same files.
#include <gmock/gmock.h>

#include <rocksdb/db.h>

#include <algorithm>

#include "events/log_rocksdb.h"
#include "events/log_rows.h"
#include "tests/log/damage_testing.h"

namespace mnemo {
namespace {

using rocksdb::WALRecoveryMode;
using testing::HasSubstr;

constexpr size_t kBlockBytes = 32768;

size_t count_records(const SampleLog& sample) { return sample.records[0].size() + sample.records[1].size(); }

// The first `ends` records of each partition.
std::vector<std::vector<ReadRecord>> prefix(const std::vector<size_t>& ends) {
  std::vector<std::vector<ReadRecord>> records = sample_log().records;
  for (size_t p = 0; p < records.size(); ++p) records[p].resize(ends[p]);
  return records;
}

// What was appended last and is whole in the first `wal_bytes` of the write-ahead log.
std::vector<size_t> ends_within(size_t wal_bytes) {
  const SampleLog& sample = sample_log();
  for (size_t i = sample.before_last.size(); i-- > 0;) {
    const size_t after =
        i + 1 < sample.before_last.size() ? sample.before_last[i + 1].wal_bytes : sample.files.at(sample.wal).size();
    if (wal_bytes < after) continue;
    std::vector<size_t> ends = sample.before_last[i].ends;
    ++ends[i % 2];
    return ends;
  }
  return sample.before_last[0].ends;
}

Files cut_wal(size_t wal_bytes) {
  Files files = sample_log().files;
  files[sample_log().wal].resize(wal_bytes);
  return files;
}

TEST(LogTornTail, IsRefusedAtEveryByteWhenAnAcknowledgedRecordIsCut) {
  const SampleLog& sample = sample_log();
  const TempDir temp;
  const auto dir = temp.path() / "log";
  for (size_t cut = sample.before_last[0].wal_bytes; cut < sample.files.at(sample.wal).size(); ++cut) {
    SCOPED_TRACE(cut);
    const Files files = cut_wal(cut);
    write_files(dir, files);
    const Outcome outcome = examine(dir, false);
    ASSERT_FALSE(outcome.opened);
    EXPECT_EQ(outcome.status.error().code, Code::kDataLoss);
    const std::vector<size_t> ends = ends_within(cut);
    const size_t p = ends[0] < sample.records[0].size() ? 0 : 1;
    EXPECT_THAT(outcome.status.error().message,
                HasSubstr("partition " + std::to_string(p) + ": recovered up to offset " + std::to_string(ends[p]) +
                          ", acknowledged up to " + std::to_string(sample.records[p].size())));
    EXPECT_EQ(read_files(dir), files) << "a refused open changed the directory";
  }
}

TEST(LogTornTail, IsCutOffAtEveryByteWhenNothingAcknowledgedIsMissingAndAppendsContinue) {
  const SampleLog& sample = sample_log();
  const TempDir temp;
  const auto dir = temp.path() / "log";
  for (size_t cut = sample.before_last[0].wal_bytes; cut < sample.files.at(sample.wal).size(); ++cut) {
    SCOPED_TRACE(cut);
    Files files = cut_wal(cut);
    files["ACKED_END"] = sample.before_last[0].mark;
    write_files(dir, files);
    auto expected = prefix(ends_within(cut));
    {
      auto log = EmbeddedLog::open(dir);
      ASSERT_TRUE(log.has_value()) << log.error().message;
      for (uint32_t p = 0; p < 2; ++p) ASSERT_EQ(read_all(**log, p), expected[p]);
      append_one(**log, 0, "after the tear");
    }
    const Outcome again = examine(dir, true);
    ASSERT_TRUE(again.status.has_value()) << again.status.error().message;
    EXPECT_THAT(again.warnings, testing::IsEmpty());
    ASSERT_EQ(again.records[0].size(), expected[0].size() + 1);
    EXPECT_EQ(again.records[0].back().value, "after the tear");
    EXPECT_EQ(again.records[1], expected[1]);
  }
}

TEST(LogTornTail, ACutOffTailIsMentionedInAWarning) {
  const SampleLog& sample = sample_log();
  const TempDir temp;
  Files files = cut_wal(sample.files.at(sample.wal).size() - 5);
  files["ACKED_END"] = sample.before_last[0].mark;
  write_files(temp.path() / "log", files);
  EXPECT_THAT(examine(temp.path() / "log", true).warnings,
              testing::ElementsAre(testing::AllOf(HasSubstr(sample.wal), HasSubstr("cut off"))));
}

// After a loss of power the pages of one write may have reached the disk in any order.
TEST(LogTornTail, AnUnacknowledgedGroupWithAHoleInItsMiddleIsCutOff) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  EmbeddedLog::create(dir, {.partitions = 1}).value().reset();
  std::string mark;
  size_t wal_bytes = 0;
  std::string wal;
  {
    const auto log = EmbeddedLog::open(dir).value();
    append_one(*log, 0, "acknowledged");
    // The newest: RocksDB may not have deleted yet what it replayed when it opened.
    wal = names_like(read_files(dir), ".log").back();
    mark = read_file(dir / "ACKED_END");
    wal_bytes = std::filesystem::file_size(dir / wal);
    ASSERT_TRUE(append_and_wait(*log, {new_record(0, std::string(200'000, 'g')), new_record(0, "end of the group")}));
    append_one(*log, 0, "behind it");
  }
  Files files = read_files(dir);
  files["ACKED_END"] = mark;
  for (const size_t hole : {wal_bytes, size_t{2 * kBlockBytes}, size_t{4 * kBlockBytes + 100}}) {
    Files torn = files;
    std::fill_n(torn[wal].begin() + static_cast<std::ptrdiff_t>(hole), 4096, '\0');
    write_files(dir, torn);
    {
      auto log = EmbeddedLog::open(dir);
      ASSERT_TRUE(log.has_value()) << log.error().message;
      EXPECT_THAT((*log)->warnings(), testing::ElementsAre(HasSubstr(wal)));
      EXPECT_THAT(values_of(read_all(**log, 0)), testing::ElementsAre("acknowledged"));
      EXPECT_EQ(append_one(**log, 0, "next").position.offset, 1u);
    }
    EXPECT_TRUE(examine(dir, true).status.has_value());
  }
}

TEST(LogDamage, ALostWriteAheadLogInTheMiddleIsFoundAsAGap) {
  const SampleLog& sample = sample_log();
  const TempDir temp;
  const auto dir = temp.path() / "log";
  Files files = sample.files;
  // A whole block of the middle is zeros: RocksDB skips such a block without a word.
  std::fill_n(files[sample.wal].begin() + kBlockBytes, kBlockBytes, '\0');
  write_files(dir, files);
  const Outcome outcome = examine(dir, false);
  ASSERT_FALSE(outcome.opened);
  EXPECT_EQ(outcome.status.error().code, Code::kDataLoss);
  EXPECT_THAT(outcome.status.error().message, HasSubstr(sample.wal + " is damaged at byte 32768"));
  EXPECT_EQ(read_files(dir), files);
}

// RocksDB's reader does not return from such a frame: 1 is a whole frame, 5 one of a recycled log.
TEST(LogDamage, AFrameTypeOfARecycledLogIsNamedAndNotGivenToRocksDB) {
  const SampleLog& sample = sample_log();
  const TempDir temp;
  for (const std::string& name : {sample.wal, names_like(sample.files, "MANIFEST").at(0)}) {
    Files files = sample.files;
    std::string& bytes = files[name];
    const size_t first = 7 + static_cast<uint8_t>(bytes[4]) + 256u * static_cast<uint8_t>(bytes[5]);
    ASSERT_EQ(bytes[first + 6], 1);
    bytes[first + 6] ^= 4;
    write_files(temp.path() / "log", files);
    const Outcome outcome = examine(temp.path() / "log", false);
    ASSERT_FALSE(outcome.opened);
    EXPECT_EQ(outcome.status.error().code, Code::kDataLoss);
    EXPECT_THAT(outcome.status.error().message, HasSubstr(name + " is damaged at byte " + std::to_string(first)));
  }
}

// The types that are no recycled log's must be safe to give to RocksDB: it returns, and the log refuses.
TEST(LogDamage, AFrameOfAnyOtherTypeIsRefusedAfterRocksDBHasReadIt) {
  const SampleLog& sample = sample_log();
  const TempDir temp;
  for (const int type : {9, 10, 12, 13, 15, 33, 35, 127, 129, 130, 132, 133, 255}) {
    Files files = sample.files;
    std::string& bytes = files[sample.wal];
    const size_t second = 7 + static_cast<uint8_t>(bytes[4]) + 256u * static_cast<uint8_t>(bytes[5]);
    bytes[second + 6] = static_cast<char>(type);
    write_files(temp.path() / "log", files);
    const Outcome outcome = examine(temp.path() / "log", true);
    ASSERT_FALSE(outcome.opened) << type;
    EXPECT_EQ(outcome.status.error().code, Code::kDataLoss);
    EXPECT_THAT(outcome.status.error().message,
                HasSubstr(sample.wal + " is damaged at byte " + std::to_string(second)));
  }
}

// How many records RocksDB finds when it alone decides; nullopt when it refuses.
std::optional<size_t> rocksdb_alone(const std::filesystem::path& dir, WALRecoveryMode mode) {
  auto db = open_database(dir, log_database_options({}, mode));
  if (!db) return std::nullopt;
  size_t records = 0;
  const std::unique_ptr<rocksdb::Iterator> rows((*db)->NewIterator({}));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) ++records;
  return rows->status().ok() ? std::optional(records - 1) : std::nullopt;  // one row is the identity
}

// The length byte of the first frame in the last block, made so large that the frame reaches past the end.
Files length_flipped() {
  Files files = sample_log().files;
  std::string& wal = files[sample_log().wal];
  const size_t last_block = (wal.size() - 1) / kBlockBytes * kBlockBytes;
  EXPECT_GE(last_block, 2 * kBlockBytes);
  wal[last_block + 5] = static_cast<char>(wal[last_block + 5] ^ 0x80);
  return files;
}

TEST(RocksDBAlone, TolerantModeLosesAcknowledgedRecordsWithoutAWordWhereTheLogRefuses) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  write_files(dir, sample_log().files);
  ASSERT_EQ(rocksdb_alone(dir, WALRecoveryMode::kTolerateCorruptedTailRecords), count_records(sample_log()));
  for (const auto mode : {WALRecoveryMode::kTolerateCorruptedTailRecords, WALRecoveryMode::kPointInTimeRecovery}) {
    write_files(dir, length_flipped());
    const auto found = rocksdb_alone(dir, mode);
    ASSERT_TRUE(found.has_value()) << "RocksDB has become better: it refuses";
    EXPECT_LT(*found, count_records(sample_log()));
  }
  write_files(dir, length_flipped());
  const Outcome outcome = examine(dir, false);
  ASSERT_FALSE(outcome.opened);
  EXPECT_EQ(outcome.status.error().code, Code::kDataLoss);
  EXPECT_THAT(outcome.status.error().message, HasSubstr(sample_log().wal));
}

TEST(RocksDBAlone, AnyModeLosesTablesWithoutAWordWhenTheManifestIsDamagedWhereTheLogRefuses) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  const SampleLog& sample = flushed_log();
  const std::string manifest = names_like(sample.files, "MANIFEST").at(0);
  const std::string& bytes = sample.files.at(manifest);
  size_t silent = 0;
  for (size_t at = 0; at + 7 <= bytes.size();) {
    Files files = sample.files;
    files[manifest][at + 5] = static_cast<char>(files[manifest][at + 5] ^ 0x80);
    at += 7 + static_cast<uint8_t>(bytes[at + 4]) + 256u * static_cast<uint8_t>(bytes[at + 5]);
    write_files(dir, files);
    const auto found = rocksdb_alone(dir, WALRecoveryMode::kAbsoluteConsistency);
    if (!found || *found == sample.records[0].size()) continue;
    ++silent;
    const auto tables = names_like(files, ".sst");
    EXPECT_THAT(names_like(read_files(dir), ".sst"), testing::Not(testing::IsSupersetOf(tables))) << "none was deleted";
    write_files(dir, files);
    EXPECT_FALSE(examine(dir, false).opened);
    EXPECT_EQ(read_files(dir), files);
  }
  EXPECT_GT(silent, 0u) << "RocksDB has become better: it refuses";
}

}  // namespace
}  // namespace mnemo
