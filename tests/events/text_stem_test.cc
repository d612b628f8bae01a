#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "events/text/irregular_forms.h"
#include "events/text/stemmer.h"
#include "events/text/term_cache.h"

namespace mnemo {
namespace {

TEST(Stemmer, StemsEnglishWordsBySnowball) {
  Stemmer stemmer;
  EXPECT_EQ(stemmer.term("hiking"), "hike");
  EXPECT_EQ(stemmer.term("hikes"), "hike");
  EXPECT_EQ(stemmer.term("generously"), "generous");
  EXPECT_EQ(stemmer.term("skies"), "sky");
}

TEST(Stemmer, LeavesEveryOtherWordAsItIs) {
  Stemmer stemmer;
  const std::string long_word = std::string(62, 'x') + "ing";
  for (const std::string_view word :
       {"", "s", "is", "b2bs", "123s", "größen", "Hikes", "a_b_ings", long_word.c_str()}) {
    EXPECT_EQ(stemmer.term(word), word);
  }
}

TEST(IrregularForms, MeetTheRegularFormsOfTheirBase) {
  Stemmer stemmer;
  const auto term = [&](std::string_view word) { return std::string(stemmer.term(word)); };
  for (const auto& [form, regular] : std::vector<std::pair<std::string, std::string>>{{"went", "going"},
                                                                                      {"bought", "buys"},
                                                                                      {"taught", "teaching"},
                                                                                      {"mice", "mouse"},
                                                                                      {"children", "child"},
                                                                                      {"kids", "child"},
                                                                                      {"kid", "children"},
                                                                                      {"written", "writing"},
                                                                                      {"women", "woman"},
                                                                                      {"knives", "knife"},
                                                                                      {"chose", "choosing"},
                                                                                      {"better", "good"},
                                                                                      {"forgotten", "forgets"},
                                                                                      {"lost", "losing"}}) {
    EXPECT_EQ(term(form), term(regular)) << form;
  }
}

TEST(IrregularForms, EveryFormLeadsToItsBaseInOneStep) {
  Stemmer stemmer;
  std::set<std::string_view> forms;
  for (const IrregularForm& entry : irregular_forms()) {
    EXPECT_TRUE(forms.insert(entry.form).second) << entry.form << " stands twice";
    EXPECT_EQ(base_form(entry.form), entry.base);
    EXPECT_EQ(base_form(entry.base), entry.base) << entry.form << " leads to a form that is irregular itself";
    const std::string term(stemmer.term(entry.form));
    EXPECT_EQ(term, stemmer.term(entry.base)) << entry.form;
    EXPECT_GE(entry.form.size(), 3U);
  }
  EXPECT_GE(forms.size(), 100U);
}

TEST(IrregularForms, AnyOtherWordIsItsOwnBase) {
  for (const std::string_view word : {"", "a", "tea", "zzz", "wents", "wen"}) EXPECT_EQ(base_form(word), word);
}

// A word with the padding that the cache reads.
std::string padded(std::string_view word) { return std::string(word) + std::string(kTokenPadding, '#'); }

uint32_t value_of(std::string_view word) {
  uint32_t value = 1;
  for (const char c : word) value = value * 31 + static_cast<unsigned char>(c);
  return value;
}

TEST(TermCache, ComputesAWordOnceWhateverFollowsIt) {
  for (size_t size = 1; size <= TermCache::kWordBytesMax; ++size) {
    TermCache cache;
    int computed = 0;
    for (const char follower : {'#', 'a', '\xff'}) {
      const std::string holder = std::string(size, 'a') + std::string(kTokenPadding, follower);
      const uint32_t value = cache.find(std::string_view(holder).substr(0, size), [&] { return ++computed, 42U; });
      EXPECT_EQ(value, 42U);
    }
    EXPECT_EQ(computed, 1) << size;
  }
}

TEST(TermCache, TellsWordsApartThatShareTheirBeginning) {
  TermCache cache;
  const std::string longest = "abcdefghijklmnop";
  ASSERT_EQ(longest.size(), TermCache::kWordBytesMax);
  for (int round = 0; round < 2; ++round) {
    for (size_t size = 1; size <= longest.size(); ++size) {
      // What follows the word in memory is not part of it.
      const std::string holder = longest.substr(0, size) + std::string(kTokenPadding, round == 0 ? '#' : 'q');
      const std::string_view word(holder.data(), size);
      ASSERT_EQ(cache.find(word, [&] { return value_of(word); }), value_of(word)) << word;
    }
  }
}

TEST(TermCache, NeverAnswersForAnotherWordHoweverManyItHasSeen) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  TermCache cache;
  int computed = 0;
  constexpr int kWords = 400000;  // many times what the table holds, of few letters so that words come again
  for (int i = 0; i < kWords; ++i) {
    std::string letters;
    for (uint64_t size = 1 + random() % 16; letters.size() < size;) letters += static_cast<char>('a' + random() % 3);
    const std::string holder = padded(letters);
    const std::string_view word(holder.data(), letters.size());
    const uint32_t value = cache.find(word, [&] { return ++computed, value_of(word); });
    ASSERT_EQ(value, value_of(word)) << word;
  }
  EXPECT_LT(computed, kWords);
  EXPECT_GT(computed, 50000);
}

}  // namespace
}  // namespace mnemo
