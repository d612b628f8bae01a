// File: bench/write_bench.cc
// How fast memories become durable and applied through the library, the projection running: one at a time from many
// threads, and in batches. Beside them what the disk does by itself in the same run. One JSON object a line.
//
//   write_bench [--dir DIR] [--seconds S] [--memory 512MiB]
//
// DIR must be on the file system that is meant (default: the current directory); a scratch directory is made in it and
// removed. Rates are per second. A write counts when it is answered: durable on the log and applied.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bench/log_filler.h"
#include "bench/measure.h"
#include "consumers/node.h"

namespace mnemo::bench {
namespace {

constexpr uint32_t kPartitions = 8;
constexpr uint32_t kAgentsPerThread = 16;
constexpr size_t kBatchesUnderWay = 2;  // of each thread: the next is sent while the one before becomes durable

struct Load {
  std::string what;
  int threads = 1;
  size_t batch = 1;
};

struct Worker {
  std::vector<uint64_t> micros;  // from asking to the answer, of each batch
  uint64_t written = 0;
};

// Batches of one thread that are not answered yet.
class UnderWay {
 public:
  void wait_below(size_t most) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ < most; });
  }
  void begin() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      --count_;
    }
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_ = 0;
};

void expect_new(const Result<Written>& written) {
  if (!written) die(written.error().message);
  if (written->outcome.kind != Outcome::Kind::kApplied) die("a new memory was not taken as new");
}

void write_singly(Node& node, Workload& workload, SteadyClock::time_point end, Worker& worker) {
  while (SteadyClock::now() < end) {
    v1::Envelope envelope = workload.next();
    const auto asked = SteadyClock::now();
    expect_new(node.write(std::move(envelope), asked + std::chrono::minutes(1)));
    worker.micros.push_back(micros_between(asked, SteadyClock::now()));
    ++worker.written;
  }
}

void write_batches(Node& node, Workload& workload, SteadyClock::time_point end, size_t batch, Worker& worker) {
  UnderWay under_way;
  std::mutex mutex;  // of worker.micros
  while (SteadyClock::now() < end) {
    std::vector<v1::Envelope> envelopes;
    while (envelopes.size() < batch) envelopes.push_back(workload.next());
    under_way.wait_below(kBatchesUnderWay);
    under_way.begin();
    const auto asked = SteadyClock::now();
    auto left = std::make_shared<std::atomic<size_t>>(batch);
    must(node.write_all(std::move(envelopes), [&, asked, left](size_t /*number*/, const Result<Written>& written) {
      expect_new(written);
      if (left->fetch_sub(1) > 1) return;
      {
        const std::lock_guard lock(mutex);
        worker.micros.push_back(micros_between(asked, SteadyClock::now()));
      }
      under_way.end();
    }));
    worker.written += batch;
  }
  under_way.wait_below(1);
}

// Every load and thread has agents of its own, so that no memory is there before.
Workload workload_of(const std::string& load, int thread) {
  return Workload({.agents = kAgentsPerThread, .seed = 42, .prefix = fmt::format("{}-{}", load, thread)});
}

void run_load(Node& node, const Load& load, double seconds, double raw_rate) {
  std::vector<Worker> workers(static_cast<size_t>(load.threads));
  std::vector<Workload> workloads;
  for (int t = 0; t < load.threads; ++t) workloads.push_back(workload_of(load.what, t));
  std::vector<std::thread> threads;
  const CpuSeconds before = cpu_seconds();
  const auto start = SteadyClock::now();
  const auto end = start + std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
  for (int t = 0; t < load.threads; ++t) {
    threads.emplace_back([&, t] {
      Worker& worker = workers[static_cast<size_t>(t)];
      Workload& workload = workloads[static_cast<size_t>(t)];
      if (load.batch == 1) return write_singly(node, workload, end, worker);
      write_batches(node, workload, end, load.batch, worker);
    });
  }
  for (auto& thread : threads) thread.join();
  const double took = seconds_since(start);
  const CpuSeconds cpu = cpu_seconds() - before;
  Worker all;
  for (const Worker& worker : workers) {
    all.micros.insert(all.micros.end(), worker.micros.begin(), worker.micros.end());
    all.written += worker.written;
  }
  const double rate = static_cast<double>(all.written) / took;
  fmt::print(
      "{{\"what\":\"{}\",\"threads\":{},\"batch\":{},\"rate\":{:.0f},\"times_fdatasync\":{:.2f},\"p50_us\":{},"
      "\"p99_us\":{},\"cpu_us_per_write\":{:.1f}}}\n",
      load.what, load.threads, load.batch, rate, rate / raw_rate, percentile(all.micros, 0.5),
      percentile(all.micros, 0.99), 1e6 * cpu.total / static_cast<double>(all.written));
  std::fflush(stdout);
}

void run(const std::filesystem::path& dir, double seconds, size_t memory_bytes) {
  const SyncRate raw = fdatasync_rate(dir, seconds, false);
  fmt::print("{{\"what\":\"fdatasync, 1 thread, 4 KiB\",\"rate\":{:.0f},\"p50_us\":{},\"p99_us\":{}}}\n",
             raw.per_second, raw.p50_us, raw.p99_us);
  const auto log = must(EmbeddedLog::create(dir / "log", {.partitions = kPartitions}));
  const FingerprintKey key = bench_key();
  append_genesis(*log, key);
  SystemClock clock;
  NodeOptions options;
  options.memory_bytes = memory_bytes;
  auto node = must(Node::open(*log, key, clock, dir / "state", options));
  must(node->wait_applied(SteadyClock::now() + std::chrono::minutes(1)));
  run_load(*node, {"one", 1, 1}, seconds, raw.per_second);
  run_load(*node, {"many", 64, 1}, seconds, raw.per_second);
  run_load(*node, {"batches", 4, 200}, seconds, raw.per_second);
  must(node->close());
  must(log->close());
}

}  // namespace
}  // namespace mnemo::bench

int main(int argc, char** argv) {
  using namespace mnemo::bench;
  std::filesystem::path dir = ".";
  double seconds = 5;
  size_t memory_bytes = 512 << 20;
  CLI::App app("How fast memories become durable and applied through the library");
  app.add_option("--dir", dir, "A directory on the file system to measure");
  app.add_option("--seconds", seconds, "How long each measurement takes");
  app.add_option("--memory", memory_bytes)->transform(CLI::AsSizeValue(false));
  CLI11_PARSE(app, argc, argv);
  const ScratchDirectory scratch(dir, "write_bench");
  run(scratch.path(), seconds, memory_bytes);
  return 0;
}
