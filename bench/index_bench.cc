// File: bench/index_bench.cc
// What adding documents to the index costs, over rows that cost next to nothing; what merging costs; what a reader's
// first question costs.
//
//   index_bench [--documents N [--agents 1000] [--tail-cache-mib 256]]     one JSON object a line
//
// Without options: four shapes, the last of them one agent with a million documents.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "projector/store/index.h"
#include "projector/store/tail.h"

namespace mnemo {
namespace {

// Rows in a map: only the index's own come here, two for every 256 documents.
class Rows final : public RowWriter {
 public:
  Result<bool> get(std::string_view key, std::string& value) const override {
    const auto row = rows_.find(key);
    if (row != rows_.end()) value = row->second;
    return row != rows_.end();
  }
  Status scan(std::string_view from, std::string_view to, const Visit& visit) const override {
    for (auto row = rows_.lower_bound(from); row != rows_.end() && row->first < to; ++row) {
      if (!visit(row->first, row->second)) break;
    }
    return {};
  }
  Result<bool> last(std::string_view from, std::string_view to, std::string& key, std::string& value) const override {
    auto row = rows_.lower_bound(to);
    if (row == rows_.begin() || (--row)->first < from) return false;
    key = row->first;
    value = row->second;
    return true;
  }
  void put(std::string_view key, std::string_view value) override { rows_.insert_or_assign(std::string(key), value); }
  void erase(std::string_view key) override { rows_.erase(std::string(key)); }

  size_t bytes(char kind) const {
    size_t sum = 0;
    for (const auto& [key, value] : rows_) sum += key[0] == kind ? key.size() + value.size() : 0;
    return sum;
  }

 private:
  std::map<std::string, std::string, std::less<>> rows_;
};

constexpr size_t kPool = 1024;  // distinct documents: few, since real ones come to the index warm in the caches

// About 22 terms a document, a few of them common, out of 20,000; two speakers, sessions of 30, a tag now and then.
struct Pool {
  std::vector<std::string> texts;
  std::vector<IndexedDoc> docs;

  Pool() : docs(kPool) {
    std::mt19937_64 random(7);
    for (int i = 0; i < 600; ++i) texts.push_back("session-" + std::to_string(i));
    for (size_t d = 0; d < kPool; ++d) fill(docs[d], d, random);
  }

  void fill(IndexedDoc& doc, size_t number, std::mt19937_64& random) const {
    std::map<uint32_t, uint32_t> terms;
    for (int i = 0; i < 24; ++i) {
      const uint64_t rank = (random() % 20000) * (random() % 20000) / 20000 * (random() % 20000) / 20000;
      ++terms[static_cast<uint32_t>(rank * 2654435761U)];
    }
    for (const auto& [hash, count] : terms) doc.terms.push_back({hash, count});
    if (number % 7 == 0) doc.filters.push_back({FilterField::kTag, texts[random() % 40]});
    doc.filters.push_back({FilterField::kSession, texts[number / 30 % texts.size()]});
    doc.filters.push_back({FilterField::kSpeaker, number % 2 == 0 ? "Caroline" : "Melanie"});
    doc.filters.push_back({FilterField::kClass, "episodic"});
    doc.filters.push_back({FilterField::kKind, "message"});
    doc.filters.push_back({FilterField::kTier, "short"});
    doc.length = 24;
    doc.observed_at_ms = 1'683'000'000'000 + static_cast<int64_t>(number) * 61'000;
    doc.recorded_at_ms = 1'740'000'000'000 + static_cast<int64_t>(number);
  }
};

// CPU time of this thread: other work on the machine counts only by what it does to the caches.
class Stopwatch {
 public:
  double seconds() const { return now() - start_; }

 private:
  static double now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  }
  double start_ = now();
};

void check(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  std::exit(1);
}

// The k-th document of an agent is the pool's (k + an offset of the agent's own).
const IndexedDoc& doc_of(const Pool& pool, uint32_t ord, uint32_t doc) {
  return pool.docs[(doc + ord * 37ULL) % kPool];
}

void add_documents(const Pool& pool, uint32_t documents, uint32_t agents, size_t cache_bytes) {
  TailCache tails(cache_bytes);
  const LoadDoc load = [&pool](const RowReader&, AgentOrd ord, DocNo doc,
                               std::string&) -> Result<std::optional<IndexedDoc>> {
    return doc_of(pool, ord.value, doc.value);
  };
  IndexWriter writer(tails, PartitionId(0), load);
  Rows rows;
  std::mt19937_64 random(11);
  std::vector<uint32_t> order(documents);
  for (uint32_t& ord : order) ord = static_cast<uint32_t>(random() % agents);
  std::vector<uint32_t> docs(agents);
  uint64_t steps = 0;
  const Stopwatch watch;
  for (const uint32_t ord : order) {
    const uint32_t doc = docs[ord]++;
    check(writer.add(rows, AgentOrd(ord), DocNo(doc), doc_of(pool, ord, doc)));
    const auto worked = writer.work(rows, 1);
    check(worked ? Status{} : fail(worked.error()));
    steps += *worked;
  }
  const double seconds = watch.seconds();
  const auto per_document = [documents](double sum) { return sum / documents; };
  fmt::print(
      "{{\"what\":\"add\",\"documents\":{},\"agents\":{},\"tail_cache_mib\":{},\"us_per_document\":{:.3f},"
      "\"steps_per_document\":{:.4f},\"row_bytes_per_document\":{{\"columns\":{:.1f},\"blocks\":{:.1f},"
      "\"chunks\":{:.1f},\"fences\":{:.2f}}},\"tails_kept_mb\":{:.1f}}}\n",
      documents, agents, cache_bytes >> 20, per_document(seconds * 1e6), per_document(static_cast<double>(steps)),
      per_document(static_cast<double>(rows.bytes('D'))), per_document(static_cast<double>(rows.bytes('B'))),
      per_document(static_cast<double>(rows.bytes('C'))), per_document(static_cast<double>(rows.bytes('F'))),
      static_cast<double>(tails.bytes()) / 1e6);

  // Open an agent and ask for eight terms of one of its documents.
  std::vector<double> us;
  IndexReads reads;
  uint64_t found = 0;
  const int questions = 2000;
  for (int i = 0; i < questions; ++i) {
    uint32_t ord = 0;
    do ord = static_cast<uint32_t>(random() % agents);
    while (docs[ord] == 0);
    const IndexedDoc& asked = doc_of(pool, ord, static_cast<uint32_t>(random() % docs[ord]));
    const Stopwatch question;
    const auto index = AgentIndex::open(rows, tails.scope(PartitionId(0)), load, AgentOrd(ord), docs[ord]);
    check(index ? Status{} : fail(index.error()));
    std::vector<Posting> postings;
    for (size_t t = 0; t < 8; ++t) check((*index)->postings(asked.terms[t * 2].hash, postings));
    for (const Posting& posting : postings) found += (*index)->length(posting.doc);
    us.push_back(question.seconds() * 1e6);
    reads = (*index)->reads();
  }
  std::sort(us.begin(), us.end());
  fmt::print(
      "{{\"what\":\"open an agent, postings of 8 terms\",\"documents\":{},\"agents\":{},\"p50_us\":{:.1f},"
      "\"p99_us\":{:.1f},\"last_point_reads\":{},\"last_postings\":{}}}\n",
      documents, agents, us[us.size() / 2], us[us.size() * 99 / 100], reads.point_reads, reads.postings);
  if (found == 0) std::exit(1);
}

}  // namespace
}  // namespace mnemo

int main(int argc, char** argv) {
  uint32_t documents = 588'000;
  uint32_t agents = 1'000;
  size_t cache_mib = 256;
  CLI::App app("What adding documents, merging, and a first question cost the index alone");
  CLI::Option* const one = app.add_option("--documents", documents)->check(CLI::Range(1U, 100'000'000U));
  app.add_option("--agents", agents)->needs(one)->check(CLI::Range(1U, 10'000'000U));
  app.add_option("--tail-cache-mib", cache_mib)->needs(one);
  CLI11_PARSE(app, argc, argv);
  const mnemo::Pool pool;
  mnemo::add_documents(pool, documents, agents, cache_mib << 20);
  if (one->count() > 0) return 0;
  mnemo::add_documents(pool, documents, 5'000, 512UL << 20);
  mnemo::add_documents(pool, documents, agents, 4UL << 20);
  mnemo::add_documents(pool, 1'000'000, 1, cache_mib << 20);
  return 0;
}
