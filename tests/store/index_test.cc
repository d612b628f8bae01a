// The index against a naive oracle: additions, removals, merging, scrubbing, cold tails, restarts.
#include <gtest/gtest.h>

#include <iostream>

#include "events/hash.h"
#include "projector/store/index_segments.h"
#include "tests/store/index_world.h"

namespace mnemo {
namespace {

constexpr size_t kRoomy = 64 << 20;

TEST(Index, AnAgentWithoutDocumentsIsEmpty) {
  IndexWorld world(1, kRoomy);
  world.expect_equal(0, 3);
  EXPECT_EQ(world.difference(0), "");
}

TEST(Index, AnswersAreRightAroundThe256thDocument) {
  IndexWorld world(2, kRoomy);
  for (uint32_t doc = 0; doc < 520; ++doc) {
    world.add_drawn(0, {});
    const uint32_t near = (doc + 4) % kPageDocs;
    if (near < 8) world.expect_equal(0, 6);
  }
  EXPECT_EQ(world.difference(0), "");
}

TEST(Index, AColdTailAnswersLikeAWarmOne) {
  for (const uint32_t docs : {1U, 77U, 255U, 256U, 257U, 300U, 511U}) {
    IndexWorld world(3, kRoomy);
    for (uint32_t doc = 0; doc < docs; ++doc) world.add_drawn(0, {});
    world.expect_equal(0, 9);
    EXPECT_EQ(world.records().loads, 0U);
    world.tails().clear();
    EXPECT_EQ(world.tails().bytes(), 0U);
    world.expect_equal(0, 9);
    EXPECT_EQ(world.records().loads, docs % kPageDocs);
    world.expect_equal(0, 9);
    EXPECT_EQ(world.records().loads, docs % kPageDocs) << "a tail that a reader has built is kept";
  }
}

TEST(Index, APageWhoseTailIsColdIsWrittenFromRecords) {
  IndexWorld warm(4, kRoomy);
  IndexWorld cold(4, kRoomy);
  for (uint32_t doc = 0; doc < 256; ++doc) {
    warm.add_drawn(0, {});
    cold.add_drawn(0, {});
    if (doc == 100) {
      warm.remove(0, 50, true);
      cold.remove(0, 50, true);
      cold.tails().clear();
    }
  }
  EXPECT_GT(cold.records().loads, 0U);
  EXPECT_EQ(warm.rows().map(), cold.rows().map());
  cold.expect_equal(0, 9);
}

TEST(Index, ARemovedDocumentIsGoneAtOnceAndCountsNowhere) {
  IndexWorld world(5, kRoomy);
  for (uint32_t doc = 0; doc < 600; ++doc) world.add_drawn(0, {});
  for (const uint32_t doc : {0U, 255U, 256U, 511U, 512U, 599U}) {
    world.remove(0, doc, doc % 2 == 0);
    world.expect_equal(0, 9);
  }
  world.work_all();
  world.expect_equal(0, 9);
  EXPECT_EQ(world.difference(0), "");
}

TEST(Index, RemovingTwiceIsRemovingOnce) {
  IndexWorld world(6, kRoomy);
  for (uint32_t doc = 0; doc < 300; ++doc) world.add_drawn(0, {});
  world.remove(0, 3, false);
  world.remove(0, 299, false);
  const auto once = world.rows().map();
  world.remove(0, 3, false);
  world.remove(0, 299, false);
  EXPECT_EQ(world.rows().map(), once);
}

TEST(Index, ADocumentRemovedFromTheTailNeverReachesTheRows) {
  IndexWorld world(7, kRoomy);
  for (uint32_t doc = 0; doc < 200; ++doc) world.add_drawn(0, {});
  for (uint32_t doc = 0; doc < 200; doc += 3) world.remove(0, doc, doc % 2 == 0);
  for (uint32_t doc = 200; doc < 256; ++doc) world.add_drawn(0, {});
  EXPECT_EQ(world.work(1), 0U) << "there is nothing to scrub";
  const std::vector<bool> in_rows = documents_in_rows(world.rows(), AgentOrd(0), 256);
  for (uint32_t doc = 0; doc < 200; doc += 3) EXPECT_FALSE(in_rows[doc]) << doc;
  world.expect_equal(0, 9);
}

// A removed document's terms and values leave block rows and columns, also when many go at once.
TEST(Index, ScrubbingTakesRemovedDocumentsOutOfEveryRow) {
  IndexWorld world(8, kRoomy, 2);
  const DocShape shape;
  for (uint32_t doc = 0; doc < 256 * 11; ++doc) world.add_drawn(0, shape);
  for (uint32_t doc = 0; doc < 300; ++doc) world.add_drawn(1, shape);
  for (uint32_t doc = 0; doc < 256 * 11; ++doc) {
    const bool whole_page = doc / kPageDocs == 4;
    if (whole_page || world.pick(9) == 0) world.remove(0, doc, world.pick(2) == 0);
    if (doc % 500 == 0) world.work(3);
  }
  world.remove(1, 7, true);
  world.work_all();
  const std::vector<bool> in_rows = documents_in_rows(world.rows(), AgentOrd(0), 256 * 11);
  for (uint32_t doc = 0; doc < 256 * 11; ++doc) {
    if (!world.agent(0).live[doc]) {
      EXPECT_FALSE(in_rows[doc]) << doc;
    }
  }
  EXPECT_FALSE(documents_in_rows(world.rows(), AgentOrd(1), 300)[7]);
  for (const uint32_t ord : {0U, 1U}) {
    world.expect_equal(ord, 30);
    EXPECT_EQ(world.difference(ord), "");
  }
}

TEST(Index, NothingOfWorkIsLeftBehind) {
  IndexWorld world(9, kRoomy);
  DocShape shape;
  shape.terms_max = 4;
  for (uint32_t doc = 0; doc < 256 * 64; ++doc) {
    world.add_drawn(0, shape);
    if (doc % 100 == 99) world.remove(0, doc - static_cast<uint32_t>(world.pick(90)), false);
  }
  world.work_all();
  uint32_t fences = 0;
  for (const auto& [key, row] : world.rows().map()) {
    EXPECT_NE(key[0], 'Q');
    EXPECT_NE(key[0], 'B') << "all blocks are merged";
    if (key[0] == 'F') {
      EXPECT_EQ(key[5], 2) << "all segments of level 1 are merged";
    }
    if (key[0] == 'C') {
      EXPECT_EQ(key[5], 2);
    }
    fences += key[0] == 'F' ? 1 : 0;
  }
  EXPECT_EQ(fences, 1U);
  EXPECT_EQ(world.difference(0), "");
}

// Level 2 and beyond: merging lags behind and is looked at between any two steps.
TEST(Index, MergingNeverChangesAnAnswer) {
  IndexWorld world(10, kRoomy);
  DocShape shape;
  shape.terms_max = 5;
  shape.vocabulary = 5000;
  shape.common_term_percent = 95;
  shape.common_count_max = 300;  // so that its postings span chunks
  for (uint32_t doc = 0; doc < 256 * 65 + 17; ++doc) {
    world.add_drawn(0, shape);
    if (world.pick(40) == 0) world.remove(0, static_cast<uint32_t>(world.pick(doc + 1)), world.pick(2) == 0);
    if (doc < 256 * 60) world.work(doc % 7 == 0 ? 1 : 0);
  }
  uint32_t steps = 0;
  while (world.work(1) == 1) {
    if (steps++ % 3 == 0) world.expect_equal(0, 3);
  }
  EXPECT_GT(steps, 60U);
  world.expect_equal(0, 40);
  EXPECT_EQ(world.difference(0), "");
  uint32_t chunks_of_the_common_term = 0;
  for (const auto& [key, row] : world.rows().map()) {
    if (key[0] == 'C' && row.size() < 16 * 1024 && row[1] == 1 && row[2] == 0) ++chunks_of_the_common_term;
  }
  EXPECT_GT(chunks_of_the_common_term, 0U) << "the test means to have a chunk inside one term's postings";
}

// Documents of thousands of words: the block goes into chunk rows at once.
TEST(Index, BlocksOfLongDocumentsAreChunkedAndMerge) {
  IndexWorld world(11, kRoomy);
  DocShape longer;
  longer.vocabulary = 20'000;
  longer.terms_max = 900;
  DocShape shorter;
  for (uint32_t doc = 0; doc < 256 * 9; ++doc) {
    world.add_drawn(0, doc / kPageDocs % 2 == 0 ? longer : shorter);
    if (doc % 700 == 10) world.remove(0, doc - 10, true);
  }
  world.expect_equal(0, 12);
  EXPECT_EQ(world.difference(0), "");
  bool chunked_block = false;
  for (const auto& [key, row] : world.rows().map()) chunked_block |= key[0] == 'B' && row[0] == 1;
  EXPECT_TRUE(chunked_block);
  uint32_t steps = 0;
  while (world.work(1) == 1) {
    if (steps++ % 60 == 0) world.expect_equal(0, 4);
  }
  world.expect_equal(0, 12);
  EXPECT_EQ(world.difference(0), "");
}

// Filter values of a page that do not fit its columns row go on in further rows, and are scrubbed there too.
TEST(Index, FilterValuesSpreadOverRows) {
  IndexWorld world(12, kRoomy);
  for (uint32_t doc = 0; doc < 300; ++doc) {
    TestDoc drawn = draw_doc(world.random(), {});
    for (int i = 0; i < 3; ++i) {
      drawn.filters.emplace_back(FilterField::kMetadata,
                                 std::string("key\0s", 5) + std::to_string(world.random()()) + std::string(300, 'x'));
    }
    std::sort(drawn.filters.begin(), drawn.filters.end());
    world.add(0, drawn);
  }
  uint32_t parts = 0;
  for (const auto& [key, row] : world.rows().map()) parts += key[0] == 'D' && key.size() == 13 ? 1 : 0;
  EXPECT_GT(parts, 5U);
  world.expect_equal(0, 9);
  EXPECT_EQ(world.difference(0), "");
  for (uint32_t doc = 0; doc < 256; doc += 5) world.remove(0, doc, true);
  world.expect_equal(0, 9);
  world.work_all();
  world.expect_equal(0, 9);
  EXPECT_EQ(world.difference(0), "");
  const std::vector<bool> in_rows = documents_in_rows(world.rows(), AgentOrd(0), 300);
  for (uint32_t doc = 0; doc < 256; doc += 5) EXPECT_FALSE(in_rows[doc]) << doc;
}

// Every step of work writes at most one row of postings or columns, of bounded size, and little beside it.
TEST(Index, EveryStepIsBounded) {
  IndexWorld world(13, kRoomy);
  DocShape shape;
  shape.terms_max = 20;
  shape.vocabulary = 3000;
  DocShape longer;
  longer.vocabulary = 20'000;
  longer.terms_max = 700;
  for (uint32_t doc = 0; doc < 256 * 72; ++doc) {
    const uint32_t page = doc / kPageDocs;
    world.add_drawn(0, page == 3 || page == 4 ? longer : shape);  // their merge has more rows than a step deletes
    if (world.pick(60) == 0) world.remove(0, static_cast<uint32_t>(world.pick(doc + 1)), false);
    world.rows().take_written();
    if (doc % 3 != 0) continue;
    world.work(1);
    const MapRows::Written written = world.rows().take_written();
    ASSERT_LE(written.by_kind['B'] + written.by_kind['C'] + written.by_kind['D'], 1U);
    ASSERT_LE(written.puts, 3U);
    ASSERT_LE(written.erases, 66U);
    ASSERT_LE(written.largest, kBlockRowBytesMax);
    ASSERT_LE(written.bytes, kBlockRowBytesMax + 8 * 1024);
  }
  for (const auto& [key, row] : world.rows().map()) {
    if (key[0] == 'C') {
      EXPECT_LE(row.size(), kChunkRowBytesMax);
    }
    if (key[0] == 'B') {
      EXPECT_LE(row.size(), kBlockRowBytesMax);
    }
  }
  world.work_all();
  for (const auto& [key, row] : world.rows().map()) {
    EXPECT_FALSE(key[0] == 'C' && key[5] == 0) << "chunks of merged blocks are deleted";
  }
}

// A fence says that a chunk begins inside a term's postings only where it does: readers of the term need not look there
// in vain.
TEST(Index, AFenceSendsReadersOnlyToChunksThatGoOn) {
  IndexWorld world(24, kRoomy);
  DocShape shape;
  shape.vocabulary = 3000;
  shape.common_term_percent = 100;
  shape.common_count_max = 300;
  for (uint32_t doc = 0; doc < 256 * 64; ++doc) world.add_drawn(0, shape);
  world.work_all();
  std::vector<Segment> segments;
  ASSERT_TRUE(load_segments(world.rows(), AgentOrd(0), 64, segments));
  ASSERT_EQ(segments.size(), 1U);
  const Segment& segment = segments[0];
  uint32_t inside = 0;
  for (size_t chunk = 1; chunk < segment.chunks(); ++chunk) {
    if (doc_of(segment.first_of(chunk)) == 0) continue;
    ++inside;
    std::string row;
    ChunkView before;
    ASSERT_TRUE(load_chunk(world.rows(), AgentOrd(0), segment, chunk - 1, row, before));
    EXPECT_EQ(before.term(before.terms() - 1), term_of(segment.first_of(chunk)));
    ASSERT_TRUE(load_chunk(world.rows(), AgentOrd(0), segment, chunk, row, before));
    EXPECT_EQ(before.term(0), term_of(segment.first_of(chunk)));
  }
  EXPECT_GT(inside, 1U);
}

// A term that fills chunks has an entry in each, and a bound of each: together they bound the range.
TEST(Index, ABoundHoldsForAllChunksOfATerm) {
  IndexWorld world(25, kRoomy);
  DocShape shape;
  shape.vocabulary = 3000;
  shape.common_term_percent = 100;
  for (uint32_t doc = 0; doc < 256 * 64; ++doc) {
    shape.common_count_max = doc < 256 * 32 ? 100 : 2;
    world.add_drawn(0, shape);
  }
  world.work_all();
  world.expect_equal(0, 3);
  const auto index = world.open(0);
  std::vector<TermBound> bounds;
  ASSERT_TRUE(index->bounds(term_hash_of(7), index->live(), bounds));
  ASSERT_EQ(bounds.size(), 1U);
  EXPECT_EQ(bounds[0].documents, 256U * 64);
}

// The rows depend on the calls alone: not on what the cache kept, nor on restarts, nor on readers.
TEST(Index, TheSameCallsGiveTheSameRows) {
  std::vector<Digest> expected;
  for (uint32_t variant = 0; variant < 4; ++variant) {
    IndexWorld world(14, variant == 1 ? 0 : variant == 2 ? 200'000 : kRoomy, 3);
    std::mt19937_64 own(variant);
    std::vector<Digest> rows;
    for (uint32_t i = 0; i < 9000; ++i) {
      const auto ord = static_cast<uint32_t>(world.pick(3));
      world.add_drawn(ord, {});
      if (world.pick(10) == 0) {
        world.remove(ord, static_cast<uint32_t>(world.pick(world.agent(ord).size())), i % 2 == 0);
      }
      world.work(static_cast<uint32_t>(world.pick(2)));
      if (variant == 3 && own() % 200 == 0) world.reopen();
      if (variant == 3 && own() % 100 == 0) world.tails().clear();
      if (variant > 0 && own() % 300 == 0) world.open(ord);
      if (i % 50 != 0) continue;
      rows.emplace_back();
      for (const auto& [key, row] : world.rows().map()) rows.back() += xxh3_128(key + row);
    }
    if (variant == 0) expected = rows;
    ASSERT_EQ(rows, expected) << "variant " << variant;
  }
}

// A reader with an older snapshot sees that snapshot's documents: no later ones, and those removed since.
TEST(Index, AnOlderSnapshotKeepsItsAnswers) {
  IndexWorld world(15, kRoomy);
  std::vector<IndexWorld::Snapshot> snapshots;
  for (uint32_t doc = 0; doc < 256 * 9 + 100; ++doc) {
    world.add_drawn(0, {});
    if (world.pick(30) == 0) world.remove(0, static_cast<uint32_t>(world.pick(doc + 1)), true);
    if (world.pick(5) == 0) world.work(1);
    if (world.pick(150) == 0) snapshots.push_back(world.snapshot());
    if (world.pick(100) == 0) world.tails().clear();
    if (world.pick(50) == 0) world.open(0);  // may build a tail without what an older snapshot still has
    if (!snapshots.empty() && world.pick(20) == 0) world.expect_equal(snapshots[world.pick(snapshots.size())], 0, 3);
  }
  EXPECT_GT(snapshots.size(), 5U);
  for (const IndexWorld::Snapshot& snapshot : snapshots) world.expect_equal(snapshot, 0, 9);
}

// What a dropped batch added and removed is forgotten, in the cache too, and other documents take its numbers.
TEST(Index, ADroppedBatchLeavesNoTrace) {
  IndexWorld world(16, kRoomy, 2);
  for (int round = 0; round < 120; ++round) {
    const IndexWorld::Snapshot before = world.snapshot();
    for (int i = 0; i < 40; ++i) {
      const auto ord = static_cast<uint32_t>(world.pick(2));
      world.add_drawn(ord, {});
      if (world.pick(4) == 0) world.remove(ord, static_cast<uint32_t>(world.pick(world.agent(ord).size())), true);
      if (world.pick(4) == 0) world.open(ord);
      world.work(1);
    }
    if (world.pick(2) == 0) world.roll_back(before);
    for (const uint32_t ord : {0U, 1U}) {
      world.expect_equal(ord, 2);
      world.expect_equal(before, ord, 2);
    }
  }
  for (const uint32_t ord : {0U, 1U}) EXPECT_EQ(world.difference(ord), "");
}

// After a crash the rows know less than the cache of the process that opens them again.
TEST(Index, ANewWriterForgetsDocumentsThatWereLost) {
  IndexWorld world(22, kRoomy);
  for (uint32_t doc = 0; doc < 100; ++doc) world.add_drawn(0, {});
  const IndexWorld::Snapshot durable = world.snapshot();
  for (uint32_t doc = 0; doc < 30; ++doc) world.add_drawn(0, {});
  world.remove(0, 5, false);
  world.lose(durable);
  world.expect_equal(0, 9);
  for (uint32_t doc = 0; doc < 200; ++doc) world.add_drawn(0, {});
  world.expect_equal(0, 9);
  EXPECT_EQ(world.difference(0), "");
}

// Columns of a large agent are read when asked for: a failure then is told by status() and every later call.
TEST(Index, AColumnThatCannotBeReadLateIsToldByStatus) {
  IndexWorld world(23, kRoomy);
  DocShape shape;
  shape.terms_max = 3;
  for (uint32_t doc = 0; doc < kPageDocs * 40; ++doc) world.add_drawn(0, shape);
  world.rows().map().erase(keys::of_number(keys::Row::kColumns, AgentOrd(0), 2));
  const auto index = world.open(0);
  EXPECT_TRUE(index->status());
  EXPECT_EQ(index->length(39 * kPageDocs), world.agent(0).docs[39 * kPageDocs]->length);
  EXPECT_TRUE(index->status());
  EXPECT_EQ(index->length(0), 0U);
  ASSERT_FALSE(index->status());
  EXPECT_EQ(index->status().error().code, Code::kDataLoss);
  EXPECT_NE(index->status().error().message.find("D row (agent number 0, page 2)"), std::string::npos);
  std::vector<Posting> postings;
  DocSet found;
  std::vector<std::pair<std::string, uint32_t>> values;
  EXPECT_FALSE(index->postings(1, postings));
  EXPECT_FALSE(index->filter(FilterField::kTag, "a", false, found));
  EXPECT_FALSE(index->values(FilterField::kTag, values));
  EXPECT_FALSE(index->expired(0, found));
}

TEST(Index, AskingASmallAgentTakesTwoSeeksAndAThirdOnceSomethingWasRemoved) {
  IndexWorld world(17, kRoomy);
  for (uint32_t doc = 0; doc < 1000; ++doc) world.add_drawn(0, {});
  const auto ask = [&] {
    const auto index = world.open(0);
    std::vector<Posting> postings;
    for (uint32_t term = 0; term < 10; ++term) EXPECT_TRUE(index->postings(term_hash_of(term), postings));
    DocSet found;
    EXPECT_TRUE(index->filter(FilterField::kSpeaker, "Ada", false, found));
    for (const Posting& posting : postings) EXPECT_GT(index->recorded_at_ms(posting.doc), 0);
    EXPECT_EQ(index->reads().postings, postings.size());
    return index->reads().point_reads;
  };
  EXPECT_EQ(ask(), 2U);
  world.remove(0, 3, false);
  EXPECT_EQ(ask(), 3U);
  world.reopen();  // the tail is cold, 232 documents are loaded
  EXPECT_EQ(ask(), 3U + 1000 % kPageDocs);
  EXPECT_EQ(ask(), 3U);
}

TEST(Index, AddingOutOfTurnIsRefused) {
  IndexWorld world(18, kRoomy);
  for (uint32_t doc = 0; doc < 10; ++doc) world.add_drawn(0, {});
  IndexWriter writer(world.tails(), PartitionId(9), world.load());
  MapRows rows;
  const IndexedDoc doc;
  ASSERT_TRUE(writer.add(rows, AgentOrd(0), DocNo(0), doc));
  const Status again = writer.add(rows, AgentOrd(0), DocNo(0), doc);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kFailedPrecondition);
}

// A live document whose record is a stub: the state is damaged, and that is told instead of an answer.
TEST(Index, AStubThatIsNotMaskedIsDataLoss) {
  IndexWorld world(19, kRoomy);
  for (uint32_t doc = 0; doc < 20; ++doc) world.add_drawn(0, {});
  world.records().empty(world.rows(), AgentOrd(0), DocNo(5));
  world.tails().clear();
  const auto index = AgentIndex::open(world.rows(), world.tails().scope(PartitionId(3)), world.load(), AgentOrd(0), 20);
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, Code::kDataLoss);
}

class IndexRandom : public testing::TestWithParam<uint64_t> {};

TEST_P(IndexRandom, EqualsTheOracleWhateverTheOrderOfCalls) {
  const uint64_t seed = GetParam();
  std::cout << "seed " << seed << '\n';
  std::mt19937_64 random(seed * 7919 + 1);
  const size_t caches[] = {0, 60'000, 1'000'000, kRoomy};
  IndexWorld world(seed, caches[random() % 4], 4);
  DocShape shape;
  shape.terms_max = 1 + static_cast<uint32_t>(random() % 12);
  shape.vocabulary = 10 + static_cast<uint32_t>(random() % 3000);
  const uint64_t removals = 2 + random() % 30;
  const uint64_t units = 1 + random() % 4;
  uint32_t next_check = 0;
  for (uint32_t i = 0; i < 7000; ++i) {
    // Agent 0 gets most, so that it merges twice.
    const auto ord = static_cast<uint32_t>(world.pick(8) < 5 ? 0 : world.pick(4));
    world.add_drawn(ord, shape);
    if (world.pick(removals) == 0) {
      world.remove(ord, static_cast<uint32_t>(world.pick(world.agent(ord).size())), world.pick(2) == 0);
    }
    if (world.pick(3) == 0) world.work(static_cast<uint32_t>(world.pick(units + 1)));
    if (world.pick(700) == 0) world.reopen();
    if (world.pick(300) == 0) world.tails().clear();
    if (i != next_check) continue;
    next_check += 1 + static_cast<uint32_t>(world.pick(200));
    world.expect_equal(ord, 3);
    if (HasFatalFailure()) return;
  }
  for (uint32_t ord = 0; ord < world.agents(); ++ord) {
    EXPECT_EQ(world.difference(ord), "");
    world.expect_equal(ord, 20);
  }
  world.work_all();
  for (uint32_t ord = 0; ord < world.agents(); ++ord) {
    EXPECT_EQ(world.difference(ord), "");
    world.expect_equal(ord, 20);
    const std::vector<bool> in_rows = documents_in_rows(world.rows(), AgentOrd(ord), world.agent(ord).size());
    for (uint32_t doc = 0; doc < in_rows.size(); ++doc) {
      ASSERT_FALSE(in_rows[doc] && !world.agent(ord).live[doc]) << "agent " << ord << " document " << doc;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, IndexRandom, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace mnemo
