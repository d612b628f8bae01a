// File: bench/replay_bench.cc
// Replays a log of memories into an empty projection, full index, and prints one JSON object: rates until applied and
// until flushes and compactions have settled, CPU by stage, rows and bytes an event, disk a memory, peak memory.
//
//   replay_bench [--dir DIR] [--events 1000000] [--agents 1000] [--partitions 8] [--memory 512MiB] [--texts FILE]
//
// --texts writes agents and texts as tab-separated lines, for a peer to index in the same run. A log that DIR holds
// already is replayed as it is.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <ctime>

#include "bench/log_filler.h"
#include "bench/measure.h"
#include "consumers/node.h"
#include "events/text/analyzer.h"

namespace mnemo::bench {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string dir;
  uint64_t events = 1000000;
  uint32_t agents = 1000;
  uint32_t partitions = 8;
  uint64_t memory_bytes = 512 << 20;
  size_t batch = 5000;
  std::string texts;
  bool keep = false;
};

// --- The stages before apply(), each by itself ---

// Microseconds of this thread's CPU an event.
struct Stages {
  double read = 0;
  double decode = 0;
  double validate = 0;
  double analyse = 0;
  double sum() const { return read + decode + validate + analyse; }
};

constexpr uint64_t kStageEvents = 200'000;

class StageClock {
 public:
  // Adds what has passed since the last call.
  void lap(double& micros) {
    const double now = now_us();
    micros += now - last_;
    last_ = now;
  }

 private:
  static double now_us() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
  }
  double last_ = now_us();
};

// A few records at a time, so that what one stage leaves in the caches is there for the next, as it is in a replay.
constexpr size_t kStageRecords = 32;

void stages_of(std::span<const LogRecord> records, const Rules& rules, Analyzer& analyzer, StageClock& clock,
               Stages& out) {
  static std::array<v1::Envelope, kStageRecords> envelopes;
  static std::vector<uint32_t> terms;
  for (size_t i = 0; i < records.size(); ++i) {
    if (!decode(records[i].value, envelopes[i])) die("a record cannot be decoded");
  }
  clock.lap(out.decode);
  for (size_t i = 0; i < records.size(); ++i) must(validate(envelopes[i], rules));
  clock.lap(out.validate);
  for (size_t i = 0; i < records.size(); ++i) {
    terms.clear();
    analyzer.analyze(envelopes[i].remembered().text().plain(), terms);
  }
  clock.lap(out.analyse);
}

Stages measure_stages(Log& log, const Rules& rules) {
  Stages stages;
  Analyzer analyzer;
  uint64_t events = 0;
  StageClock clock;
  for (uint32_t p = 0; p < log.identity().partitions && events < kStageEvents; ++p) {
    const auto reader = must(log.read(PartitionId(p), 2));  // after the log's own two
    const uint64_t end = must(log.end(PartitionId(p)));
    while (reader->next_offset() < end && events < kStageEvents) {
      const auto records = must(reader->poll(PollLimits{}, Deadline::min()));
      clock.lap(stages.read);
      for (size_t at = 0; at < records.size(); at += kStageRecords) {
        stages_of(records.subspan(at, std::min(kStageRecords, records.size() - at)), rules, analyzer, clock, stages);
      }
      events += records.size();
    }
  }
  for (double* stage : {&stages.read, &stages.decode, &stages.validate, &stages.analyse}) {
    *stage /= static_cast<double>(events);
  }
  return stages;
}

// --- The replay ---

struct Measured {
  double fill_s = 0;
  double applied_s = 0;
  double settled_s = 0;
  double peak_mib = 0;
  CpuSeconds cpu;
  StoreWrites writes;
  uint64_t disk = 0;
  uint64_t memories = 0;
  Digest content;
  Stages stages;
};

void measure_replay(Log& log, const FingerprintKey& key, const Options& options, Measured& m) {
  SystemClock clock;
  NodeOptions node_options;
  node_options.memory_bytes = options.memory_bytes;
  node_options.batch.records = options.batch;
  node_options.ticks = false;
  reset_peak_memory();
  const CpuSeconds before = cpu_seconds();
  const auto start = SteadyClock::now();
  auto node = must(Node::open(log, key, clock, fs::path(options.dir) / "state", node_options));
  must(node->wait_applied(start + std::chrono::hours(1)));
  m.applied_s = seconds_since(start);
  for (uint32_t p = 0; p < node->partitions(); ++p) must(node->projection(PartitionId(p)).store().settle());
  m.settled_s = seconds_since(start);
  m.cpu = cpu_seconds() - before;
  m.peak_mib = peak_memory_mib();
  for (uint32_t p = 0; p < node->partitions(); ++p) {
    Projection& projection = node->projection(PartitionId(p));
    m.disk += projection.store().disk_bytes();
    m.memories += projection.applied().counters.memories;
    m.content += projection.applied().content;
    const StoreWrites writes = projection.store().writes();
    m.writes.batches += writes.batches;
    m.writes.rows += writes.rows;
    m.writes.bytes += writes.bytes;
  }
  m.stages = measure_stages(log, *node->projection(PartitionId(0)).rules());
  must(node->close());
}

void print(const Options& options, const Measured& m) {
  const auto events = static_cast<double>(options.events);
  const auto us = [events](double seconds) { return seconds / events * 1e6; };
  const double applying = us(m.cpu.total - m.cpu.flush - m.cpu.compaction);
  fmt::print(
      "{{\"events\":{},\"agents\":{},\"partitions\":{},\"fill_s\":{:.2f},\"applied_per_s\":{:.0f},"
      "\"settled_per_s\":{:.0f},\"cpu_us_per_event\":{{\"all\":{:.2f},\"read\":{:.2f},\"decode\":{:.2f},"
      "\"validate\":{:.2f},\"analyse\":{:.2f},\"apply_and_commit\":{:.2f},\"flush\":{:.2f},\"compaction\":{:.2f}}},"
      "\"rows_per_event\":{:.3f},\"batch_bytes_per_event\":{:.0f},\"disk_bytes_per_memory\":{:.0f},"
      "\"peak_memory_mib\":{:.0f},\"budget_mib\":{},\"memories\":{},\"content\":\"{}\"}}\n",
      options.events, options.agents, options.partitions, m.fill_s, events / m.applied_s, events / m.settled_s,
      us(m.cpu.total), m.stages.read, m.stages.decode, m.stages.validate, m.stages.analyse, applying - m.stages.sum(),
      us(m.cpu.flush), us(m.cpu.compaction), static_cast<double>(m.writes.rows) / events,
      static_cast<double>(m.writes.bytes) / events, static_cast<double>(m.disk) / static_cast<double>(m.memories),
      m.peak_mib, options.memory_bytes >> 20, m.memories, to_hex(m.content));
}

void run(const Options& options) {
  const fs::path dir(options.dir);
  const FingerprintKey key = bench_key();
  const bool reuse = fs::exists(dir / "log");
  LogIdentity identity;
  identity.partitions = options.partitions;
  const auto log = must(reuse ? EmbeddedLog::open(dir / "log") : EmbeddedLog::create(dir / "log", identity));
  Measured measured;
  if (!reuse) {
    append_genesis(*log, key);
    Workload workload({.agents = options.agents, .seed = 42});
    measured.fill_s = fill_log(*log, key, workload, options.events, options.texts);
  }
  fs::remove_all(dir / "state");
  measure_replay(*log, key, options, measured);
  print(options, measured);
  must(log->close());
  if (!options.keep) fs::remove_all(dir / "state");
}

}  // namespace
}  // namespace mnemo::bench

int main(int argc, char** argv) {
  using namespace mnemo::bench;
  Options options;
  CLI::App app("How fast a log is replayed into an empty projection");
  app.add_option("--dir", options.dir, "where log and projection go, and stay (default: a scratch directory here)");
  app.add_option("--events", options.events);
  app.add_option("--agents", options.agents);
  app.add_option("--partitions", options.partitions);
  app.add_option("--memory", options.memory_bytes)->transform(CLI::AsSizeValue(false));
  app.add_option("--batch", options.batch, "records of a poll at most");
  app.add_option("--texts", options.texts, "a file for agents and texts");
  app.add_flag("--keep", options.keep, "leave the projection in DIR");
  CLI11_PARSE(app, argc, argv);
  if (!options.dir.empty()) {
    run(options);
    return 0;
  }
  const ScratchDirectory scratch(".", "replay_bench");
  options.dir = scratch.path().string();
  run(options);
  return 0;
}
