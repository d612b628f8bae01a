// The terms of texts in many scripts and their hashes. Indexes on disk hold these hashes: a change here needs a new
// version of the rules in analysis_version().
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "events/text/analyzer.h"

namespace mnemo {
namespace {

using nlohmann::json;

std::string hex32(uint32_t hash) {
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[hash >> shift & 0xf];
  return text;
}

TEST(TextGolden, TermsAndHashesAreLocked) {
  std::ifstream file(MNEMO_GOLDEN_DIR "/text_terms.json");
  ASSERT_TRUE(file) << MNEMO_GOLDEN_DIR "/text_terms.json";
  const json golden = json::parse(file);
  ASSERT_GE(golden.at("texts").size(), 25U);
  // The part of the version that tells how words are stemmed and mapped: another stemming library shows here.
  EXPECT_NE(analysis_version().find("/stems-" + golden.at("stems").get<std::string>() + "/"), std::string::npos)
      << analysis_version();
  Analyzer analyzer;
  for (const json& entry : golden.at("texts")) {
    const auto text = entry.at("text").get<std::string>();
    SCOPED_TRACE(entry.at("name").get<std::string>() + ": " + text);
    std::vector<uint32_t> terms;
    const uint32_t length = analyzer.analyze(text, terms);
    EXPECT_EQ(length, entry.at("length").get<uint32_t>());
    std::vector<std::string> hashes;
    for (const uint32_t term : terms) hashes.push_back(hex32(term));
    std::vector<std::string> expected_hashes;
    for (const auto& [term, hash] : entry.at("terms").get<std::vector<std::pair<std::string, std::string>>>()) {
      EXPECT_EQ(hex32(term_hash(term)), hash) << term;
      expected_hashes.push_back(hash);
    }
    EXPECT_EQ(hashes, expected_hashes);
  }
}

}  // namespace
}  // namespace mnemo
