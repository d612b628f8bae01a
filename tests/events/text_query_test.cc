#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "events/text/analyzer.h"
#include "events/text/stop_words.h"

namespace mnemo {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Strings = std::vector<std::string>;

Strings terms_of(std::string_view question, const Strings& dropped_names = {}) {
  Analyzer analyzer;
  Strings terms;
  for (const QueryTerm& term : analyzer.analyze_query(question, dropped_names)) {
    EXPECT_EQ(term.hash, term_hash(term.text)) << term.text;
    terms.push_back(term.text);
  }
  return terms;
}

TEST(TextQuery, LeavesOutStopWords) {
  EXPECT_THAT(terms_of("What did she buy at the market, and why would they?"), ElementsAre("buy", "market"));
  EXPECT_THAT(terms_of("Didn't you say we'll go? I'm sure it's fine."), ElementsAre("say", "go", "sure", "fine"));
}

TEST(TextQuery, StopWordsAreMatchedBeforeStemming) {
  // "does" is a stop word; "doe", its stem's look-alike, is an animal. "willing" is not "will".
  EXPECT_THAT(terms_of("Does a doe seem willing?"), ElementsAre("doe", "seem", "will"));
}

TEST(TextQuery, NamesEachTermOnceInOrderOfFirstOccurrence) {
  EXPECT_THAT(terms_of("tea or coffee, hiking or tea, hikes or TEA"), ElementsAre("tea", "coffe", "hike"));
}

TEST(TextQuery, MapsIrregularForms) { EXPECT_THAT(terms_of("kids went"), ElementsAre("child", "go")); }

TEST(TextQuery, KeepsCompounds) {
  EXPECT_THAT(terms_of("Who wrote to ann@example.org?"),
              ElementsAre("write", "ann", "exampl", "org", "ann@example.org"));
}

TEST(TextQuery, DropsEveryWordOfTheNamesGiven) {
  EXPECT_THAT(terms_of("When did Mary Ann's sister meet JOSÉ?", {"Mary Ann", "José"}), ElementsAre("sister", "meet"));
  // Whole words only, and before stemming.
  EXPECT_THAT(terms_of("Marys marying Annabel", {"Mary Ann"}), ElementsAre("mari", "annabel"));
}

TEST(TextQuery, DropsNamesHoweverTheyAreWritten) {
  EXPECT_THAT(terms_of("does Jose\xcc\x81 like tea", {"JOS\xc3\x89"}), ElementsAre("like", "tea"));
  EXPECT_THAT(terms_of("does 小明 like tea", {"小明"}), ElementsAre("like", "tea"));
}

TEST(TextQuery, KeepsNamesWhenNothingElseIsLeft) {
  EXPECT_THAT(terms_of("Who is Mary?", {"Mary"}), ElementsAre("mari"));
}

TEST(TextQuery, KeepsStopWordsWhenNothingElseIsLeft) {
  EXPECT_THAT(terms_of("Who are you?"), ElementsAre("who", "are", "you"));
  EXPECT_THAT(terms_of("Is it Will?", {"will"}), ElementsAre("is", "it", "will"));
}

TEST(TextQuery, AQuestionWithoutWordsHasNoTerms) {
  EXPECT_THAT(terms_of(""), IsEmpty());
  EXPECT_THAT(terms_of("?!", {"Mary"}), IsEmpty());
}

TEST(TextQuery, EmptyNamesDropNothing) { EXPECT_THAT(terms_of("tea", {"", "?"}), ElementsAre("tea")); }

TEST(StopWords, HoldTheClassesOfWordsThatAskAndNotWhatIsAsked) {
  for (const char* word : {"a",   "an",    "and",  "are",   "as",    "at",   "be",   "but", "by",  "for",  "if",
                           "in",  "into",  "is",   "it",    "no",    "not",  "of",   "on",  "or",  "such", "that",
                           "the", "their", "then", "there", "these", "they", "this", "to",  "was", "will", "with"}) {
    EXPECT_TRUE(is_stop_word(word)) << word;
  }
  for (const char* word :
       {"what",  "when", "where", "which", "who", "whom", "whose", "why",   "how",   "i",      "me",  "my",
        "you",   "your", "he",    "him",   "his", "she",  "her",   "hers",  "its",   "we",     "us",  "our",
        "them",  "do",   "does",  "did",   "has", "have", "had",   "would", "could", "should", "can", "may",
        "might", "must", "s",     "t",     "d",   "ll",   "m",     "re",    "ve"}) {
    EXPECT_TRUE(is_stop_word(word)) << word;
  }
  for (const char* word : {"", "tea", "go", "went", "won", "need", "before", "after", "year", "name", "first", "What",
                           "hows", "wh", "z"}) {
    EXPECT_FALSE(is_stop_word(word)) << word;
  }
}

}  // namespace
}  // namespace mnemo
