// What text analysis costs, its cache of stems warm as in a replay, and empty as at its start.
//
//   text_bench [--texts FILE] [--seconds S]     one JSON object a line
//
// FILE holds one memory with a "text" a line; default: the sample's. Times are nanoseconds of this thread's CPU a text,
// the least of many passes, since whatever else runs can only add to them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "events/text/analyzer.h"

namespace mnemo {
namespace {

double cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

std::vector<std::string> read_texts(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> texts;
  for (std::string line; std::getline(file, line);) {
    const auto memory = nlohmann::json::parse(line, nullptr, false);
    if (memory.is_object() && memory.contains("text")) texts.push_back(memory["text"].get<std::string>());
  }
  if (texts.empty()) {
    fmt::print(stderr, "text_bench: no texts in {}: name a file of JSON objects with a \"text\", one a line\n",
               path.string());
    std::exit(1);
  }
  return texts;
}

// One pass over the texts; the number of words.
uint64_t pass(Analyzer& analyzer, const std::vector<std::string>& texts, std::vector<uint32_t>& terms) {
  uint64_t words = 0;
  for (const std::string& text : texts) {
    terms.clear();
    words += analyzer.analyze(text, terms);
  }
  return words;
}

void run(const std::vector<std::string>& texts, double seconds) {
  const auto count = static_cast<double>(texts.size());
  size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  std::vector<uint32_t> terms;
  uint64_t words = 0;
  double cold = std::numeric_limits<double>::max();
  double warm = cold;
  for (const double start = cpu_ns(); cpu_ns() - start < 1e9 * seconds;) {
    Analyzer analyzer;
    const double begin = cpu_ns();
    words = pass(analyzer, texts, terms);
    const double again = cpu_ns();
    pass(analyzer, texts, terms);
    cold = std::min(cold, again - begin);
    warm = std::min(warm, cpu_ns() - again);
  }
  fmt::print(
      "{{\"what\":\"analyze\",\"texts\":{},\"bytes_a_text\":{:.1f},\"words_a_text\":{:.1f},\"warm_ns\":{:.0f},"
      "\"cold_ns\":{:.0f},\"warm_mb_per_s\":{:.0f}}}\n",
      texts.size(), static_cast<double>(bytes) / count, static_cast<double>(words) / count, warm / count, cold / count,
      static_cast<double>(bytes) / warm * 1e3);
}

}  // namespace
}  // namespace mnemo

int main(int argc, char** argv) {
  std::filesystem::path file = MNEMO_SAMPLE_FILE;
  double seconds = 2;
  CLI::App app("What text analysis costs");
  app.add_option("--texts", file, "JSON objects with a \"text\", one a line");
  app.add_option("--seconds", seconds, "How long to measure");
  CLI11_PARSE(app, argc, argv);
  mnemo::run(mnemo::read_texts(file), seconds);
}
