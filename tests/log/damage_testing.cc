#include "tests/log/damage_testing.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace mnemo {

namespace fs = std::filesystem;

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const fs::path& file, const std::string& bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

Files read_files(const fs::path& dir) {
  Files files;
  for (const auto& entry : fs::directory_iterator(dir)) {
    files[entry.path().filename().string()] = read_file(entry.path());
  }
  return files;
}

void write_files(const fs::path& dir, const Files& files) {
  fs::remove_all(dir);
  fs::create_directories(dir);
  for (const auto& [name, bytes] : files) write_file(dir / name, bytes);
}

std::vector<std::string> names_like(const Files& files, const std::string& part) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files) {
    if (name.find(part) != std::string::npos) names.push_back(name);
  }
  return names;
}

namespace {

std::unique_ptr<EmbeddedLog> must(Result<std::unique_ptr<EmbeddedLog>> log) {
  if (!log) throw std::runtime_error(log.error().message);
  return std::move(*log);
}

std::vector<std::vector<ReadRecord>> read_partitions(EmbeddedLog& log) {
  std::vector<std::vector<ReadRecord>> records;
  for (uint32_t p = 0; p < log.identity().partitions; ++p) records.push_back(read_all(log, p));
  return records;
}

// One append, to all partitions in turn.
void append_some(EmbeddedLog& log, uint32_t count, const std::string& value) {
  std::vector<NewRecord> records;
  for (uint32_t i = 0; i < count; ++i) {
    records.push_back(new_record(i % log.identity().partitions, value + " " + std::to_string(i)));
  }
  const auto appended = append_and_wait(log, std::move(records));
  if (!appended) throw std::runtime_error(appended.error().message);
}

// Each time a log is opened, what its write-ahead log holds becomes a table; sixteen of them are merged.
void write_tables(const fs::path& dir, int tables) {
  for (int t = 0; t < tables; ++t) {
    const auto log = must(EmbeddedLog::open(dir));
    append_some(*log, 6, "table " + std::to_string(t) + std::string(150, 't'));
  }
  const auto log = must(EmbeddedLog::open(dir));
}

size_t count_tables(const fs::path& dir) { return names_like(read_files(dir), ".sst").size(); }

void wait_for_merge(const fs::path& dir) {
  const auto log = must(EmbeddedLog::open(dir));
  for (int i = 0; i < 1000 && count_tables(dir) > 6; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (count_tables(dir) > 6) throw std::runtime_error("the tables were not merged");
}

SampleLog make_sample_log() {
  const TempDir temp;
  const fs::path dir = temp.path() / "log";
  must(EmbeddedLog::create(dir, {.log_id = {7}, .partitions = 2})).reset();
  write_tables(dir, 16);
  wait_for_merge(dir);
  write_tables(dir, 2);

  SampleLog sample;
  auto log = must(EmbeddedLog::open(dir));
  for (int i = 0; i < 40; ++i) append_some(*log, 6, "tail " + std::to_string(i) + std::string(300, 'w'));
  // The newest: RocksDB may not have deleted yet what it replayed when it opened.
  sample.wal = names_like(read_files(dir), ".log").back();
  for (uint32_t i = 0; i < 3; ++i) {
    sample.before_last.push_back({fs::file_size(dir / sample.wal),
                                  read_file(dir / "ACKED_END"),
                                  {log->end(PartitionId{0}).value(), log->end(PartitionId{1}).value()}});
    append_one(*log, i % 2, "last " + std::to_string(i));
  }
  sample.records = read_partitions(*log);
  log.reset();
  sample.files = read_files(dir);
  if (names_like(sample.files, ".log").size() != 1) throw std::runtime_error("expected one write-ahead log");
  return sample;
}

SampleLog make_flushed_log() {
  const TempDir temp;
  const fs::path dir = temp.path() / "log";
  EmbeddedLogOptions options;
  options.memtable_bytes = 64 << 10;
  auto log = must(EmbeddedLog::create(dir, {.log_id = {9}, .partitions = 1}, options));
  for (int i = 0; i < 50; ++i) append_some(*log, 5, std::to_string(i) + std::string(1000, 'f'));
  SampleLog sample;
  sample.records = read_partitions(*log);
  log.reset();
  sample.files = read_files(dir);
  if (names_like(sample.files, ".sst").size() < 3) throw std::runtime_error("expected some tables");
  return sample;
}

}  // namespace

const SampleLog& sample_log() {
  static const SampleLog sample = make_sample_log();
  return sample;
}

const SampleLog& flushed_log() {
  static const SampleLog sample = make_flushed_log();
  return sample;
}

Outcome examine(const fs::path& dir, bool read_only) {
  Outcome outcome;
  EmbeddedLogOptions options;
  options.read_only = read_only;
  auto log = EmbeddedLog::open(dir, options);
  if (!log) {
    outcome.status = fail(log.error());
    return outcome;
  }
  outcome.opened = true;
  outcome.warnings = (*log)->warnings();
  outcome.status = (*log)->verify_all();
  if (outcome.status) outcome.records = read_partitions(**log);
  return outcome;
}

}  // namespace mnemo
