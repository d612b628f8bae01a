// The engine over real rows: tails, pages, merged segments, masks, pending forgets and expiries as they come.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "projector/store/filter_match.h"
#include "query/doc_set.h"
#include "query/engine.h"
#include "tests/query/naive.h"
#include "tests/query/real_partition.h"

namespace mnemo::query_test {
namespace {

const std::vector<std::string> kAgents = {"first", "second"};

RetrieveRequest ask(const std::string& agent, const std::string& query, uint32_t limit) {
  return {.name_space = "acme", .agent_id = agent, .query = query, .limit = limit};
}

// Events as clients might send them; most remember, some update, forget, forget by filter, expire.
void add_events(Random& random, uint64_t count, RealPartition& partition) {
  for (uint64_t i = 0; i < count; ++i) {
    const std::string& agent = pick(random, kAgents);
    Draft draft = random_draft(random, "m" + std::to_string(below(random, count)));
    if (draft.text.empty()) draft.text = "?!";  // no word, but not nothing
    if (below(random, 10) == 0)
      draft.expires_at_ms = draft.recorded_at_ms + static_cast<int64_t>(below(random, 900'000));
    const std::string known = "m" + std::to_string(below(random, count));
    switch (below(random, 40)) {
      case 0: partition.forget(known, agent); break;
      case 1:
      case 2:
      case 3:
        draft.id = known;
        partition.update(draft, agent);
        break;
      case 4: {
        // Narrow, so that something is left to read.
        v1::Filter filter;
        *filter.mutable_and_()->add_filters() = random_filter(random, 1);
        *filter.mutable_and_()->add_filters() = condition(v1::Condition::SESSION, v1::Condition::EQ, {"s1"});
        *filter.mutable_and_()->add_filters() = condition(v1::Condition::TIER, v1::Condition::EQ, {"long"});
        if (below(random, 4) == 0) partition.forget_by_filter(filter, agent);
        break;
      }
      default: partition.remember(draft, agent);
    }
  }
}

std::vector<NaiveHit> hits_of(const Answer& answer) {
  std::vector<NaiveHit> hits;
  for (const Hit& hit : answer.hits) hits.push_back({hit.memory.id, hit.score});
  return hits;
}

RetrieveRequest random_request(Random& random, const View& view) {
  RetrieveRequest request =
      ask(pick(random, kAgents), random_question(random), static_cast<uint32_t>(1 + below(random, 30)));
  if (below(random, 3) == 0) request.filter = random_filter(random);
  if (below(random, 8) == 0) request.query.clear();
  if (below(random, 4) == 0)
    request.reference_time_ms = view.meta().event_time_ms + static_cast<int64_t>(below(random, 600'000));
  request.explain = true;
  return request;
}

void expect_naive_answers(Random& random, const View& view, int questions) {
  const Engine engine(Profile::defaults());
  for (int i = 0; i < questions; ++i) {
    const RetrieveRequest request = random_request(random, view);
    const Result<Answer> answer = engine.retrieve(view, request);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    const NaiveAnswer naive = naive_retrieve(view, request, Profile::defaults());
    ASSERT_EQ(hits_of(*answer), naive.hits) << request.query;
    ASSERT_EQ(answer->truncated, naive.truncated);
    ASSERT_EQ(answer->explain.documents, naive.documents);
    ASSERT_EQ(answer->explain.candidates, naive.candidates);
    for (const Hit& hit : answer->hits) {
      int64_t sum = 0;
      for (const TermShare& term : hit.terms) sum += term.share;
      ASSERT_EQ(sum, hit.score);
    }
  }
}

TEST(RealRows, AnswersEqualTheNaiveReferenceWhateverIsPending) {
  size_t pending_views = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    RealPartition partition(static_cast<uint32_t>(1 + below(random, 4)));
    for (int round = 0; round < 6; ++round) {
      add_events(random, 60 + below(random, 120), partition);
      partition.apply(1 + below(random, 100));
      const auto view = partition.view();
      pending_views += view->meta().pending_first != view->meta().pending_next ? 1 : 0;
      expect_naive_answers(random, *view, 12);
    }
  }
  EXPECT_GT(pending_views, 10u);
}

TEST(RealRows, AnswersEqualTheNaiveReferenceOnAnAgentWithMergedBlocks) {
  const uint64_t seed = 99;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  RealPartition partition(16);
  add_events(random, 6000, partition);
  partition.apply(1000);
  const auto view = partition.view();
  ASSERT_GT(view->agent("acme", kAgents[0]).value()->docs, 8 * kPageDocs);
  expect_naive_answers(random, *view, 15);
}

TEST(RealRows, FiltersThroughTheIndexEqualTheRecords) {
  size_t matched = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    RealPartition partition(2);
    add_events(random, 300 + below(random, 900), partition);
    partition.apply(200);
    const auto view = partition.view();
    const auto agent = view->agent("acme", kAgents[0]).value();
    const auto index = view->index(*agent).value();
    for (int i = 0; i < 40; ++i) {
      const v1::Filter filter = random_filter(random);
      DocSet found;
      ASSERT_TRUE(evaluate_filter(*index, filter, found).has_value());
      for (uint32_t doc = 0; doc < agent->docs; ++doc) {
        std::string holder;
        Record record;
        ASSERT_TRUE(view->record(agent->ord, doc, holder, record).has_value());
        const bool expected = index->live().contains(doc) && matches(filter, record);
        ASSERT_EQ(found.contains(doc), expected) << "document " << doc << "\n" << filter.DebugString();
      }
      matched += found.count();
    }
  }
  EXPECT_GT(matched, 1000u);
}

// How far pending work has come is no part of an answer.
TEST(RealRows, AnswersDoNotDependOnHowFarPendingWorkHasCome) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random eager_random(seed);
    Random slow_random(seed);
    RealPartition eager(1024);
    RealPartition slow(1);
    add_events(eager_random, 700, eager);
    add_events(slow_random, 700, slow);
    for (RealPartition* partition : {&eager, &slow}) {
      partition->forget_by_filter(condition(v1::Condition::SESSION, v1::Condition::EQ, {"s2"}), kAgents[0]);
    }
    eager.apply(64);
    slow.apply(7);
    const auto eager_view = eager.view();
    const auto slow_view = slow.view();
    EXPECT_NE(slow_view->meta().pending_first, slow_view->meta().pending_next);
    const Engine engine(Profile::defaults());
    for (int i = 0; i < 30; ++i) {
      RetrieveRequest request = random_request(eager_random, *eager_view);
      const Answer expected = engine.retrieve(*eager_view, request).value();
      const Answer actual = engine.retrieve(*slow_view, request).value();
      ASSERT_EQ(hits_of(actual), hits_of(expected)) << request.query;
      ASSERT_EQ(actual.explain.documents, expected.explain.documents);
    }
  }
}

TEST(RealRows, ATickRemovesWhatExpiredWithoutChangingAnAnswer) {
  Random random(5);
  RealPartition partition(64);
  add_events(random, 500, partition);
  partition.apply(50);
  const TimestampMs later = partition.applied().event_time_ms + 300'000;
  const auto before = partition.view();
  partition.tick(later);
  for (int i = 0; i < 40; ++i) partition.tick(later);
  partition.apply(10);
  const auto after = partition.view();
  EXPECT_GT(after->meta().counters.expired, before->meta().counters.expired);
  const Engine engine(Profile::defaults());
  size_t hits = 0;
  for (int i = 0; i < 40; ++i) {
    RetrieveRequest request = ask(pick(random, kAgents), random_question(random), 50);
    const Answer removed = engine.retrieve(*after, request).value();
    request.reference_time_ms = later;
    ASSERT_EQ(hits_of(engine.retrieve(*before, request).value()), hits_of(removed)) << request.query;
    hits += removed.hits.size();
  }
  EXPECT_GT(hits, 100u);
}

TEST(RealRows, AViewKeepsItsAnswersWhileMoreIsWritten) {
  Random random(6);
  RealPartition partition(4);
  add_events(random, 400, partition);
  partition.apply(100);
  const auto view = partition.view();
  const Engine engine(Profile::defaults());
  std::vector<RetrieveRequest> requests;
  std::vector<std::vector<NaiveHit>> before;
  for (int i = 0; i < 20; ++i) {
    requests.push_back(random_request(random, *view));
    before.push_back(hits_of(engine.retrieve(*view, requests.back()).value()));
  }
  add_events(random, 600, partition);
  partition.apply(100);
  for (size_t i = 0; i < requests.size(); ++i) {
    ASSERT_EQ(hits_of(engine.retrieve(*view, requests[i]).value()), before[i]) << requests[i].query;
  }
  EXPECT_LT(view->meta().next_offset, partition.view()->meta().next_offset);
}

TEST(RealRows, OneEngineServesThreadsWhileAnotherWrites) {
  Random random(7);
  RealPartition partition(4);
  add_events(random, 300, partition);
  partition.apply(50);
  const Engine engine(Profile::defaults());
  std::atomic<bool> done = false;
  std::atomic<size_t> answered = 0;
  const auto read = [&](uint64_t seed) {
    Random mine(seed);
    for (uint64_t last = 0; !done || answered < 20;) {
      const auto view = partition.view();
      EXPECT_GE(view->meta().next_offset, last);
      last = view->meta().next_offset;
      const RetrieveRequest request = random_request(mine, *view);
      const Result<Answer> first = engine.retrieve(*view, request);
      const Result<Answer> second = engine.retrieve(*view, request);
      ASSERT_TRUE(first.has_value() && second.has_value());
      EXPECT_EQ(first->position.offset, last);
      EXPECT_EQ(hits_of(*first), hits_of(*second));
      ++answered;
    }
  };
  std::thread one(read, 1);
  std::thread two(read, 2);
  add_events(random, 900, partition);
  partition.apply(20);
  done = true;
  one.join();
  two.join();
  expect_naive_answers(random, *partition.view(), 5);
}

TEST(RealRows, ListingGetAndHistoryAgreeWithTheRecords) {
  Random random(8);
  RealPartition partition(1);
  add_events(random, 900, partition);
  partition.apply(40);
  const auto view = partition.view();
  const Engine engine(Profile::defaults());
  const std::vector<std::string> expected =
      naive_visible(*view, "acme", kAgents[0], view->meta().event_time_ms, std::nullopt);
  std::vector<std::string> listed;
  size_t versions = 0;
  std::string cursor;
  do {
    const Engine::Page page = engine.list(*view, "acme", kAgents[0], std::nullopt, 37, cursor).value();
    for (const Memory& memory : page.memories) {
      listed.push_back(memory.id);
      EXPECT_EQ(engine.get(*view, "acme", kAgents[0], memory.id)->text, memory.text);
      const auto history = engine.history(*view, "acme", kAgents[0], memory.id).value();
      EXPECT_EQ(history.size(), memory.version);
      versions += history.size();
    }
    cursor = page.next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(listed, expected);
  EXPECT_GT(versions, listed.size());
}

TEST(RealRows, ARetrieveOfAThousandMemoriesCostsFewPointReads) {
  Random random(9);
  RealPartition partition(16);
  for (int i = 0; i < 1000; ++i) {
    Draft draft = random_draft(random, "m" + std::to_string(i));
    draft.text += " something";
    partition.remember(draft, kAgents[0]);
  }
  partition.apply(100);
  const auto view = partition.view();
  const Engine engine(Profile::defaults());
  RetrieveRequest request = ask(kAgents[0], "tea in the garden", 10);
  request.explain = true;
  ASSERT_EQ(engine.retrieve(*view, request)->hits.size(), 10u);
  const Answer warm = engine.retrieve(*view, request).value();
  // The agent's row and its newest record, the columns, the blocks, and ten memories.
  EXPECT_LE(warm.explain.reads.point_reads, 14u);
}

}  // namespace
}  // namespace mnemo::query_test
