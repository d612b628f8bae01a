#include "query/bm25.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace mnemo {
namespace {

long double in_units(int64_t fixed) { return static_cast<long double>(fixed) / kFixedOne; }

struct Case {
  Corpus corpus;
  uint32_t documents = 0;
  uint32_t count = 0;
  uint32_t length = 0;
};

// The textbook, in real numbers.
long double real_share(const Profile& profile, const Case& c) {
  const long double k1 = in_units(profile.k1);
  const long double b = in_units(profile.b);
  const long double n = c.corpus.documents;
  const long double df = c.documents;
  const long double idf = std::log(1.0L + (n - df + 0.5L) / (df + 0.5L));
  const long double average = static_cast<long double>(c.corpus.words) / n;
  return idf * (k1 + 1) * c.count / (c.count + k1 * (1 - b + b * c.length / average));
}

int64_t share_of(const Profile& profile, const Case& c) {
  const Bm25 bm25(profile, c.corpus);
  return bm25.share(bm25.idf(c.documents), c.count, bm25.norm(c.length));
}

TEST(Bm25, IsTheFormulaInRealNumbersToAFewUnits) {
  const uint64_t seed = 7;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Profile profile = Profile::defaults();
  for (int i = 0; i < 20'000; ++i) {
    Case c;
    c.corpus.documents = static_cast<uint32_t>(1 + random() % 1'000'000);
    c.documents = static_cast<uint32_t>(1 + random() % c.corpus.documents);
    c.length = static_cast<uint32_t>(1 + random() % 500);
    c.count = static_cast<uint32_t>(1 + random() % c.length);
    c.corpus.words = c.length + random() % (uint64_t{c.corpus.documents} * 100);
    // One unit of idf weighs (k1 + 1) at most, norm and share are rounded once each.
    EXPECT_NEAR(in_units(share_of(profile, c)), real_share(profile, c), 6 / static_cast<double>(kFixedOne))
        << c.corpus.documents << " " << c.corpus.words << " " << c.documents << " " << c.count << " " << c.length;
  }
}

TEST(Bm25, LargestCorpusAndProfileDoNotOverflow) {
  const Profile profile{.k1 = 100 * kFixedOne, .b = kFixedOne, .drop_speaker_names = true};
  ASSERT_TRUE(profile.check().has_value());
  const uint32_t most = UINT32_MAX;
  const Case cases[] = {{{most, uint64_t{most} * most}, 1, most, most},
                        {{most, uint64_t{most} * most}, most, 1, most},
                        {{most, most}, 1, most, most},  // one document holds every word there is
                        {{most, uint64_t{most} * most}, 1, most, 0}};
  for (const Case& c : cases) {
    const long double real = real_share(profile, c);
    EXPECT_NEAR(in_units(share_of(profile, c)), real, 102.0 / static_cast<double>(kFixedOne));
    EXPECT_GE(share_of(profile, c), 0);
  }
}

TEST(Bm25, ScoresAreTheseOnEveryMachine) {
  const Bm25 bm25(Profile::defaults(), {10, 100});
  EXPECT_EQ(bm25.idf(1), 2089214);    // ln(22/3) = 1.99243
  EXPECT_EQ(bm25.idf(10), 48780);     // ln(22/21) = 0.04652
  EXPECT_EQ(bm25.norm(10), 1258291);  // average length: k1
  EXPECT_EQ(bm25.norm(0), 314573);    // k1 / 4
  EXPECT_EQ(bm25.norm(20), 2202009);  // k1 * 1.75
  EXPECT_EQ(bm25.share(2089214, 1, 1258291), 2089214);
  EXPECT_EQ(bm25.share(2089214, 3, 1258291), 3283050);
}

TEST(Bm25, ATermInEveryDocumentStillCountsForSomething) {
  const Bm25 bm25(Profile::defaults(), {1, 5});
  EXPECT_GT(bm25.share(bm25.idf(1), 1, bm25.norm(5)), 0);
}

TEST(Bm25, WithoutAnyWordEveryLengthIsTheAverage) {
  const Bm25 bm25(Profile::defaults(), {4, 0});
  EXPECT_EQ(bm25.norm(0), Profile::defaults().k1);
}

TEST(Bm25, MoreOccurrencesRarerTermsAndShorterTextsWeighMore) {
  const Bm25 bm25(Profile::defaults(), {1000, 20'000});
  EXPECT_GT(bm25.idf(3), bm25.idf(4));
  EXPECT_LT(bm25.norm(10), bm25.norm(11));
  const int64_t idf = bm25.idf(3);
  EXPECT_GT(bm25.share(idf, 3, bm25.norm(20)), bm25.share(idf, 2, bm25.norm(20)));
  EXPECT_GT(bm25.share(idf, 2, bm25.norm(19)), bm25.share(idf, 2, bm25.norm(20)));
}

TEST(Profile, HashTellsEveryFieldApart) {
  const Profile base = Profile::defaults();
  Profile k1 = base;
  k1.k1 += 1;
  Profile b = base;
  b.b -= 1;
  Profile names = base;
  names.drop_speaker_names = false;
  EXPECT_EQ(base.hash(), Profile::defaults().hash());
  EXPECT_EQ(base.hash().size(), 32u);
  for (const Profile& other : {k1, b, names}) EXPECT_NE(other.hash(), base.hash());
  EXPECT_NE(k1.hash(), b.hash());
}

TEST(Profile, RefusesConstantsOutOfRange) {
  Profile profile = Profile::defaults();
  EXPECT_TRUE(profile.check().has_value());
  profile.k1 = 100 * kFixedOne + 1;
  EXPECT_EQ(profile.check().error().code, Code::kInvalidArgument);
  profile = Profile::defaults();
  profile.b = kFixedOne + 1;
  EXPECT_EQ(profile.check().error().code, Code::kInvalidArgument);
  profile.b = -1;
  EXPECT_EQ(profile.check().error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace mnemo
