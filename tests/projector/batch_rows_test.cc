#include <gtest/gtest.h>

#include <random>

#include "projector/store/batch_rows.h"
#include "tests/store/map_rows.h"

namespace mnemo {
namespace {

std::vector<std::pair<std::string, std::string>> scanned(const RowReader& rows, const std::string& from,
                                                         const std::string& to, size_t most) {
  std::vector<std::pair<std::string, std::string>> found;
  EXPECT_TRUE(rows.scan(from, to, [&](std::string_view key, std::string_view value) {
    found.emplace_back(key, value);
    return found.size() < most;
  }));
  return found;
}

// Few keys, of kinds that the overlay keeps in order and of kinds that it does not, so that they meet often.
std::string random_key(std::mt19937_64& random) {
  constexpr std::string_view kRows = "RIKEW";
  std::string key(1, kRows[random() % kRows.size()]);
  key.push_back(static_cast<char>('a' + random() % 4));
  if (random() % 2 == 0) key.push_back(static_cast<char>('a' + random() % 4));
  return key;
}

void expect_same_reads(const BatchRows& batch, const MapRows& oracle, std::mt19937_64& random) {
  const std::string key = random_key(random);
  std::string value;
  std::string expected;
  const bool there = *batch.get(key, value);
  ASSERT_EQ(there, *oracle.get(key, expected));
  if (there) {
    ASSERT_EQ(value, expected);
  }

  std::string from = random_key(random).substr(0, 1 + random() % 3);
  std::string to = random() % 3 == 0 ? prefix_end(from) : random_key(random).substr(0, 1 + random() % 3);
  if (to < from) std::swap(from, to);
  const size_t most = 1 + random() % 20;
  ASSERT_EQ(scanned(batch, from, to, most), scanned(oracle, from, to, most)) << from << " to " << to;
  std::string at;
  std::string at_expected;
  const bool any = *batch.last(from, to, at, value);
  ASSERT_EQ(any, *oracle.last(from, to, at_expected, expected)) << from << " to " << to;
  if (any) {
    ASSERT_EQ(at, at_expected);
    ASSERT_EQ(value, expected);
  }
}

TEST(BatchRows, ReadsAreThoseOfAMapWithTheBatchWrittenIntoIt) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    MapRows base;
    for (int i = 0; i < 30; ++i) base.put(random_key(random), "base" + std::to_string(i));
    MapRows oracle = base;
    BatchRows batch(base);
    for (int step = 0; step < 120; ++step) {
      const std::string key = random_key(random);
      if (random() % 3 == 0) {
        batch.erase(key);
        oracle.erase(key);
      } else {
        const std::string value = "v" + std::to_string(step);
        batch.put(key, value);
        oracle.put(key, value);
      }
      ASSERT_NO_FATAL_FAILURE(expect_same_reads(batch, oracle, random));
      if (random() % 40 != 0) continue;
      for (const BatchRows::Entry& entry : batch.entries()) {
        if (entry.erased) {
          base.erase(entry.key);
        } else {
          base.put(entry.key, entry.value);
        }
      }
      ASSERT_EQ(base.map(), oracle.map()) << "what is written is what was read";
      batch.clear();
    }
  }
}

TEST(BatchRows, EachKeyIsWrittenOnce) {
  const MapRows base;
  BatchRows batch(base);
  batch.put("Ra", "1");
  batch.put("Rb", "1");
  batch.put("Ra", "2");
  batch.erase("Rb");
  ASSERT_EQ(batch.entries().size(), 2u);
  EXPECT_EQ(batch.entries()[0].value, "2");
  EXPECT_TRUE(batch.entries()[1].erased);
}

TEST(BatchRows, ManyAndLargeRowsStayWhereTheyWerePut) {
  const MapRows base;
  BatchRows batch(base);
  MapRows oracle;
  for (int round = 0; round < 2; ++round) {
    oracle.map().clear();
    for (int i = 0; i < 20000; ++i) {
      const std::string key = "K" + std::to_string(i * 7919 % 20000);
      const std::string value(i % 1000 == 0 ? 100000 : i % 50, static_cast<char>('a' + i % 26));
      batch.put(key, value);
      oracle.put(key, value);
    }
    EXPECT_EQ(scanned(batch, "K", "L", SIZE_MAX), scanned(oracle, "K", "L", SIZE_MAX));
    batch.clear();
    EXPECT_TRUE(scanned(batch, "K", "L", SIZE_MAX).empty());
  }
}

TEST(PrefixEnd, IsTheLeastKeyAboveEveryKeyWithThePrefix) {
  EXPECT_EQ(prefix_end("a"), "b");
  EXPECT_EQ(prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(prefix_end(std::string("a\0", 2)), "a\x01");
}

}  // namespace
}  // namespace mnemo
