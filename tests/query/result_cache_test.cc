// What the cache keeps, for how long, and in how many bytes.
#include "query/result_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "query/result_shard.h"

namespace mnemo::query_test {
namespace {

constexpr PartitionId kPartition(3);

Position at(uint64_t offset, uint32_t epoch = 1) { return {kPartition, epoch, offset}; }
Applied applied(uint64_t offset, TimestampMs event_time_ms = 0) { return {at(offset), event_time_ms}; }

Answer answer_of(const std::string& text, uint64_t offset = 10) {
  Answer answer;
  answer.hits.emplace_back().memory.text = text;
  answer.position = at(offset);
  return answer;
}

Touched touched(const std::string& agent, uint8_t tier = 1) {
  Touched one;
  one.agents.push_back({.offset = 11, .n = 0, .name_space = "acme", .agent_id = agent, .tier = tier});
  return one;
}

Touched whole(Touched::Extent extent) { return {.extent = extent, .agents = {}}; }

ResultCache::Ticket begin(const ResultCache& cache, const std::string& agent = "nina") {
  return cache.begin(kPartition, "acme", agent);
}

void keep(ResultCache& cache, const std::string& key, const Answer& answer, const std::string& agent = "nina") {
  cache.store(begin(cache, agent), key, answer);
}

// The text of what is found; empty when nothing is.
std::string found(ResultCache& cache, const std::string& key, const Applied& by = applied(10),
                  const std::optional<Position>& min_position = std::nullopt, const std::string& agent = "nina") {
  const auto answer = cache.find(begin(cache, agent), key, by, min_position);
  EXPECT_TRUE(!answer || answer->cached);
  return answer ? answer->hits[0].memory.text : "";
}

TEST(ResultCache, AnAnswerStandsUntilATierOfItsAgentIsTouched) {
  for (uint8_t tier = 1; tier <= 3; ++tier) {
    ResultCache cache({});
    keep(cache, "key", answer_of("tea"));
    cache.raise(kPartition, touched("omar", tier));
    EXPECT_EQ(found(cache, "key"), "tea");
    EXPECT_EQ(found(cache, "other key"), "");
    cache.raise(kPartition, touched("nina", tier));
    EXPECT_EQ(found(cache, "key"), "");
    EXPECT_EQ(cache.counters().hit, 1u);
    EXPECT_EQ(cache.counters().miss, 2u);
    EXPECT_EQ(cache.counters().stale_prevented, 1u);
    EXPECT_EQ(cache.bytes(), 0u) << "what is old leaves";
  }
}

TEST(ResultCache, AnAnswerOfASnapshotFromBeforeAChangeIsNotKept) {
  ResultCache cache({});
  const ResultCache::Ticket ticket = begin(cache);
  cache.raise(kPartition, touched("nina"));
  cache.store(ticket, "key", answer_of("old"));
  EXPECT_EQ(found(cache, "key"), "");
  EXPECT_EQ(cache.counters().stale_prevented, 1u);
}

TEST(ResultCache, AnOlderAnswerDoesNotTakeThePlaceOfANewerOne) {
  ResultCache cache({});
  const ResultCache::Ticket ticket = begin(cache);
  cache.raise(kPartition, touched("nina"));
  keep(cache, "key", answer_of("new", 11));
  cache.store(ticket, "key", answer_of("old"));
  EXPECT_EQ(found(cache, "key", applied(11)), "new");
}

TEST(ResultCache, AgentsThatShareARowInvalidateEachOther) {
  ResultCache cache({.epoch_rows = 1});
  keep(cache, "key", answer_of("tea"));
  cache.raise(kPartition, touched("omar"));
  EXPECT_EQ(found(cache, "key"), "");
}

TEST(ResultCache, AllOfAPartitionInvalidatesItAndNoOther) {
  ResultCache cache({});
  keep(cache, "key", answer_of("tea"));
  cache.raise(PartitionId(4), whole(Touched::Extent::kPartition));
  EXPECT_EQ(found(cache, "key"), "tea");
  cache.raise(kPartition, whole(Touched::Extent::kPartition));
  EXPECT_EQ(found(cache, "key"), "");
}

TEST(ResultCache, WhileRowsAreReplacedNothingIsFoundOrKept) {
  ResultCache cache({});
  keep(cache, "key", answer_of("before"));
  const ResultCache::Ticket before = begin(cache);
  for (int attempt = 0; attempt < 2; ++attempt) {  // opening may fail and be tried again
    cache.raise(kPartition, whole(Touched::Extent::kOpening));
    EXPECT_EQ(found(cache, "key"), "");
    keep(cache, "key", answer_of("meanwhile"));
    EXPECT_EQ(found(cache, "key"), "");
  }
  const ResultCache::Ticket meanwhile = begin(cache);
  cache.raise(kPartition, whole(Touched::Extent::kPartition));
  cache.store(before, "key", answer_of("before"));
  cache.store(meanwhile, "key", answer_of("meanwhile"));
  EXPECT_EQ(found(cache, "key"), "");
  keep(cache, "key", answer_of("after"));
  EXPECT_EQ(found(cache, "key"), "after");
}

// Its `applied` may be that of the rows before.
TEST(ResultCache, WhoAskedBeforeRowsFellBackFindsNoAnswerFromAfter) {
  ResultCache cache({});
  const ResultCache::Ticket before = begin(cache);
  cache.raise(kPartition, whole(Touched::Extent::kOpening));
  cache.raise(kPartition, whole(Touched::Extent::kPartition));
  keep(cache, "key", answer_of("after", 5));
  EXPECT_FALSE(cache.find(before, "key", applied(10)).has_value());
  EXPECT_EQ(found(cache, "key", applied(5)), "after");
}

TEST(ResultCache, AnAnswerEndsWithTheFirstExpiryBehindIt) {
  ResultCache cache({});
  Answer answer = answer_of("tea");
  answer.stands_until_ms = 100;
  keep(cache, "key", answer);
  EXPECT_EQ(found(cache, "key", applied(11, 99)), "tea");
  EXPECT_EQ(found(cache, "key", applied(12, 100)), "");
  EXPECT_EQ(found(cache, "key", applied(11, 99)), "");
}

TEST(ResultCache, AnAnswerCarriesTheLaterOfItsPositionAndTheAppliedOne) {
  ResultCache cache({});
  keep(cache, "key", answer_of("tea", 10));
  EXPECT_EQ(cache.find(begin(cache), "key", applied(14))->position, at(14));
  EXPECT_EQ(cache.find(begin(cache), "key", applied(9))->position, at(10)) << "a view can show more than is published";
}

TEST(ResultCache, NothingIsFoundBelowTheAskedPosition) {
  ResultCache cache({});
  keep(cache, "key", answer_of("tea", 10));
  EXPECT_EQ(found(cache, "key", applied(9), at(10)), "tea");
  EXPECT_EQ(found(cache, "key", applied(12), at(12)), "tea");
  EXPECT_EQ(found(cache, "key", applied(12), at(13)), "");
  EXPECT_EQ(found(cache, "key", applied(12), at(5, 2)), "") << "a position of another epoch is not reached";
  EXPECT_EQ(found(cache, "key", applied(12), at(5, 0)), "");
  EXPECT_EQ(found(cache, "key", applied(13), at(13)), "tea") << "the answer stands all the same";
}

TEST(ResultCache, BytesStayWithinTheirBoundWhateverComes) {
  const size_t bytes_max = 64 << 10;
  ResultCache cache({.bytes_max = bytes_max, .shards = 4, .epoch_rows = 16});
  uint64_t kept = 0;
  for (uint64_t i = 0; i < 3000; ++i) {
    const std::string key = "key " + std::to_string(i * i % 700);
    keep(cache, key, answer_of(std::string(i * 37 % 3000, 'x')));
    ASSERT_LE(cache.bytes(), bytes_max);
    kept += found(cache, key).empty() ? 0 : 1;
  }
  EXPECT_GT(cache.bytes(), bytes_max / 2);
  EXPECT_GT(kept, 1500u);
  EXPECT_GT(cache.counters().evicted, 1000u);
}

TEST(ResultCache, AnAnswerOfMoreThanHalfAShardIsNotKept) {
  ResultCache cache({.bytes_max = 10'000, .shards = 1, .epoch_rows = 16});
  keep(cache, "key", answer_of("small"));
  keep(cache, "large", answer_of(std::string(6'000, 'x')));
  EXPECT_EQ(found(cache, "large"), "");
  EXPECT_EQ(found(cache, "key"), "small") << "it drives out nothing";
  keep(cache, "key", answer_of(std::string(6'000, 'x')));
  EXPECT_EQ(found(cache, "key"), "") << "but the answer that it makes old is gone";
  EXPECT_EQ(cache.bytes(), 0u);
}

CachedAnswer shared(const std::string& text) { return {std::make_shared<const Answer>(answer_of(text)), {}, {}}; }

TEST(ResultShard, WhatIsUsedOutlivesAPassOfQuestionsAskedOnce) {
  ResultShard shard(100'000);
  for (int i = 0; i < 10; ++i) {
    const std::string key = "hot " + std::to_string(i);
    shard.put(key, shared("x"));
    shard.use(key);
    shard.use(key);
  }
  for (int i = 0; i < 10'000; ++i) shard.put("once " + std::to_string(i), shared("x"));
  for (int i = 0; i < 10; ++i) EXPECT_NE(shard.find("hot " + std::to_string(i)), nullptr) << i;
}

TEST(ResultShard, WhatComesBackSoonStays) {
  ResultShard shard(100'000);
  const auto pass = [&shard](int from, int to) {
    for (int i = from; i < to; ++i) shard.put("once " + std::to_string(i), shared("x"));
  };
  shard.put("back", shared("x"));
  int gone_after = 0;
  while (shard.find("back") != nullptr) pass(gone_after, gone_after + 1), ++gone_after;
  shard.put("back", shared("x"));
  pass(gone_after, gone_after * 4);
  EXPECT_NE(shard.find("back"), nullptr);
  EXPECT_EQ(shard.find("once " + std::to_string(gone_after)), nullptr);
}

TEST(ResultShard, WhatIsNoLongerUsedLeavesInTheEnd) {
  ResultShard shard(50'000);
  for (int i = 0; i < 300; ++i) {
    const std::string key = "key " + std::to_string(i);
    shard.put(key, shared("x"));
    for (int use = 0; use < 9; ++use) shard.use(key);
  }
  EXPECT_EQ(shard.find("key 0"), nullptr);
  EXPECT_NE(shard.find("key 299"), nullptr);
  EXPECT_LE(shard.bytes(), 50'000u);
}

}  // namespace
}  // namespace mnemo::query_test
