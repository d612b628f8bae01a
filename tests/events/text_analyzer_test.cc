#include "events/text/analyzer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "events/hash.h"

namespace mnemo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Strings = std::vector<std::string>;

std::vector<uint32_t> hashes(const Strings& terms) {
  std::vector<uint32_t> hashes;
  for (const std::string& term : terms) hashes.push_back(term_hash(term));
  return hashes;
}

struct Analysis {
  std::vector<uint32_t> terms;
  uint32_t length = 0;
};

Analysis analyzed(std::string_view text) {
  Analyzer analyzer;
  Analysis analysis;
  analysis.length = analyzer.analyze(text, analysis.terms);
  return analysis;
}

void expect_terms(std::string_view text, const Strings& terms, uint32_t length) {
  const Analysis analysis = analyzed(text);
  EXPECT_EQ(analysis.terms, hashes(terms)) << text;
  EXPECT_EQ(analysis.length, length) << text;
}

TEST(TextAnalyzer, FoldsSplitsMapsAndStems) {
  expect_terms("She went hiking", {"she", "go", "hike"}, 3);
  expect_terms("The KIDS' children", {"the", "child", "child"}, 3);
}

TEST(TextAnalyzer, AppendsToTheTermsGiven) {
  Analyzer analyzer;
  std::vector<uint32_t> terms = {7};
  EXPECT_EQ(analyzer.analyze("tea", terms), 1U);
  EXPECT_THAT(terms, ElementsAre(7, term_hash("tea")));
}

TEST(TextAnalyzer, HashesAreTheLowHalfOfXxh3) { EXPECT_EQ(term_hash("tea"), static_cast<uint32_t>(xxh3_64("tea"))); }

TEST(TextAnalyzer, ApostrophesOfEveryKindSeparate) {
  for (const std::string text : {"Caroline's", "Caroline’s", "Caroline‘s", "CAROLINE´S", "Caroline＇s"}) {
    expect_terms(text, {"carolin", "s"}, 2);
  }
}

TEST(TextAnalyzer, NoTextHasNoTerms) {
  for (const std::string text : {"", " ", "\n\t\r ", "...", "?!", "—", "\xff\xfe", "\xc2\xa0"})
    expect_terms(text, {}, 0);
  expect_terms(std::string_view("\0\0", 2), {}, 0);
}

TEST(TextAnalyzer, OnlyEnglishWordsAreStemmed) {
  expect_terms("running runnings2 laufen größen", {"run", "runnings2", "laufen", "grössen"}, 4);
  expect_terms("as is us", {"as", "is", "us"}, 3);
}

TEST(TextAnalyzer, CompoundsAreTermsBesideTheirPartsAndDoNotCount) {
  expect_terms("mail bob.smith@Example.org!", {"mail", "bob", "smith", "exampl", "org", "bob.smith@example.org"}, 5);
  expect_terms("v1.2.3", {"v1", "2", "3", "v1.2.3"}, 3);
  expect_terms("on 2023-05-07.", {"on", "2023", "05", "07", "2023-05-07"}, 4);
  expect_terms("GPT-4o-mini", {"gpt", "4o", "mini", "gpt-4o-mini"}, 3);
  expect_terms("user_name", {"user", "name", "user_name"}, 2);
  expect_terms("https://mnemo.dev/", {"https", "mnemo", "dev", "https://mnemo.dev"}, 3);
  expect_terms("a/b/c d.e.f", {"a", "b", "c", "a/b/c", "d", "e", "f", "d.e.f"}, 6);
  expect_terms("tel:+49", {"tel", "49"}, 2);  // two connectors in a row join nothing
}

TEST(TextAnalyzer, EveryConnectorJoins) {
  for (const char c : std::string("_.-:/@#&+=?%~")) {
    const std::string text = std::string("a") + c + "1";
    expect_terms(text, {"a", "1", text}, 2);
  }
  for (const char c : std::string(" ,;!'\"()[]{}<>|\\^$*`\n")) expect_terms(std::string("a") + c + "1", {"a", "1"}, 2);
}

TEST(TextAnalyzer, WordsThatAreOnlyJoinedAreNoCompound) {
  expect_terms("well-known and/or node.js", {"well", "know", "and", "or", "node", "js"}, 6);
  expect_terms("_private_", {"privat"}, 1);
}

TEST(TextAnalyzer, ACompoundEndsWithItsLastWord) {
  expect_terms("see x_1, or x_1... (x_1)", {"see", "x", "1", "x_1", "or", "x", "1", "x_1", "x", "1", "x_1"}, 8);
}

TEST(TextAnalyzer, CompoundsOverTheLimitArePartsOnly) {
  std::string longest = "1";
  while (longest.size() < 256 - 1) longest += ".1";
  longest += longest.size() < 256 ? "1" : "";
  ASSERT_EQ(longest.size(), 256U);
  EXPECT_EQ(analyzed(longest).terms.back(), term_hash(longest));
  const std::string longer = longest + "1";
  const Analysis analysis = analyzed(longer);
  EXPECT_EQ(analysis.terms.size(), analysis.length);
}

TEST(TextAnalyzer, AVeryLongWordIsOneTermOfItsWhole) {
  for (const size_t size : {16, 17, 63, 64, 65, 255, 4096, 5000, 900 * 1024}) {
    std::string word = "ing";
    word.insert(0, size - word.size(), 'a');
    const Analysis analysis = analyzed(word);
    ASSERT_EQ(analysis.terms.size(), 1U) << size;
    EXPECT_EQ(analysis.length, 1U);
    // Only words of up to 64 bytes are stemmed.
    EXPECT_EQ(analysis.terms[0], term_hash(size <= 64 ? word.substr(0, size - 3) : word)) << size;
    word[0] = 'b';
    EXPECT_NE(analyzed(word).terms[0], analysis.terms[0]) << size;
  }
}

TEST(TextAnalyzer, ScriptsWithoutSpacesComeByCharacter) {
  expect_terms("我喜欢茶", {"我", "喜", "欢", "茶"}, 4);
  expect_terms("お茶カタ", {"お", "茶", "カ", "タ"}, 4);
  expect_terms("ที่นี่", {"ที่", "นี่"}, 2);
  expect_terms("GPT模型v2", {"gpt", "模", "型", "v2"}, 4);
  expect_terms("我有3.5个", {"我", "有", "3", "5", "3.5", "个"}, 5);
}

TEST(TextAnalyzer, EmojiAreTermsWhateverTheirTone) {
  expect_terms("nice👍🏽", {"nice", "👍"}, 2);
  expect_terms("👍👍🏿", {"👍", "👍"}, 2);
  expect_terms("👩‍💻", {"👩", "💻"}, 2);
  expect_terms("I ❤️ tea", {"i", "❤", "tea"}, 3);
  expect_terms("\U0001faff", {"\U0001faff"}, 1);  // not assigned yet
}

TEST(TextAnalyzer, WritingsOfOneTextAreOne) {
  expect_terms("Cafe\xcc\x81 caf\xc3\xa9", {"caf\xc3\xa9", "caf\xc3\xa9"}, 2);
  expect_terms("ﬁsh ＡＢＣ ｶﾞ", {"fish", "abc", "ガ"}, 3);
  expect_terms("STRASSE Straße", {"strass", "strass"}, 2);
  expect_terms("ΣΑΣ σας", {"σασ", "σασ"}, 2);
  expect_terms("co\xc2\xadoperate", {"cooper"}, 1);
}

TEST(TextAnalyzer, TradeMarksBelongToNoWord) { expect_terms("Acme™ Acme℠ Acme®", {"acm", "acm", "acm", "®"}, 4); }

TEST(TextAnalyzer, MarksWithoutALetterAreNoTerm) { expect_terms("\xcc\x81 a\xcc\x81 ' \xcc\x88", {"á"}, 1); }

TEST(TextAnalyzer, InvalidBytesSeparateWords) {
  expect_terms(
      "tea\xff"
      "cup",
      {"tea", "cup"}, 2);
  expect_terms("tea\xc3", {"tea"}, 1);
  expect_terms(
      "tea\xed\xa0\x80"
      "cup",
      {"tea", "cup"}, 2);  // a surrogate
  expect_terms(
      "tea\xc0\xaf"
      "cup",
      {"tea", "cup"}, 2);  // overlong
  expect_terms(
      "tea\xf4\x90\x80\x80"
      "cup",
      {"tea", "cup"}, 2);  // beyond Unicode
  expect_terms(std::string_view("tea\0cup", 7), {"tea", "cup"}, 2);
}

TEST(TextAnalyzer, WordsAreFoldedButNeitherMappedNorStemmed) {
  Analyzer analyzer;
  EXPECT_THAT(analyzer.words("She WENT hiking; Straße 茶👍 a_1"),
              ElementsAre("she", "went", "hiking", "strasse", "茶", "👍", "a", "1"));
  EXPECT_THAT(analyzer.words(""), IsEmpty());
}

TEST(AnalysisVersion, NamesRulesLibrariesAndTables) {
  EXPECT_THAT(analysis_version(),
              ::testing::MatchesRegex("text-[0-9]+/utf8proc-[0-9.]+/unicode-[0-9.]+/stems-[0-9a-f]+/xxh3"));
  EXPECT_EQ(analysis_version(), analysis_version());
}

}  // namespace
}  // namespace mnemo
