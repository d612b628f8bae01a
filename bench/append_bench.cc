// How fast records become durable in the embedded log, beside what the disk itself can do in the same run.
//
//   append_bench [--dir DIR] [--seconds S]     one JSON object a line
//
// DIR must be on the file system that is meant (default: the current directory); a scratch directory is made in it and
// removed. Records are 300 bytes, keys included. Rates are per second; times are microseconds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "bench/measure.h"
#include "events/log_embedded.h"

namespace mnemo::bench {
namespace {

constexpr uint32_t kPartitions = 8;
constexpr size_t kRecordBytes = 300;

double report_sync_rate(const std::filesystem::path& dir, double seconds, bool growing) {
  const SyncRate raw = fdatasync_rate(dir, seconds, growing);
  fmt::print("{{\"what\":\"fdatasync, 1 thread, 4 KiB {}\",\"rate\":{:.0f},\"p50_us\":{},\"p99_us\":{}}}\n",
             growing ? "appended" : "overwritten", raw.per_second, raw.p50_us, raw.p99_us);
  return raw.per_second;
}

struct Load {
  std::string what;
  int threads = 1;
  size_t batch = 1;
};

struct Measured {
  double seconds = 0;
  double cpu_seconds = 0;
  std::vector<uint64_t> micros;  // of each append
  EmbeddedLogStats before;
  EmbeddedLogStats after;
};

std::vector<NewRecord> make_batch(int thread, size_t count) {
  const std::string key = fmt::format(
      "bench\x1f"
      "agent-{:04}",
      thread);
  std::vector<NewRecord> records;
  for (size_t i = 0; i < count; ++i) {
    records.push_back({PartitionId{static_cast<uint32_t>(thread) % kPartitions}, key,
                       std::string(kRecordBytes - key.size(), static_cast<char>('a' + (i + thread) % 26))});
  }
  return records;
}

void report(const Load& load, Measured m, double raw_rate) {
  const auto records = static_cast<double>(m.after.records - m.before.records);
  const auto groups = static_cast<double>(m.after.groups - m.before.groups);
  const auto marks = static_cast<double>(m.after.marks - m.before.marks);
  fmt::print(
      "{{\"what\":\"{}\",\"rate\":{:.0f},\"times_fdatasync\":{:.2f},\"records_per_group\":{:.1f},"
      "\"groups_per_mark\":{:.2f},\"p50_us\":{},\"p99_us\":{},\"group_us\":{:.0f},\"mark_us\":{:.0f},"
      "\"cpu_us_per_record\":{:.2f}}}\n",
      load.what, records / m.seconds, records / m.seconds / raw_rate, records / groups, groups / marks,
      percentile(m.micros, 0.5), percentile(m.micros, 0.99),
      static_cast<double>(m.after.group_micros - m.before.group_micros) / groups,
      static_cast<double>(m.after.mark_micros - m.before.mark_micros) / marks, 1e6 * m.cpu_seconds / records);
  std::fflush(stdout);
}

void run_load(EmbeddedLog& log, const Load& load, double seconds, double raw_rate) {
  std::vector<std::vector<uint64_t>> micros(static_cast<size_t>(load.threads));
  std::vector<std::thread> threads;
  Measured measured;
  measured.before = log.stats();
  const double cpu_before = cpu_seconds().total;
  const auto start = SteadyClock::now();
  for (int t = 0; t < load.threads; ++t) {
    threads.emplace_back([&, t] {
      const std::vector<NewRecord> records = make_batch(t, load.batch);
      while (seconds_since(start) < seconds) {
        const auto asked = SteadyClock::now();
        const auto appended = append_and_wait(log, records);
        if (!appended) die(appended.error().message);
        micros[static_cast<size_t>(t)].push_back(micros_between(asked, SteadyClock::now()));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  measured.seconds = seconds_since(start);
  measured.cpu_seconds = cpu_seconds().total - cpu_before;
  measured.after = log.stats();
  for (const auto& one : micros) measured.micros.insert(measured.micros.end(), one.begin(), one.end());
  report(load, std::move(measured), raw_rate);
}

void run_reads(EmbeddedLog& log) {
  uint64_t records = 0;
  const auto start = SteadyClock::now();
  for (uint32_t p = 0; p < kPartitions; ++p) {
    const uint64_t end = log.end(PartitionId{p}).value();
    const auto reader = log.read(PartitionId{p}, 0).value();
    while (reader->next_offset() < end) {
      const auto batch = reader->poll({}, Deadline::min());
      if (!batch) die(batch.error().message);
      records += batch->size();
    }
  }
  fmt::print("{{\"what\":\"read all, 1 thread\",\"records\":{},\"rate\":{:.0f}}}\n", records,
             static_cast<double>(records) / seconds_since(start));
}

void run(const std::filesystem::path& dir, double seconds) {
  const double raw_rate = report_sync_rate(dir, seconds, false);
  report_sync_rate(dir, seconds, true);
  auto log = must(EmbeddedLog::create(dir / "log", {.partitions = kPartitions}));
  run_load(*log, {"append, 1 thread, one at a time", 1, 1}, seconds, raw_rate);
  run_load(*log, {"append, 64 threads, one at a time", 64, 1}, seconds, raw_rate);
  run_load(*log, {"append, 4 threads, batches of 200", 4, 200}, seconds, raw_rate);
  run_reads(*log);
  log.reset();

  const auto start = SteadyClock::now();
  log = must(EmbeddedLog::open(dir / "log"));
  fmt::print("{{\"what\":\"open again\",\"ms\":{:.0f}}}\n", seconds_since(start) * 1000);
  run_reads(*log);
}

}  // namespace
}  // namespace mnemo::bench

int main(int argc, char** argv) {
  std::filesystem::path dir = ".";
  double seconds = 2;
  CLI::App app("How fast records become durable in the embedded log");
  app.add_option("--dir", dir, "A directory on the file system to measure");
  app.add_option("--seconds", seconds, "How long each measurement takes");
  CLI11_PARSE(app, argc, argv);
  const mnemo::bench::ScratchDirectory scratch(dir, "append_bench");
  mnemo::bench::run(scratch.path(), seconds);
}
