// Text analysis over random input: what must hold for any text, in any script, broken or not.
#include <gtest/gtest.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "events/envelope.h"
#include "events/text/analyzer.h"
#include "events/text/fold.h"
#include "events/text/split.h"
#include "events/text/stemmer.h"

namespace mnemo {
namespace {

// Texts from a seed, which a failing test prints.
class RandomText {
 public:
  RandomText() : seed_(std::random_device()()), random_(seed_) {}

  std::string seed_text() const { return "seed " + std::to_string(seed_); }
  uint64_t below(uint64_t limit) { return random_() % limit; }

  std::string bytes(size_t size) {
    std::string text;
    while (text.size() < size) text.push_back(static_cast<char>(random_()));
    return text;
  }
  // Dense in what the splitter looks at: words, connectors, digits, spaces.
  std::string ascii(size_t size) {
    constexpr std::string_view kDense = "aabzAZ019 \n__..--::///@#&+=?%~'\",!";
    std::string text;
    while (text.size() < size) {
      text.push_back(below(4) == 0 ? static_cast<char>(below(128)) : kDense[below(kDense.size())]);
    }
    return text;
  }
  // Code points of many scripts, at least `size` bytes of them.
  std::string unicode(size_t size) {
    std::string text;
    while (text.size() < size) append(text, code_point());
    return text;
  }
  std::string any(size_t size) {
    std::string text;
    while (text.size() < size) {
      const size_t part = 1 + below(24);
      switch (below(4)) {
        case 0: text += bytes(part); break;
        case 1: text += unicode(part); break;
        case 2: text += " "; break;
        default: text += ascii(part);
      }
    }
    return text;
  }

  static void append(std::string& text, int32_t code_point) {
    uint8_t bytes[4];
    const auto length = utf8proc_encode_char(code_point, bytes);
    text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
  }

 private:
  int32_t code_point() {
    struct Range {
      int32_t first;
      int32_t last;
    };
    constexpr Range kRanges[] = {
        {0x20, 0x7e},     {0xa0, 0x24f},      {0x300, 0x36f},     {0x370, 0x3ff},     {0x400, 0x4ff},
        {0x5d0, 0x5ea},   {0x600, 0x6ff},     {0x900, 0x97f},     {0xe00, 0xe7f},     {0x1000, 0x109f},
        {0x1100, 0x11ff}, {0x1e00, 0x1fff},   {0x2000, 0x206f},   {0x2100, 0x214f},   {0x3040, 0x30ff},
        {0x4e00, 0x4eff}, {0xac00, 0xad00},   {0xf900, 0xfaff},   {0xfb00, 0xfdff},   {0xfe00, 0xfe0f},
        {0xff00, 0xffef}, {0x1d400, 0x1d4ff}, {0x1f300, 0x1f6ff}, {0xe0000, 0xe007f}, {0x1, 0x10ffff}};
    const Range& range = kRanges[below(std::size(kRanges))];
    for (;;) {
      const auto drawn = range.first + static_cast<int32_t>(below(static_cast<uint64_t>(range.last - range.first + 1)));
      if (drawn < 0xd800 || drawn > 0xdfff) return drawn;
    }
  }

  uint64_t seed_;
  std::mt19937_64 random_;
};

struct Analysis {
  std::vector<uint32_t> terms;
  uint32_t length = 0;
  bool operator==(const Analysis&) const = default;
};

Analysis analyzed(Analyzer& analyzer, std::string_view text) {
  Analysis analysis;
  analysis.length = analyzer.analyze(text, analysis.terms);
  return analysis;
}

std::string folded(std::string_view text) {
  std::string out;
  fold_text(text, out);
  return out;
}

// The whole text at once by the library, which takes quadratic time on purpose-made text.
std::string folded_by_library(std::string text) {
  for (const std::string_view separator : {"\u200b", "™", "℠"}) {
    for (size_t at; (at = text.find(separator)) != std::string::npos;) text.replace(at, separator.size(), " ");
  }
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                           UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  uint8_t* mapped = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const uint8_t*>(text.data()),
                                 static_cast<utf8proc_ssize_t>(text.size()), &mapped, kOptions);
  EXPECT_GE(size, 0);
  const std::unique_ptr<uint8_t, decltype(&std::free)> holder(mapped, &std::free);
  return {reinterpret_cast<const char*>(mapped), static_cast<size_t>(size)};
}

std::vector<std::string> words_of_runs(std::string_view ascii) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : std::string(ascii) + " ") {
    const bool in_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (in_word) word += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (!in_word && !word.empty()) words.push_back(std::move(word)), word.clear();
  }
  return words;
}

TEST(TextProperty, AnyBytesGiveTheTermsOfTheirWords) {
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  Analyzer analyzer;
  Stemmer stemmer;
  for (int i = 0; i < 4000; ++i) {
    const std::string text = i % 2 == 0 ? random.any(random.below(400)) : random.bytes(random.below(400));
    const Analysis analysis = analyzed(analyzer, text);
    const std::vector<std::string> words = analyzer.words(text);
    ASSERT_EQ(words.size(), analysis.length);
    // Every word's term comes in order; what stands between them is compounds.
    auto term = analysis.terms.begin();
    for (const std::string& word : words) {
      ASSERT_FALSE(word.empty());
      ASSERT_TRUE(is_utf8(word));
      term = std::find(term, analysis.terms.end(), term_hash(stemmer.term(word)));
      ASSERT_NE(term++, analysis.terms.end()) << word;
    }
    ASSERT_EQ(Analyzer().words(text), words);
  }
}

TEST(TextProperty, AWarmAnalyzerAnswersLikeANewOne) {
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  Analyzer warm;
  for (int i = 0; i < 500; ++i) {
    const std::string text = random.any(200);
    const Analysis before = analyzed(warm, text);
    ASSERT_EQ(analyzed(warm, text), before);
    Analyzer fresh;
    ASSERT_EQ(analyzed(fresh, text), before);
  }
}

TEST(TextProperty, AsciiWordsAreRunsOfLettersAndDigits) {
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  Analyzer analyzer;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random.ascii(random.below(300));
    ASSERT_EQ(analyzer.words(text), words_of_runs(text));
  }
}

TEST(TextProperty, BothWaysThroughAsciiTextGiveTheSameTokens) {
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random.ascii(random.below(300));
    std::string folded_fast;
    std::string folded_slow;
    TokenList fast;
    TokenList slow;
    split_ascii(text, folded_fast, fast);
    split_unicode(text, folded_slow, slow);
    ASSERT_TRUE(std::equal(fast.begin(), fast.end(), slow.begin(), slow.end(), [](const Token& a, const Token& b) {
      return a.text == b.text && a.compound == b.compound;
    })) << text;
  }
}

TEST(TextProperty, WhiteSpaceSeparatesTextsThatMeanTheSameAlone) {
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  Analyzer analyzer;
  for (int i = 0; i < 2000; ++i) {
    // Long enough to cross the sizes of pieces and blocks.
    const size_t size = i % 10 == 0 ? 5000 : 200;
    const std::string first = i % 3 == 0 ? random.ascii(random.below(size)) : random.any(random.below(size));
    const std::string second = random.any(random.below(size));
    Analysis expected = analyzed(analyzer, first);
    expected.length += analyzer.analyze(second, expected.terms);
    ASSERT_EQ(analyzed(analyzer, first + (i % 2 == 0 ? " " : "\n") + second), expected);
  }
}

TEST(TextProperty, PiecesTogetherAreTheText) {
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  for (int i = 0; i < 2000; ++i) {
    std::string text = random.any(random.below(6000));
    if (i % 4 == 0) text = random.ascii(4000 + random.below(200));
    if (i % 4 == 1) text = std::string(4000 + random.below(200), 'x') + text;
    std::string joined;
    for (std::string_view rest = text; !rest.empty();) {
      const Piece piece = next_piece(rest);
      ASSERT_FALSE(piece.text.empty());
      ASSERT_EQ(piece.ascii, std::all_of(piece.text.begin(), piece.text.end(), [](char c) { return (c & 0x80) == 0; }));
      rest.remove_prefix(piece.text.size());
      const bool at_space = static_cast<unsigned char>(piece.text.back()) <= ' ';
      ASSERT_TRUE(rest.empty() || at_space || static_cast<unsigned char>(rest.front()) <= ' ');
      joined += piece.text;
    }
    ASSERT_EQ(joined, text);
  }
}

TEST(TextProperty, LetterCaseMakesNoDifference) {
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  Analyzer analyzer;
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random.unicode(200);
    std::string upper;
    for (const char c : text) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    ASSERT_EQ(analyzed(analyzer, upper), analyzed(analyzer, text));
  }
}

TEST(Fold, AgreesWithTheLibraryOnEveryCodePoint) {
  for (int32_t code_point = 1; code_point <= 0x10ffff; ++code_point) {
    if (code_point >= 0xd800 && code_point <= 0xdfff) continue;
    std::string text;
    RandomText::append(text, code_point);
    const std::string fold = folded(text);
    ASSERT_EQ(fold, folded_by_library(text)) << std::hex << code_point;
    ASSERT_EQ(folded(fold), fold) << std::hex << code_point << " folds further";
  }
}

TEST(Fold, AgreesWithTheLibraryOnLongTextsOfAnyScript) {
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random.unicode(1 + random.below(1500));
    ASSERT_EQ(folded(text), folded_by_library(text)) << to_hex(text);
  }
}

TEST(Fold, AgreesWithTheLibraryWhereverAPieceEnds) {
  // A letter with marks, and a Hangul syllable of parts, moved over every place near the end of a piece.
  for (const std::string_view tail : {"e\u0301\u0323x", "\u1112\u1161\u11abx", "가\u11a8", "か\u3099"}) {
    for (size_t before = 100; before < 200; ++before) {
      const std::string text = std::string(before, 'a') + std::string(tail);
      ASSERT_EQ(folded(text), folded_by_library(text)) << before;
    }
  }
}

TEST(Fold, AnyBytesFoldToUtf8) {
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(is_utf8(folded(random.any(random.below(500)))));
}

// Sorting these marks all at once would take hours.
TEST(Fold, TakesLinearTimeForHostileMarks) {
  std::string text = "a";
  while (text.size() < 900 * 1024) text += "\u0301\u0323";  // above, below: every second is out of order
  const std::string fold = folded(text);
  EXPECT_TRUE(is_utf8(fold));
  EXPECT_GT(fold.size(), text.size() / 2);
  EXPECT_EQ(Analyzer().words(text).size(), 1U);
}

TEST(TextProperty, LargestTextsOfEveryKindAreAnalysed) {
  constexpr size_t kLarge = 900 * 1024;
  RandomText random;
  SCOPED_TRACE(random.seed_text());
  Analyzer analyzer;
  const auto repeat = [](std::string_view part) {
    std::string text;
    while (text.size() < kLarge) text += part;
    return text;
  };
  EXPECT_EQ(analyzed(analyzer, repeat("a ")).length, kLarge / 2);
  EXPECT_EQ(analyzed(analyzer, repeat("a.")).terms.size(), kLarge / 2);
  EXPECT_EQ(analyzed(analyzer, repeat("茶")).length, kLarge / 3);
  EXPECT_EQ(analyzed(analyzer, repeat("\xff")).length, 0U);
  EXPECT_EQ(analyzed(analyzer, repeat("é ")).length, kLarge / 3);
  // One character that folds to eighteen, three spaces among them.
  EXPECT_EQ(analyzed(analyzer, repeat("\ufdfa")).length, kLarge / 3 * 3 + 1);
  EXPECT_EQ(analyzed(analyzer, std::string(kLarge, '\0')).length, 0U);
  static_cast<void>(analyzed(analyzer, random.bytes(kLarge)));
  static_cast<void>(analyzed(analyzer, random.any(kLarge)));
  static_cast<void>(analyzed(analyzer, random.unicode(kLarge)));
}

}  // namespace
}  // namespace mnemo
