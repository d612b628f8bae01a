// Tails and their cache.
#include "projector/store/tail.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "projector/store/keys.h"
#include "tests/store/index_world.h"

namespace mnemo {
namespace {

TestDoc numbered(uint32_t n) {
  TestDoc doc;
  for (uint32_t i = 0; i < 20; ++i) doc.terms.push_back({i * 100 + n % 7, 1 + n % 3});
  doc.filters = {{FilterField::kTag, "tag " + std::to_string(n % 40)}, {FilterField::kSpeaker, n % 2 == 0 ? "A" : "B"}};
  doc.length = n;
  doc.recorded_at_ms = n;
  return doc;
}

void expect_numbered(const TailView& view, uint32_t docs) {
  ASSERT_EQ(view.docs(), docs);
  uint32_t term = 0;
  for (uint32_t n = 0; n < docs; ++n) {
    const TestDoc doc = numbered(n);
    ASSERT_EQ(view.doc(n).length, n);
    ASSERT_EQ(view.doc(n).terms_end, term + doc.terms.size());
    for (const TermCount& t : doc.terms) {
      ASSERT_EQ(view.hashes()[term], t.hash);
      ASSERT_EQ(view.occurrences()[term], n << 24 | t.count);
      ++term;
    }
    ASSERT_EQ(view.filters(n).size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
      ASSERT_LT(view.filters(n)[i], view.values());
      ASSERT_EQ(view.field(view.filters(n)[i]), doc.filters[i].first);
      ASSERT_EQ(view.text(view.filters(n)[i]), doc.filters[i].second);
    }
  }
}

TEST(Tail, AViewStaysAsItWasWhileTheTailGrows) {
  Tail tail(0);
  std::vector<TailView> views;
  for (uint32_t n = 0; n < kPageDocs; ++n) {
    const TestDoc doc = numbered(n);
    tail.append(doc.indexed());
    if (n % 50 == 3) views.push_back(tail.view(n + 1));
  }
  for (size_t i = 0; i < views.size(); ++i) expect_numbered(views[i], static_cast<uint32_t>(i) * 50 + 4);
  expect_numbered(tail.view(kPageDocs), kPageDocs);
  EXPECT_EQ(tail.view(kPageDocs).values(), 42U) << "a value is kept once";
}

TEST(Tail, AContinuedCopyEqualsTheWhole) {
  for (const uint32_t first : {0U, 1U, 100U}) {
    Tail start(0);
    for (uint32_t n = 0; n < 120; ++n) start.append(numbered(n).indexed());
    Tail tail(0, start.view(first));
    for (uint32_t n = first; n < 200; ++n) tail.append(numbered(n).indexed());
    expect_numbered(tail.view(200), 200);
    EXPECT_EQ(tail.view(200).values(), 42U);
  }
}

TEST(TailCache, KeepsToItsBound) {
  constexpr size_t kBound = 1 << 20;
  TailCache cache(kBound);
  TailShard& a = *cache.scope(PartitionId(0)).shard;
  TailShard& b = *cache.scope(PartitionId(1)).shard;
  for (uint32_t round = 0; round < 40; ++round) {
    for (uint32_t ord = 0; ord < 100; ++ord) {
      ASSERT_TRUE((ord % 2 == 0 ? a : b).add(AgentOrd(ord), DocNo(round), numbered(round).indexed()));
      ASSERT_LE(cache.bytes(), kBound);
    }
  }
  EXPECT_GT(cache.bytes(), kBound / 2);
  cache.clear();
  EXPECT_EQ(cache.bytes(), 0U);
  EXPECT_EQ(a.find(a.generation(), AgentOrd(98), 0, kPageDocs).docs(), 0U);
}

TEST(TailCache, APartitionThatHoldsMostMakesRoomForOneThatHoldsLittle) {
  TailCache cache(1 << 20);
  TailShard& a = *cache.scope(PartitionId(0)).shard;
  TailShard& b = *cache.scope(PartitionId(1)).shard;
  for (uint32_t ord = 0; ord < 3000; ++ord) ASSERT_TRUE(a.add(AgentOrd(ord), DocNo(0), numbered(0).indexed()));
  for (uint32_t doc = 0; doc < 20; ++doc) {
    for (uint32_t ord = 0; ord < 10; ++ord) ASSERT_TRUE(b.add(AgentOrd(ord), DocNo(doc), numbered(doc).indexed()));
  }
  for (uint32_t ord = 0; ord < 10; ++ord) EXPECT_EQ(b.find(b.generation(), AgentOrd(ord), 0, 20).docs(), 20U);
  EXPECT_LE(cache.bytes(), 1U << 20);
}

TEST(TailCache, ATailUsedAgainOutlivesOnesThatWereNot) {
  TailCache cache(1 << 20);
  TailShard& shard = *cache.scope(PartitionId(0)).shard;
  ASSERT_TRUE(shard.add(AgentOrd(0), DocNo(0), numbered(0).indexed()));
  for (uint32_t ord = 1; ord < 3000; ++ord) {
    ASSERT_TRUE(shard.add(AgentOrd(ord), DocNo(0), numbered(0).indexed()));
    ASSERT_EQ(shard.find(shard.generation(), AgentOrd(0), 0, 1).docs(), 1U);
  }
  EXPECT_EQ(shard.find(shard.generation(), AgentOrd(1), 0, 1).docs(), 0U);
}

TEST(TailCache, AReaderOfAnOlderGenerationNeitherSeesNorAddsTails) {
  TailCache cache(1 << 20);
  const TailScope old = cache.scope(PartitionId(0));
  TailShard& shard = *old.shard;
  ASSERT_TRUE(shard.add(AgentOrd(0), DocNo(0), numbered(0).indexed()));
  EXPECT_EQ(shard.masks(old.generation, AgentOrd(0)), Masks::kNone);
  shard.reset();
  ASSERT_TRUE(shard.add(AgentOrd(0), DocNo(0), numbered(1).indexed()));
  EXPECT_EQ(shard.find(old.generation, AgentOrd(0), 0, 1).docs(), 0U);
  EXPECT_EQ(shard.masks(old.generation, AgentOrd(0)), Masks::kUnknown);
  Tail two(0);
  two.append(numbered(0).indexed());
  two.append(numbered(0).indexed());
  shard.offer(old.generation, AgentOrd(0), std::move(two));
  EXPECT_EQ(shard.find(shard.generation(), AgentOrd(0), 0, 2).docs(), 1U);
}

TEST(TailCache, OnceSomethingWasRemovedNoReaderCanSayOtherwise) {
  TailCache cache(1 << 20);
  const TailScope scope = cache.scope(PartitionId(0));
  scope.shard->note_removed(AgentOrd(4));
  scope.shard->offer_no_masks(scope.generation, AgentOrd(4));
  EXPECT_EQ(scope.shard->masks(scope.generation, AgentOrd(4)), Masks::kSome);
  scope.shard->offer_no_masks(scope.generation, AgentOrd(5));
  EXPECT_EQ(scope.shard->masks(scope.generation, AgentOrd(5)), Masks::kNone);
}

// One writer, several readers on snapshots of their own, a cache too small for all.
TEST(TailCache, ReadersAndTheWriterShareTailsWithoutDisturbingEachOther) {
  TestRecords records;
  const LoadDoc load = [](const RowReader& rows, AgentOrd ord, DocNo doc,
                          std::string& holder) -> Result<std::optional<IndexedDoc>> {
    MNEMO_ASSIGN(const bool found, rows.get(keys::of_number(keys::Row::kRecord, ord, doc.value), holder));
    if (!found) return fail(Code::kInternal, "no such record");
    static thread_local TestDoc held;
    held = numbered(doc.value);
    return held.indexed();
  };
  struct Moment {
    MapRows rows;
    std::vector<uint32_t> docs;
    TailScope scope;
  };
  constexpr uint32_t kAgents = 6;
  TailCache cache(120'000);
  std::mutex mutex;
  auto moment = std::make_shared<const Moment>(Moment{{}, std::vector<uint32_t>(kAgents), {}});
  std::atomic<bool> done{false};
  std::atomic<uint64_t> asked{0};
  const auto read = [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    while (!done) {
      std::shared_ptr<const Moment> now;
      {
        const std::lock_guard lock(mutex);
        now = moment;
      }
      if (now->scope.shard == nullptr) continue;
      const auto ord = static_cast<uint32_t>(random() % kAgents);
      const auto index = AgentIndex::open(now->rows, now->scope, load, AgentOrd(ord), now->docs[ord]);
      ASSERT_TRUE(index) << index.error().message;
      std::vector<Posting> postings;
      ASSERT_TRUE((*index)->postings(3, postings));
      ASSERT_EQ(postings.size(), (now->docs[ord] + 3) / 7);
      ++asked;
    }
  };
  std::vector<std::thread> readers;
  for (uint64_t i = 0; i < 3; ++i) readers.emplace_back(read, i);
  {
    IndexWriter writer(cache, PartitionId(0), load);
    MapRows rows;
    std::vector<uint32_t> docs(kAgents);
    std::mt19937_64 random(5);
    for (uint32_t i = 0; i < 3000 || asked < 300; ++i) {
      const auto ord = static_cast<uint32_t>(random() % kAgents);
      rows.put(keys::of_number(keys::Row::kRecord, AgentOrd(ord), docs[ord]), "here");
      ASSERT_TRUE(writer.add(rows, AgentOrd(ord), DocNo(docs[ord]), numbered(docs[ord]).indexed()));
      ++docs[ord];
      if (i % 50 != 0) continue;
      const TailScope scope = cache.scope(PartitionId(0));
      const std::lock_guard lock(mutex);
      moment = std::make_shared<const Moment>(Moment{rows, docs, scope});
    }
    done = true;
    for (std::thread& reader : readers) reader.join();
  }
}

}  // namespace
}  // namespace mnemo
