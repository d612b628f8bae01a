// One flipped bit anywhere in the files of a log is found and named, or changes nothing.
//
// Built twice: with a sample of the bytes for `make test`, and with MNEMO_EVERY_BYTE for `make check`.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "damage_testing.h"

namespace mnemo {
namespace {

using testing::HasSubstr;

constexpr size_t kBlockBytes = 32768;
constexpr size_t kFrameHeaderBytes = 7;

// Every n-th byte is flipped, and always those of the small files and of frame headers.
#ifdef MNEMO_EVERY_BYTE
constexpr size_t kStride = 1;
constexpr size_t kShards = 4;
#else
constexpr size_t kStride = 53;
constexpr size_t kShards = 1;
#endif

// Files that hold nothing which the log needs; every byte of the others counts.
bool holds_nothing(const std::string& file) { return file.starts_with("OPTIONS") || file == "IDENTITY"; }

struct Flip {
  std::string file;
  size_t byte = 0;
  int bit = 0;
};

// Bytes of the frames' headers in the last block, and of the first frames of the file.
std::set<size_t> header_bytes(const std::string& wal) {
  std::set<size_t> bytes;
  const size_t last_block = (wal.size() - 1) / kBlockBytes * kBlockBytes;
  for (const size_t block : {size_t{0}, last_block}) {
    size_t frames = 0;
    for (size_t at = block; at + kFrameHeaderBytes <= std::min(wal.size(), block + kBlockBytes) && frames < 40; ++frames) {
      for (size_t i = 0; i < kFrameHeaderBytes; ++i) bytes.insert(at + i);
      at += kFrameHeaderBytes + static_cast<uint8_t>(wal[at + 4]) + 256u * static_cast<uint8_t>(wal[at + 5]);
    }
  }
  return bytes;
}

std::vector<Flip> flips_of(const std::string& name, const std::string& bytes, std::mt19937_64& random) {
  std::vector<Flip> flips;
  const std::set<size_t> always = name == sample_log().wal ? header_bytes(bytes) : std::set<size_t>{};
  const size_t stride = holds_nothing(name) ? 53 : bytes.size() < 2000 ? 1 : kStride;
  for (size_t at = random() % stride; at < bytes.size(); at += stride) {
    flips.push_back({name, at, static_cast<int>(random() % 8)});
  }
  for (const size_t at : always) flips.push_back({name, at, static_cast<int>(random() % 8)});
  return flips;
}

std::vector<Flip> all_flips(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Flip> flips;
  for (const auto& [name, bytes] : sample_log().files) {
    if (name == "LOG" || name.starts_with("LOG.")) continue;  // text for people
    const auto more = flips_of(name, bytes, random);
    flips.insert(flips.end(), more.begin(), more.end());
  }
  return flips;
}

std::vector<Flip> manifest_flips(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Flip> flips;
  const std::string name = names_like(flushed_log().files, "MANIFEST").at(0);
  for (size_t at = 0; at < flushed_log().files.at(name).size(); ++at) {
    flips.push_back({name, at, static_cast<int>(random() % 8)});
  }
  return flips;
}

// Finding nothing is right only if nothing changed; an error must say where.
void expect_found_or_harmless(const SampleLog& sample, const Flip& flip, const Outcome& outcome) {
  SCOPED_TRACE("bit " + std::to_string(flip.bit) + " of byte " + std::to_string(flip.byte) + " of " + flip.file);
  if (!outcome.status) {
    const Error& error = outcome.status.error();
    EXPECT_EQ(error.code, Code::kDataLoss) << error.message;
    EXPECT_THAT(error.message, testing::AnyOf(HasSubstr(flip.file), HasSubstr("partition "), HasSubstr("record ")));
    return;
  }
  EXPECT_EQ(outcome.records, sample.records);
  if (flip.file == "ACKED_END") {
    EXPECT_THAT(outcome.warnings, testing::ElementsAre(HasSubstr("ACKED_END")));
  }
}

void write_byte(const std::filesystem::path& file, size_t at, char byte) {
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(at));
  ASSERT_TRUE(out.put(byte).flush());
}

uint64_t seed() {
  static const uint64_t value = std::random_device()();
  return value;
}

// Flips each, looks at the log, and flips it back.
void flip_each(const SampleLog& sample, const std::vector<Flip>& flips) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  write_files(dir, sample.files);
  std::map<std::string, size_t> found;
  std::map<std::string, size_t> tried;
  for (const Flip& flip : flips) {
    const char byte = sample.files.at(flip.file)[flip.byte];
    write_byte(dir / flip.file, flip.byte, static_cast<char>(byte ^ (1 << flip.bit)));
    const Outcome outcome = examine(dir, true);
    expect_found_or_harmless(sample, flip, outcome);
    write_byte(dir / flip.file, flip.byte, byte);
    found[flip.file] += outcome.status && outcome.warnings.empty() ? 0 : 1;
    ++tried[flip.file];
  }
  for (const auto& [file, count] : tried) {
    std::printf("%-16s %zu flips, %zu found, the others without effect\n", file.c_str(), count, found[file]);
    if (holds_nothing(file)) continue;
    EXPECT_EQ(found[file], count) << file;
  }
}

class LogFlip : public testing::TestWithParam<size_t> {};

TEST_P(LogFlip, IsFoundAndNamedOrChangesNothing) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed()));
  const std::vector<Flip> flips = all_flips(seed());
  std::vector<Flip> mine;
  for (size_t i = GetParam(); i < flips.size(); i += kShards) mine.push_back(flips[i]);
  flip_each(sample_log(), mine);
}

INSTANTIATE_TEST_SUITE_P(Shard, LogFlip, testing::Range(size_t{0}, kShards));

#ifndef MNEMO_EVERY_BYTE

TEST(LogFlipInManifest, OfALogThatWroteTablesWhileItWasOpenIsFoundAndNamed) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed()));
  flip_each(flushed_log(), manifest_flips(seed()));
}

// The same for a log that is opened for writing: a refused open leaves every byte as it was.
TEST(LogFlipForWriting, IsFoundOrChangesNothingAndARefusedOpenChangesNoFile) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed()));
  std::mt19937_64 random(seed());
  const TempDir temp;
  const auto dir = temp.path() / "log";
  std::vector<Flip> flips = all_flips(seed());
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

TEST(LogDamage, ADamagedSlotOfTheMarkIsRepairedByOpeningTheLog) {
  const TempDir temp;
  const auto dir = temp.path() / "log";
  for (const size_t byte : {size_t{100}, size_t{4096 + 100}}) {
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
  files["ACKED_END"][100] ^= 1;
  files["ACKED_END"][4096 + 100] ^= 1;
  write_files(dir, files);
  const auto both = examine(dir, false);
  ASSERT_FALSE(both.status.has_value());
  EXPECT_EQ(both.status.error().code, Code::kDataLoss);
  EXPECT_THAT(both.status.error().message, HasSubstr("ACKED_END"));
  EXPECT_EQ(read_files(dir), files);
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

#endif

}  // namespace
}  // namespace mnemo
