// The parts that the embedded log is made of: rows, runs of offsets, frames.
#include <gmock/gmock.h>

#include <random>

#include "events/log_frames.h"
#include "events/log_integrity.h"
#include "events/log_rows.h"
#include "tests/log/damage_testing.h"

namespace mnemo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(LogRow, IsReadAsItWasWrittenAndOnlyUnderItsOwnKey) {
  const RowKey at = row_key(PartitionId{3}, 1'000'000'007);
  std::string bytes;
  encode_row(at, {-5, "key", std::string("va\0lue", 6)}, bytes);
  const auto row = decode_row(view(at), bytes);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->appended_at_ms, -5);
  EXPECT_EQ(row->key, "key");
  EXPECT_EQ(row->value, std::string("va\0lue", 6));
  EXPECT_FALSE(decode_row(view(row_key(PartitionId{3}, 1'000'000'008)), bytes).has_value());
  EXPECT_FALSE(decode_row(view(row_key(PartitionId{2}, 1'000'000'007)), bytes).has_value());
}

TEST(LogRow, EveryFlippedBitAndEveryCutIsNoticed) {
  const RowKey at = row_key(PartitionId{0}, 0);
  std::string bytes;
  encode_row(at, {1'700'000'000'000, "key", "value"}, bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string bad = bytes;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_row(view(at), bad).has_value()) << bit;
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_row(view(at), std::string_view(bytes).substr(0, size)).has_value()) << size;
  }
}

TEST(LogRow, KeysSortByPartitionThenOffset) {
  EXPECT_LT(view(row_key(PartitionId{0}, ~uint64_t{0})), view(row_key(PartitionId{1}, 0)));
  EXPECT_LT(view(row_key(PartitionId{1}, 255)), view(row_key(PartitionId{1}, 256)));
  EXPECT_LT(view(row_key(PartitionId{1023}, 9)), view(identity_row_key()));
  const auto parts = parse_row_key(view(row_key(PartitionId{7}, 42)));
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->partition, PartitionId{7});
  EXPECT_EQ(parts->offset, 42u);
  EXPECT_FALSE(parse_row_key("eleven byte").has_value());
}

OffsetRuns runs_of(std::initializer_list<OffsetRuns::Run> runs) {
  OffsetRuns out;
  for (const auto& run : runs) out.add(run);
  return out;
}

constexpr PartitionId kA{0};
constexpr PartitionId kB{1};

TEST(OffsetRuns, NeighboursBecomeOneRun) {
  OffsetRuns runs;
  for (uint64_t i = 5; i < 10; ++i) runs.add(kA, i);
  runs.add(kA, 11);
  runs.add(kB, 12);
  EXPECT_THAT(runs.runs(),
              ElementsAre(OffsetRuns::Run{kA, 5, 5}, OffsetRuns::Run{kA, 11, 1}, OffsetRuns::Run{kB, 12, 1}));
  const auto again = OffsetRuns::decode(runs.encode());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->runs(), runs.runs());
  EXPECT_EQ(OffsetRuns::decode("\xff").error().code, Code::kDataLoss);
}

TEST(OffsetRuns, CoverPartitionsInWhateverOrderTheyCome) {
  const auto ends =
      runs_of({{kB, 3, 4}, {kA, 10, 5}, {kB, 0, 3}, {kA, 0, 10}, {kLogMetaPartition, 0, 1}}).contiguous_ends(3);
  ASSERT_TRUE(ends.has_value());
  EXPECT_THAT(*ends, ElementsAre(15, 7, 0));
}

TEST(OffsetRuns, AGapIsNamed) {
  const auto hole = runs_of({{kA, 0, 10}, {kA, 12, 5}}).contiguous_ends(2);
  ASSERT_FALSE(hole.has_value());
  EXPECT_EQ(hole.error().code, Code::kDataLoss);
  EXPECT_THAT(hole.error().message, HasSubstr("partition 0: the records from offset 10 to 11 are missing"));
  EXPECT_THAT(runs_of({{kB, 3, 1}}).contiguous_ends(2).error().message,
              HasSubstr("partition 1: the records from offset 0 to 2"));
  EXPECT_THAT(runs_of({{kB, 0, 1}}).contiguous_ends(1).error().message, HasSubstr("partition 1"));
}

TEST(OffsetRuns, OverlapsHideNoGap) {
  EXPECT_THAT(runs_of({{kA, 0, 10}, {kA, 2, 3}, {kA, 8, 4}}).contiguous_ends(1).value(), ElementsAre(12));
  EXPECT_FALSE(runs_of({{kA, 0, 10}, {kA, 2, 3}, {kA, 11, 4}}).contiguous_ends(1).has_value());
}

TEST(LogFrames, TheFirstFaultOfAFileIsNamedByOffset) {
  const TempDir temp;
  const auto file = temp.path() / "000001.log";
  const std::string& good = sample_log().files.at(sample_log().wal);
  write_file(file, good);
  EXPECT_FALSE(scan_frames(file)->has_value());

  std::string bad = good;
  bad[40'000] ^= 1;
  write_file(file, bad);
  auto fault = scan_frames(file).value();
  ASSERT_TRUE(fault.has_value());
  EXPECT_LE(fault->offset, 40'000u);
  EXPECT_GE(fault->offset, 32'768u);  // a frame lies within one block of 32 KiB
  EXPECT_FALSE(fault->at_end);

  write_file(file, good.substr(0, good.size() - 1));
  fault = scan_frames(file).value();
  ASSERT_TRUE(fault.has_value());
  EXPECT_TRUE(fault->at_end);
  EXPECT_EQ(scan_frames(temp.path() / "000002.log").error().code, Code::kDataLoss);
}

// RocksDB's reader stays at frames of exactly these types; any other bad type is one fault among others, at whose block
// the file goes on.
TEST(LogFrames, ExactlyTheTypesOfRecycledLogsMakeAFileUnreadable) {
  const TempDir temp;
  const auto file = temp.path() / "000001.log";
  const std::string& good = sample_log().files.at(sample_log().wal);
  const size_t second = 7 + static_cast<uint8_t>(good[4]) + 256u * static_cast<uint8_t>(good[5]);
  std::vector<int> unreadable;
  for (int type = 0; type < 256; ++type) {
    std::string bad = good;
    if (static_cast<uint8_t>(bad[second + 6]) == type) continue;
    bad[second + 6] = static_cast<char>(type);
    write_file(file, bad);
    const auto fault = scan_frames(file).value();
    ASSERT_TRUE(fault.has_value()) << type;
    EXPECT_EQ(fault->offset, second);
    if (fault->unreadable) unreadable.push_back(type);
  }
  EXPECT_THAT(unreadable, ElementsAre(5, 6, 7, 8, 11, 131));
}

TEST(LogFrames, RubbishIsNeverReadPastItsEnd) {
  const TempDir temp;
  const auto file = temp.path() / "000001.log";
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; ++i) {
    std::string rubbish(random() % 70'000, '\0');
    for (char& c : rubbish) c = static_cast<char>(random());
    write_file(file, rubbish);
    EXPECT_EQ(scan_frames(file)->has_value(), !rubbish.empty());
  }
}

}  // namespace
}  // namespace mnemo
