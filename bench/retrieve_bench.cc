// File: bench/retrieve_bench.cc
// What a retrieve takes in this process: computed, and kept. One JSON object a line.
//
//   retrieve_bench [--agents 1000] [--documents 588000] [--forgotten 0] [--questions 20000] [--words 8] [--memory 512]
//   [--texts FILE --asked FILE]
//
// Questions are words of a random memory of a random agent, ten memories are asked for, each from a view of its own.
// They are asked as the server asks them, then scoring every posting and passing over postings that cannot matter
// (query/prune.h), in turns, whatever the size of the agent: where the one begins to win, kPrunedDocsMin belongs.
// --texts and --asked write what a peer needs to do the same in the same run (tantivy_retrieve): agents and texts, and
// agents and the terms of each question, as tab-separated lines.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ctime>
#include <fstream>
#include <random>

#include "bench/measure.h"
#include "events/genesis.h"
#include "events/log.h"
#include "projector/projection.h"
#include "query/retrieve_cached.h"
#include "server/load/workload.h"

namespace mnemo::bench {
namespace {

constexpr size_t kBatch = 5000;
constexpr PartitionId kPartition(0);

struct Options {
  std::string dir;
  uint32_t agents = 1000;
  uint64_t documents = 588'000;
  uint64_t forgotten = 0;  // percent
  uint64_t questions = 20'000;
  uint64_t words = 8;
  uint64_t memory_mib = 512;
  std::string texts;
  std::string asked;
};

// One partition without a log: records are made, applied and forgotten.
class Corpus final : public AnswerSource {
 public:
  explicit Corpus(const Options& options) : dir_(options.dir, "retrieve"), resources_(options.memory_mib << 20) {
    identity_.log_id.fill(7);
    projection_ = must(Projection::open(
        {.store = {.dir = dir_.path() / "state", .partition = kPartition, .resources = &resources_},
         .log = identity_,
         .limits = {},
         .on_commit = [this](PartitionId partition, const Touched& touched) { cache_.raise(partition, touched); }}));
  }

  void fill(const Options& options) {
    std::vector<NewRecord> batch = genesis_records(identity_, Bytes16{}, clock_, ids_);
    Workload workload({.agents = options.agents, .seed = 1});
    std::ofstream texts;
    if (!options.texts.empty()) texts.open(options.texts);
    for (uint64_t i = 0; i < options.documents; ++i) {
      v1::Envelope envelope = workload.next();
      const Bytes16 id = ids_.next();
      envelope.set_event_id(std::string(id.begin(), id.end()));
      envelope.set_recorded_at_ms(clock_.now_ms());
      if (options.forgotten > 0) envelope.mutable_remembered()->set_memory_id(envelope.idempotency_key());
      if (i % 31 == 0) asked_.emplace_back(envelope.agent_id(), envelope.remembered().text().plain());
      texts << envelope.agent_id() << '\t' << envelope.remembered().text().plain() << '\n';
      batch.push_back(make_record(envelope, identity_.partitions));
      if (i % 100 < options.forgotten) batch.push_back(make_record(forgetting(envelope), identity_.partitions));
      if (batch.size() >= kBatch) apply(batch);
    }
    apply(batch);
    must(projection_->store().settle());
  }

  // Every other word of a memory, as many as are asked for.
  RetrieveRequest question(std::mt19937_64& random, uint64_t words) const {
    const auto& [agent, text] = asked_[random() % asked_.size()];
    RetrieveRequest request{.name_space = "bench", .agent_id = agent};
    size_t at = 0;
    for (uint64_t word = 0; word < words * 2 && at < text.size(); ++word) {
      const size_t end = std::min(text.find(' ', at), text.size());
      if (word % 2 == 0) request.query.append(text, at, end - at).append(" ");
      at = end + 1;
    }
    return request;
  }

  PartitionId partition() const override { return kPartition; }
  Applied applied() const override {
    const Meta meta = projection_->applied();
    return {{kPartition, meta.epoch, meta.next_offset}, meta.event_time_ms};
  }
  Result<std::unique_ptr<View>> view() const override { return projection_->view(); }
  ResultCache& cache() { return cache_; }

 private:
  v1::Envelope forgetting(const v1::Envelope& remembered) {
    v1::Envelope envelope = remembered;
    const Bytes16 id = ids_.next();
    envelope.set_event_id(std::string(id.begin(), id.end()));
    envelope.set_idempotency_key("forget/" + remembered.idempotency_key());
    envelope.mutable_forgotten()->set_memory_id(remembered.idempotency_key());
    return envelope;
  }

  void apply(std::vector<NewRecord>& batch) {
    std::vector<LogRecord> records;
    for (const NewRecord& record : batch) {
      records.push_back({{kPartition, identity_.epoch, next_++}, clock_.now_ms(), record.key, record.value});
    }
    must(projection_->apply(records, {}, nullptr, false));
    batch.clear();
  }

  ScratchDirectory dir_;
  LogIdentity identity_;
  SystemClock clock_;
  UuidGenerator ids_{clock_};
  StoreResources resources_;
  ResultCache cache_{{}};
  std::unique_ptr<Projection> projection_;
  uint64_t next_ = 0;
  std::vector<std::pair<std::string, std::string>> asked_;  // agent, text
};

uint64_t cpu_nanos() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

double micros(std::vector<uint64_t>& nanos, double p) { return static_cast<double>(percentile(nanos, p)) / 1e3; }

// Prints how long each call of `ask` takes, and how much CPU of this thread: other work on the machine is in the first.
template <typename Ask>
void measure(const std::string& what, uint64_t questions, Ask&& ask) {
  std::vector<uint64_t> nanos;
  std::vector<uint64_t> cpu;
  uint64_t hits = 0;
  for (uint64_t i = 0; i < questions; ++i) {
    const RetrieveRequest request = ask.next();
    const auto start = SteadyClock::now();
    const uint64_t cpu_start = cpu_nanos();
    const Answer answer = must(ask(request));
    cpu.push_back(cpu_nanos() - cpu_start);
    nanos.push_back(static_cast<uint64_t>((SteadyClock::now() - start).count()));
    hits += answer.hits.size();
  }
  fmt::print(
      "{{\"what\":\"{}\",\"questions\":{},\"hits\":{:.1f},\"p50_us\":{:.1f},\"p99_us\":{:.1f},\"cpu_p50_us\":{:.1f},"
      "\"cpu_p99_us\":{:.1f}}}\n",
      what, questions, static_cast<double>(hits) / static_cast<double>(questions), micros(nanos, 0.5),
      micros(nanos, 0.99), micros(cpu, 0.5), micros(cpu, 0.99));
  std::fflush(stdout);
}

struct Asking {
  Corpus& corpus;
  const Engine& engine;
  uint64_t words;
  bool cached;
  uint64_t distinct;  // questions that are asked again and again; 0: no question twice on purpose
  std::mt19937_64 random{5};
  std::vector<RetrieveRequest> pool{};

  RetrieveRequest next() {
    if (distinct == 0) return corpus.question(random, words);
    while (pool.size() < distinct) pool.push_back(corpus.question(random, words));
    return pool[random() % distinct];
  }
  Result<Answer> operator()(const RetrieveRequest& request) {
    if (cached) return retrieve_cached(corpus.cache(), engine, corpus, request);
    MNEMO_ASSIGN(const auto view, corpus.view());
    return engine.retrieve(*view, request);
  }
};

// The questions of a measurement, as the engine understood them.
void write_questions(const std::string& file, Asking asking, uint64_t questions) {
  std::ofstream out(file);
  for (uint64_t i = 0; i < questions; ++i) {
    RetrieveRequest request = asking.next();
    request.explain = true;
    out << request.agent_id;
    char separator = '\t';
    for (const std::string& term : must(asking(request)).explain.query_terms) {
      out << separator << term;
      separator = ' ';
    }
    out << '\n';
  }
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

void run(const Options& options) {
  Corpus corpus(options);
  corpus.fill(options);
  const Engine engine(Profile::defaults());
  if (!options.asked.empty())
    write_questions(options.asked, {corpus, engine, options.words, false, 0}, options.questions);
  Asking computed{corpus, engine, options.words, false, 0};
  measure("warming up", options.questions, computed);
  measure("computed", options.questions, computed);
  const Engine every(Profile::defaults(), UINT32_MAX);
  const Engine pruned(Profile::defaults(), 0);
  for (int round = 0; round < 2; ++round) {
    measure("every posting scored", options.questions, Asking{corpus, every, options.words, false, 0});
    measure("postings passed over", options.questions, Asking{corpus, pruned, options.words, false, 0});
  }
  measure("computed and kept", options.questions, Asking{corpus, engine, options.words, true, 0});
  Asking kept{corpus, engine, options.words, true, 1000};
  for (uint64_t i = 0; i < 20'000; ++i) must(kept(kept.next()));
  measure("kept", options.questions, kept);
}

}  // namespace
}  // namespace mnemo::bench

int main(int argc, char** argv) {
  mnemo::bench::Options options;
  options.dir = std::filesystem::temp_directory_path();
  CLI::App app("What a retrieve takes, computed and kept");
  app.add_option("--dir", options.dir, "where a directory is made and removed");
  app.add_option("--agents", options.agents)->check(CLI::Range(1U, 10'000'000U));
  app.add_option("--documents", options.documents)->check(CLI::Range(1U, 100'000'000U));
  app.add_option("--forgotten", options.forgotten, "percent of them")->check(CLI::Range(0U, 100U));
  app.add_option("--questions", options.questions)->check(CLI::Range(100U, 10'000'000U));
  app.add_option("--words", options.words)->check(CLI::Range(1U, 100U));
  app.add_option("--memory", options.memory_mib, "MiB, as --memory of the server")->check(CLI::Range(16U, 65536U));
  app.add_option("--texts", options.texts, "a file for agents and texts");
  app.add_option("--asked", options.asked, "a file for agents and the terms of their questions");
  CLI11_PARSE(app, argc, argv);
  mnemo::bench::run(options);
  return 0;
}
