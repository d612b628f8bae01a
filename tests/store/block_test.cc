// Chunk rows and fences.
#include "projector/store/block.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace mnemo {
namespace {

std::vector<Posting> decode(std::string_view entry, uint32_t docs) {
  std::vector<Posting> out;
  EXPECT_TRUE(for_each_posting(entry, docs, [&](uint32_t doc, uint32_t count) {
    out.push_back({doc, count});
    return true;
  }));
  return out;
}

TEST(Chunk, GivesBackWhatWasPut) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    std::map<uint32_t, std::vector<Posting>> expected;
    ChunkBuilder builder(kChunkRowBytesMax);
    uint32_t term = 0;
    bool room = true;
    while (room) {
      term += 2 + static_cast<uint32_t>(random() % 1'000'000);
      uint32_t doc = 0;
      for (uint64_t n = 1 + random() % 40; n > 0 && room; --n) {
        doc += static_cast<uint32_t>(random() % 3 == 0 ? random() % 1'000'000 : random() % 4);
        const auto count = static_cast<uint32_t>(random() % 5 == 0 ? 1 + random() % UINT32_MAX : 1);
        room = builder.add(term, doc, count, bound_of(count, 9));
        if (room) expected[term].push_back({doc++, count});
      }
    }
    std::string row;
    builder.finish(row);
    ASSERT_LE(row.size(), kChunkRowBytesMax);
    ASSERT_GT(row.size(), kChunkRowBytesMax - 32);
    ChunkView view;
    ASSERT_TRUE(view.parse(row));
    ASSERT_TRUE(view.ascending());
    ASSERT_EQ(view.terms(), expected.size());
    uint32_t i = 0;
    for (const auto& [hash, postings] : expected) {
      ASSERT_EQ(view.term(i), hash);
      ASSERT_EQ(view.lower_bound(hash), i);
      ASSERT_EQ(view.lower_bound(hash - 1), i);
      ASSERT_EQ(view.lower_bound(hash + 1), i + 1);
      ASSERT_EQ(decode(view.entry(i), UINT32_MAX), postings);
      ASSERT_EQ(count_postings(view.entry(i)), postings.size());
      ++i;
    }
  }
}

TEST(Chunk, ABoundHoldsForEveryPostingOfItsTerm) {
  ChunkBuilder builder(kChunkRowBytesMax);
  ASSERT_TRUE(builder.add(5, 1, 3, bound_of(3, 80)));
  ASSERT_TRUE(builder.add(5, 2, 2, bound_of(2, 60)));
  ASSERT_TRUE(builder.add(6, 0, 1000, bound_of(1000, 4000)));
  std::string row;
  builder.finish(row);
  ChunkView view;
  ASSERT_TRUE(view.parse(row));
  EXPECT_EQ(entry_bound(view.entry(0)).max_count, 3);
  EXPECT_EQ(entry_bound(view.entry(0)).min_length, 60);
  EXPECT_EQ(entry_bound(view.entry(1)).max_count, 255) << "255 stands for any more";
  EXPECT_EQ(entry_bound(view.entry(1)).min_length, 255);
}

TEST(Chunk, AnEmptyChunkIsAChunk) {
  ChunkBuilder builder(kChunkRowBytesMax);
  std::string row;
  builder.finish(row);
  ChunkView view;
  ASSERT_TRUE(view.parse(row));
  EXPECT_EQ(view.terms(), 0U);
  EXPECT_EQ(view.lower_bound(0), 0U);
}

TEST(Chunk, PostingsOutsideTheSegmentAreDamage) {
  ChunkBuilder builder(kChunkRowBytesMax);
  ASSERT_TRUE(builder.add(5, 255, 1, bound_of(1, 1)));
  std::string row;
  builder.finish(row);
  ChunkView view;
  ASSERT_TRUE(view.parse(row));
  const auto ignore = [](uint32_t, uint32_t) { return true; };
  EXPECT_TRUE(for_each_posting(view.entry(0), 256, ignore));
  EXPECT_FALSE(for_each_posting(view.entry(0), 255, ignore));
}

TEST(Chunk, CutRowsAreDamageNotCrashes) {
  ChunkBuilder builder(kChunkRowBytesMax);
  for (uint32_t i = 0; i < 50; ++i) ASSERT_TRUE(builder.add(i, i, 1 + i * 50, bound_of(1, 1)));
  std::string whole;
  builder.finish(whole);
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string row = whole.substr(0, size);
    ChunkView view;
    if (!view.parse(row)) continue;
    ASSERT_GE(size, 3 + 50 * 6U);
    // The last term's entry is short, or all of it is gone.
    EXPECT_FALSE(for_each_posting(view.entry(49), 256, [](uint32_t, uint32_t) { return true; }));
  }
}

TEST(Chunk, AnEntryThatEndsWithinAPostingIsNotCounted) {
  ChunkBuilder builder(kChunkRowBytesMax);
  for (uint32_t doc = 0; doc < 100; ++doc) {
    ASSERT_TRUE(builder.add(7, doc * 3, doc % 3 == 0 ? 1 : doc, bound_of(doc, 9)));
  }
  ASSERT_TRUE(builder.add(7, 100'000, 70'000, bound_of(70'000, 9)));
  std::string row;
  builder.finish(row);
  ChunkView view;
  ASSERT_TRUE(view.parse(row));
  const std::string_view entry = view.entry(0);
  EXPECT_EQ(count_postings(entry), 101u);
  // The last posting takes six bytes.
  for (size_t cut = 1; cut < 6; ++cut) EXPECT_EQ(count_postings(entry.substr(0, entry.size() - cut)), 0u) << cut;
  EXPECT_EQ(count_postings(entry.substr(0, entry.size() - 6)), 100u);
  EXPECT_EQ(count_postings(entry.substr(0, 2)), 0u);
}

TEST(Chunk, ATermThatDoesNotFitIsTakenOutWhole) {
  ChunkBuilder builder(kChunkRowBytesMax);
  ASSERT_TRUE(builder.add(5, 1, 3, bound_of(3, 80)));
  EXPECT_FALSE(builder.drop_last_term()) << "it is the only one";
  ASSERT_TRUE(builder.add(9, 1, 1, bound_of(1, 8)));
  ASSERT_TRUE(builder.add(9, 2, 1, bound_of(1, 8)));
  EXPECT_TRUE(builder.drop_last_term());
  EXPECT_EQ(builder.last_term(), 5U);
  std::string row;
  builder.finish(row);
  ChunkView view;
  ASSERT_TRUE(view.parse(row));
  ASSERT_EQ(view.terms(), 1U);
  uint32_t postings = 0;
  EXPECT_TRUE(for_each_posting(view.entry(0), 256, [&](uint32_t doc, uint32_t count) {
    ++postings;
    return doc == 1 && count == 3;
  }));
  EXPECT_EQ(postings, 1U);
}

TEST(Fence, APlaceBetweenTwoTermsIsTheShortestPrefixThatDividesThem) {
  EXPECT_EQ(place_between(0x12345678, 0x1234ffff), place_of(0x12348000, 0));
  EXPECT_EQ(place_between(0, UINT32_MAX), place_of(0x80000000, 0));
  EXPECT_EQ(place_between(6, 7), place_of(7, 0)) << "there is nothing else between them";
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    const auto shift = static_cast<uint32_t>(random() % 32);
    const uint32_t before = static_cast<uint32_t>(random()) >> shift;
    const uint32_t term = before + 1 + static_cast<uint32_t>(random() % 100'000);
    if (term <= before) continue;
    const Place place = place_between(before, term);
    EXPECT_GT(place, place_of(before, UINT32_MAX));
    EXPECT_LE(place, place_of(term, 0));
  }
}

TEST(Fence, SendsEveryPlaceToTheChunkThatMayHoldIt) {
  Fence fence;
  EXPECT_EQ(fence.find(place_of(1, 1)), Fence::kNone);
  fence.push_back(place_of(10, 0));
  fence.push_back(place_of(20, 0));
  fence.push_back(place_of(20, 500));
  fence.push_back(place_of(20, 900));
  fence.push_back(place_of(30, 0));
  EXPECT_EQ(fence.find(place_of(9, 4000)), Fence::kNone);
  EXPECT_EQ(fence.find(place_of(10, 0)), 0U);
  EXPECT_EQ(fence.find(place_of(19, 4000)), 0U);
  EXPECT_EQ(fence.find(place_of(20, 0)), 1U);
  EXPECT_EQ(fence.find(place_of(20, 499)), 1U);
  EXPECT_EQ(fence.find(place_of(20, 500)), 2U);
  EXPECT_EQ(fence.find(place_of(25, 0)), 3U);
  EXPECT_EQ(fence.find(place_of(UINT32_MAX, UINT32_MAX)), 4U);
}

TEST(Fence, RowsGiveBackWhatWasPutAndRefuseDisorder) {
  const std::vector<Place> places = {0, place_of(0, 7), place_of(5, 0), place_of(5, 300), place_of(UINT32_MAX, 0)};
  std::string row;
  for (size_t i = 0; i < places.size(); ++i) put_fence_place(row, i == 0 ? 0 : places[i - 1], places[i]);
  Decoder in(row);
  Fence fence;
  ASSERT_TRUE(read_fence_places(in, fence));
  ASSERT_EQ(fence.size(), places.size());
  for (size_t i = 0; i < places.size(); ++i) EXPECT_EQ(fence[i], places[i]);
  Decoder again(row);
  EXPECT_FALSE(read_fence_places(again, fence)) << "places must go on ascending";
  for (size_t size = 1; size < row.size(); ++size) {
    Decoder cut(std::string_view(row).substr(0, size));
    Fence part;
    if (read_fence_places(cut, part)) {
      EXPECT_LT(part.size(), places.size());
    }
  }
}

}  // namespace
}  // namespace mnemo
