#include "server/load/workload.h"

#include <set>

namespace mnemo {
namespace {

constexpr size_t kWords = 12000;
constexpr double kExponent = 1.05;
constexpr uint32_t kTurnsPerSession = 21;
constexpr int64_t kStartMs = 1672531200000;  // 2023-01-01
constexpr int64_t kDayMs = 86400000;

// Pronounceable words, so that stemming and hashing meet realistic lengths.
std::string make_word(std::mt19937_64& random) {
  static constexpr const char* kOnsets[] = {"b", "c", "d", "f", "g", "h",  "l",  "m",
                                            "n", "p", "r", "s", "t", "st", "tr", "ch"};
  static constexpr const char* kNuclei[] = {"a", "e", "i", "o", "u", "ea", "ou", "ai"};
  static constexpr const char* kCodas[] = {"", "", "n", "r", "s", "t", "l", "nd"};
  static constexpr const char* kEndings[] = {"", "", "", "", "ing", "ed", "s", "ly", "ness", "ation"};
  std::string word;
  const size_t syllables = 1 + random() % 3;
  for (size_t i = 0; i < syllables; ++i) {
    word.append(kOnsets[random() % std::size(kOnsets)]).append(kNuclei[random() % std::size(kNuclei)]);
    word.append(kCodas[random() % std::size(kCodas)]);
  }
  return word.append(kEndings[random() % std::size(kEndings)]);
}

}  // namespace

Workload::Workload(WorkloadOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      words_(kWords, kExponent),
      agents_(options_.agents_zipf == 0 ? 1 : options_.agents, options_.agents_zipf),
      turns_(options_.agents) {
  std::set<std::string> seen;
  while (vocabulary_.size() < kWords) {
    std::string made = make_word(random_);
    if (seen.insert(made).second) vocabulary_.push_back(std::move(made));
  }
}

std::string Workload::word() { return vocabulary_[words_(random_)]; }

std::string Workload::sentence() {
  const size_t words = 10 + random_() % 26;
  std::string text;
  for (size_t i = 0; i < words; ++i) {
    std::string next = word();
    if (i == 0) next[0] = static_cast<char>(next[0] - 'a' + 'A');
    if (i > 0) text.append(random_() % 12 == 0 ? ", " : " ");
    text.append(next);
  }
  return text.append(random_() % 4 == 0 ? "?" : ".");
}

v1::Envelope Workload::next() {
  const size_t agent = options_.agents_zipf == 0 ? random_() % turns_.size() : agents_(random_);
  const uint32_t turn = turns_[agent]++;
  const uint32_t session = turn / kTurnsPerSession;
  v1::Envelope envelope;
  envelope.set_schema_version(kSchemaVersion);
  envelope.set_namespace_(options_.name_space);
  envelope.set_agent_id(options_.prefix + "-" + std::to_string(agent));
  envelope.set_idempotency_key(envelope.agent_id() + "/" + std::to_string(turn));
  v1::Remembered& e = *envelope.mutable_remembered();
  e.mutable_text()->set_plain(sentence());
  e.set_session_id("session-" + std::to_string(session));
  e.set_speaker(turn % 2 == 0 ? "Caro" : "Mel");
  e.set_class_(v1::MEMORY_CLASS_EPISODIC);
  e.set_kind("message");
  e.set_observed_at_ms(kStartMs + session * kDayMs + (turn % kTurnsPerSession) * 1000);
  v1::MetadataEntry& entry = *e.add_metadata();
  entry.set_key("turn");
  entry.mutable_text()->set_plain("D" + std::to_string(session) + ":" + std::to_string(turn % kTurnsPerSession));
  return envelope;
}

}  // namespace mnemo
