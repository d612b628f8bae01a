// Replays a log of memories into an empty projection, full index, and prints one JSON object: rates until applied and
// until compaction has settled, CPU, rows and bytes an event, disk a memory, peak memory.
//
//   replay_bench [--dir DIR] [--events 1000000] [--agents 1000] [--partitions 8] [--memory 512MiB] [--texts FILE]
//
// --texts writes the texts and agents as tab-separated lines, for a peer to index in the same run.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <deque>
#include <fstream>
#include <future>

#include "bench/workload.h"
#include "consumers/node.h"
#include "events/genesis.h"
#include "events/log_embedded.h"

namespace {

using namespace mnemo;
using SteadyClock = std::chrono::steady_clock;

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

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// In MiB, of this process since its start or the last reset.
double peak_memory_mib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

void must(const Status& status) {
  if (status) return;
  fmt::print(stderr, "replay_bench: {}\n", status.error().message);
  std::exit(2);
}

// Fills a new log; returns the seconds that took.
double fill(EmbeddedLog& log, const FingerprintKey& key, const Options& options) {
  SystemClock clock;
  UuidGenerator ids(clock);
  must(append_and_wait(log, genesis_records(log.identity(), key.check_value(), clock, ids)).map([](const auto&) {}));
  bench::Workload workload(options.agents, 42);
  std::ofstream texts;
  if (!options.texts.empty()) texts.open(options.texts);
  const auto start = SteadyClock::now();
  std::deque<std::future<Status>> under_way;
  for (uint64_t done = 0; done < options.events;) {
    std::vector<NewRecord> batch;
    for (; batch.size() < 1000 && done < options.events; ++done) {
      v1::Envelope envelope = workload.next();
      const Bytes16 id = ids.next();
      envelope.set_event_id(std::string(id.begin(), id.end()));
      envelope.set_recorded_at_ms(clock.now_ms());
      const Bytes16 fingerprint = key.fingerprint(envelope);
      envelope.set_fingerprint(std::string(fingerprint.begin(), fingerprint.end()));
      if (texts) texts << envelope.agent_id() << '\t' << envelope.remembered().text().plain() << '\n';
      batch.push_back(make_record(envelope, options.partitions));
    }
    auto promise = std::make_shared<std::promise<Status>>();
    under_way.push_back(promise->get_future());
    must(log.append(std::move(batch), [promise](const Result<std::vector<Appended>>& appended) {
      promise->set_value(appended ? Status{} : fail(appended.error()));
    }));
    if (under_way.size() < 16) continue;
    must(under_way.front().get());
    under_way.pop_front();
  }
  for (auto& future : under_way) must(future.get());
  return seconds_since(start);
}

int run(const Options& options) {
  namespace fs = std::filesystem;
  const fs::path dir(options.dir);
  SystemClock clock;
  LogIdentity identity;
  identity.partitions = options.partitions;
  const bool reuse = fs::exists(dir / "log");
  auto opened = reuse ? EmbeddedLog::open(dir / "log") : EmbeddedLog::create(dir / "log", identity);
  if (!opened) must(fail(opened.error()));
  EmbeddedLog& log = **opened;
  const FingerprintKey key = FingerprintKey::from_bytes(std::string(32, 'k')).value();
  const double fill_seconds = reuse ? 0 : fill(log, key, options);

  fs::remove_all(dir / "state");
  reset_peak_memory();
  NodeOptions node_options;
  node_options.memory_bytes = options.memory_bytes;
  node_options.batch.records = options.batch;
  node_options.ticks = false;
  const double cpu_before = cpu_seconds();
  const auto start = SteadyClock::now();
  auto node = Node::open(log, key, clock, dir / "state", node_options);
  if (!node) must(fail(node.error()));
  must((*node)->wait_applied(start + std::chrono::hours(1)));
  const double applied = seconds_since(start);
  const double cpu_applied = cpu_seconds() - cpu_before;
  uint64_t disk = 0;
  uint64_t memories = 0;
  for (uint32_t p = 0; p < (*node)->partitions(); ++p) must((*node)->projection(PartitionId(p)).store().settle());
  const double settled = seconds_since(start);
  const double cpu_settled = cpu_seconds() - cpu_before;
  const double peak = peak_memory_mib();
  Digest content;
  for (uint32_t p = 0; p < (*node)->partitions(); ++p) {
    disk += (*node)->projection(PartitionId(p)).store().disk_bytes();
    memories += (*node)->projection(PartitionId(p)).applied().counters.memories;
    content += (*node)->projection(PartitionId(p)).applied().content;
  }
  const auto events = static_cast<double>(options.events);
  fmt::print(
      "{{\"events\": {}, \"partitions\": {}, \"fill_s\": {:.2f}, \"applied_per_s\": {:.0f}, \"settled_per_s\": {:.0f}, "
      "\"cpu_us_per_event_applied\": {:.2f}, \"cpu_us_per_event_settled\": {:.2f}, \"disk_bytes_per_memory\": {:.1f}, "
      "\"peak_memory_mib\": {:.0f}, \"budget_mib\": {}, \"memories\": {}, \"content\": \"{}\"}}\n",
      options.events, options.partitions, fill_seconds, events / applied, events / settled, cpu_applied / events * 1e6,
      cpu_settled / events * 1e6, static_cast<double>(disk) / static_cast<double>(memories), peak,
      options.memory_bytes >> 20, memories, to_hex(content));
  must((*node)->close());
  must(log.close());
  if (!options.keep) fs::remove_all(dir / "state");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("replay benchmark");
  app.add_option("--dir", options.dir, "where log and projection go; a temporary directory when absent");
  app.add_option("--events", options.events);
  app.add_option("--agents", options.agents);
  app.add_option("--partitions", options.partitions);
  app.add_option("--memory", options.memory_bytes)->transform(CLI::AsSizeValue(false));
  app.add_option("--batch", options.batch);
  app.add_option("--texts", options.texts);
  app.add_flag("--keep", options.keep);
  CLI11_PARSE(app, argc, argv);
  const bool temporary = options.dir.empty();
  if (temporary)
    options.dir = std::filesystem::temp_directory_path() / fmt::format("mnemo-replay-bench-{}", ::getpid());
  const int code = run(options);
  if (temporary) std::filesystem::remove_all(options.dir);
  return code;
}
