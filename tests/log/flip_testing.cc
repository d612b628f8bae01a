#include "tests/log/flip_testing.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>

namespace mnemo {
namespace {

using testing::HasSubstr;

constexpr size_t kBlockBytes = 32768;
constexpr size_t kFrameHeaderBytes = 7;

// Files that hold nothing which the log needs; every byte of the others counts.
bool holds_nothing(const std::string& file) { return file.starts_with("OPTIONS") || file == "IDENTITY"; }

// Bytes of the frames' headers in the last block, and of the first frames of the file.
std::set<size_t> header_bytes(const std::string& wal) {
  std::set<size_t> bytes;
  const size_t last_block = (wal.size() - 1) / kBlockBytes * kBlockBytes;
  for (const size_t block : {size_t{0}, last_block}) {
    size_t frames = 0;
    for (size_t at = block; at + kFrameHeaderBytes <= std::min(wal.size(), block + kBlockBytes) && frames < 40;
         ++frames) {
      for (size_t i = 0; i < kFrameHeaderBytes; ++i) bytes.insert(at + i);
      at += kFrameHeaderBytes + static_cast<uint8_t>(wal[at + 4]) + 256u * static_cast<uint8_t>(wal[at + 5]);
    }
  }
  return bytes;
}

std::vector<Flip> some_flips(const SampleLog& sample, const std::string& name, size_t usual_stride,
                             std::mt19937_64& random) {
  const std::string& bytes = sample.files.at(name);
  std::vector<Flip> flips;
  const std::set<size_t> always = name == sample.wal ? header_bytes(bytes) : std::set<size_t>{};
  const size_t stride = holds_nothing(name) ? 53 : bytes.size() < 2000 ? 1 : usual_stride;
  for (size_t at = random() % stride; at < bytes.size(); at += stride) {
    flips.push_back({name, at, static_cast<int>(random() % 8)});
  }
  for (const size_t at : always) flips.push_back({name, at, static_cast<int>(random() % 8)});
  return flips;
}

void write_byte(const std::filesystem::path& file, size_t at, char byte) {
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(at));
  ASSERT_TRUE(out.put(byte).flush());
}

}  // namespace

uint64_t flip_seed() {
  static const uint64_t value = [] {
    const char* given = std::getenv("MNEMO_SEED");
    const uint64_t chosen = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    std::printf("MNEMO_SEED=%llu\n", static_cast<unsigned long long>(chosen));
    std::fflush(stdout);
    return chosen;
  }();
  return value;
}

std::vector<Flip> flips_of_files(const SampleLog& sample, size_t stride, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Flip> flips;
  for (const auto& [name, bytes] : sample.files) {
    if (name == "LOG" || name.starts_with("LOG.")) continue;  // text for people
    const auto more = some_flips(sample, name, stride, random);
    flips.insert(flips.end(), more.begin(), more.end());
  }
  return flips;
}

std::vector<Flip> flips_of_file(const SampleLog& sample, const std::string& file, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Flip> flips;
  for (size_t at = 0; at < sample.files.at(file).size(); ++at) {
    flips.push_back({file, at, static_cast<int>(random() % 8)});
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

}  // namespace mnemo
