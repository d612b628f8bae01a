#include <gtest/gtest.h>

#include <bitset>
#include <random>

#include "projector/store/index.h"

namespace mnemo {
namespace {

TEST(DocSet, EqualsBitsets) {
  std::mt19937_64 random(1);
  for (const uint32_t docs : {0U, 1U, 63U, 64U, 65U, 255U, 256U, 1000U}) {
    DocSet a(docs), b(docs);
    std::bitset<1000> x, y;
    for (uint32_t i = 0; i < docs; ++i) {
      if (random() % 2 == 0) a.insert(i), x.set(i);
      if (random() % 3 == 0) b.insert(i), y.set(i);
      if (random() % 5 == 0) a.erase(i), x.reset(i);
    }
    const auto expect_same = [docs](const DocSet& set, const std::bitset<1000>& bits) {
      EXPECT_EQ(set.docs(), docs);
      EXPECT_EQ(set.count(), bits.count());
      for (uint32_t i = 0; i < docs; ++i) ASSERT_EQ(set.contains(i), bits[i]) << i;
    };
    expect_same(a, x);
    DocSet both = a;
    both.intersect(b);
    expect_same(both, x & y);
    DocSet either = a;
    either.unite(b);
    expect_same(either, x | y);
    for (uint32_t first = 0; first <= docs; first += 7) {
      const auto end = static_cast<uint32_t>(first + random() % (docs - first + 1));
      a.unite(b);
      for (uint32_t i = first; i < end; ++i) a.insert(i);
      ASSERT_TRUE(a.contains_all(first, end)) << first << " to " << end;
      if (first == end) continue;
      const auto hole = static_cast<uint32_t>(first + random() % (end - first));
      a.erase(hole);
      ASSERT_FALSE(a.contains_all(first, end)) << first << " to " << end << " without " << hole;
    }
    for (uint32_t i = 0; i < docs; ++i) x[i] ? a.insert(i) : a.erase(i);
    a.complement();
    std::bitset<1000> all;
    for (uint32_t i = 0; i < docs; ++i) all.set(i);
    expect_same(a, ~x & all);
  }
}

TEST(PrefixEnd, IsTheLeastKeyPastEveryKeyWithThePrefix) {
  EXPECT_EQ(prefix_end("a"), "b");
  EXPECT_EQ(prefix_end(std::string("a\0", 2)), "a\1");
  EXPECT_EQ(prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(prefix_end("a\x7f"), "a\x80");
}

}  // namespace
}  // namespace mnemo
