#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/engine.h"
#include "tests/query/model_view.h"
#include "tests/query/naive.h"

namespace mnemo::query_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using v1::Condition;

const Engine kEngine(Profile::defaults());

RetrieveRequest ask(const std::string& query, uint32_t limit = 10) {
  RetrieveRequest request;
  request.name_space = kNamespace;
  request.agent_id = kAgent;
  request.query = query;
  request.limit = limit;
  return request;
}

std::vector<std::string> ids(const Answer& answer) {
  std::vector<std::string> result;
  for (const Hit& hit : answer.hits) result.push_back(hit.memory.id);
  return result;
}

Answer answer_to(const View& view, const RetrieveRequest& request) {
  Result<Answer> answer = kEngine.retrieve(view, request);
  EXPECT_TRUE(answer.has_value()) << answer.error().message;
  return std::move(answer).value_or(Answer{});
}

Code refusal_of(const View& view, const RetrieveRequest& request) {
  const Result<Answer> answer = kEngine.retrieve(view, request);
  return answer ? Code::kUnknown : answer.error().code;
}

ModelView small_view() {
  ModelView view;
  view.put({.id = "tea", .text = "She drinks green tea every morning", .speaker = "Nina", .observed_at_ms = 1000});
  view.put({.id = "move", .text = "We moved to Lisbon in spring", .speaker = "Omar", .observed_at_ms = 3000});
  view.put({.id = "both", .text = "tea in Lisbon, tea at home", .speaker = "Nina", .observed_at_ms = 2000});
  return view;
}

TEST(Retrieve, FindsWhatHoldsTheTermsBestFirst) {
  const ModelView view = small_view();
  const Answer answer = answer_to(view, ask("green tea in Lisbon"));
  EXPECT_THAT(ids(answer), ElementsAre("tea", "both", "move"));
  EXPECT_GT(answer.hits[0].score, answer.hits[1].score);
  EXPECT_FALSE(answer.truncated);
  EXPECT_EQ(answer.hits[0].memory.text, "She drinks green tea every morning");
}

TEST(Retrieve, WithoutAQuestionTheNewestObservedComeFirst) {
  ModelView view = small_view();
  view.put({.id = "same", .text = "later document of the same time", .observed_at_ms = 3000});
  const Answer answer = answer_to(view, ask("", 3));
  EXPECT_THAT(ids(answer), ElementsAre("same", "move", "both"));
  EXPECT_TRUE(answer.truncated);
}

TEST(Retrieve, AQuestionThatNothingMatchesIsNotRelaxed) {
  const ModelView view = small_view();
  EXPECT_THAT(answer_to(view, ask("submarine")).hits, IsEmpty());
  EXPECT_THAT(answer_to(view, ask(" ?! ")).hits, IsEmpty());
  EXPECT_FALSE(answer_to(view, ask("submarine")).truncated);
}

TEST(Retrieve, TiesGoToTheNewestObservedThenToTheGreaterDocument) {
  ModelView view;
  view.put({.id = "old", .text = "tea", .observed_at_ms = 1});
  view.put({.id = "new", .text = "tea", .observed_at_ms = 9});
  view.put({.id = "old2", .text = "tea", .observed_at_ms = 1});
  EXPECT_THAT(ids(answer_to(view, ask("tea"))), ElementsAre("new", "old2", "old"));
  EXPECT_THAT(ids(answer_to(view, ask("tea", 2))), ElementsAre("new", "old2"));
}

TEST(Retrieve, TruncatedSaysThatMoreMatched) {
  const ModelView view = small_view();
  EXPECT_TRUE(answer_to(view, ask("tea", 1)).truncated);
  EXPECT_FALSE(answer_to(view, ask("tea", 2)).truncated);
}

TEST(Retrieve, PositionIsTheViewsOwn) {
  ModelView view = small_view();
  view.mutable_meta().epoch = 5;
  view.mutable_meta().next_offset = 77;
  EXPECT_EQ(answer_to(view, ask("tea")).position, (Position{PartitionId(3), 5, 77}));
  RetrieveRequest stranger = ask("tea");
  stranger.agent_id = "nobody";
  EXPECT_EQ(answer_to(view, stranger).position, (Position{PartitionId(3), 5, 77}));
}

TEST(Retrieve, AnAgentSeesItsOwnMemoriesOnly) {
  ModelView view = small_view();
  view.put({.id = "other", .text = "tea tea tea"}, "another-agent");
  EXPECT_THAT(ids(answer_to(view, ask("tea"))), ElementsAre("both", "tea"));
  RetrieveRequest foreign = ask("tea");
  foreign.name_space = "other";
  EXPECT_THAT(answer_to(view, foreign).hits, IsEmpty());
}

TEST(Retrieve, AFilterNarrowsTheAnswerAndChangesNoScore) {
  const ModelView view = small_view();
  RetrieveRequest filtered = ask("tea");
  filtered.filter = condition(Condition::SPEAKER, Condition::EQ, {"Nina"});
  const Answer all = answer_to(view, ask("tea"));
  const Answer ninas = answer_to(view, filtered);
  ASSERT_EQ(ids(all), ids(ninas));
  for (size_t i = 0; i < all.hits.size(); ++i) EXPECT_EQ(all.hits[i].score, ninas.hits[i].score);
  filtered.filter = condition(Condition::SPEAKER, Condition::EQ, {"Omar"});
  EXPECT_THAT(answer_to(view, filtered).hits, IsEmpty());
  filtered.query.clear();
  EXPECT_THAT(ids(answer_to(view, filtered)), ElementsAre("move"));
}

TEST(Retrieve, NamesOfSpeakersAreLeftOutUnlessNothingElseIsAsked) {
  ModelView view = small_view();
  view.put({.id = "name", .text = "Nina Nina Nina", .speaker = "Omar", .observed_at_ms = 1});
  RetrieveRequest request = ask("What tea does Nina drink?");
  request.explain = true;
  const Answer dropped = answer_to(view, request);
  EXPECT_THAT(ids(dropped), ElementsAre("tea", "both"));
  EXPECT_THAT(dropped.explain.dropped, ElementsAre("Nina"));
  request.query = "Nina?";
  const Answer kept = answer_to(view, request);
  EXPECT_THAT(ids(kept), ElementsAre("name"));
  EXPECT_THAT(kept.explain.dropped, IsEmpty());
  request.query = "Nina or Omar?";  // without both names nothing would be left, so both stay
  EXPECT_THAT(answer_to(view, request).explain.query_terms, ElementsAre("nina", "omar"));
  EXPECT_THAT(answer_to(view, request).explain.dropped, IsEmpty());
  const Engine keeping(Profile{.drop_speaker_names = false});
  request.query = "What tea does Nina drink?";
  EXPECT_EQ(keeping.retrieve(view, request)->hits.size(), 3u);
}

TEST(Retrieve, ANameThatOnlyHiddenMemoriesSpeakUnderIsNoSpeaker) {
  ModelView view = small_view();
  view.put({.id = "gone", .text = "so long", .speaker = "tea", .recorded_at_ms = 10, .expires_at_ms = 10});
  EXPECT_THAT(ids(answer_to(view, ask("tea in Lisbon"))), ElementsAre("both", "move", "tea"));
  RetrieveRequest request = ask("tea in Lisbon");
  request.explain = true;
  EXPECT_THAT(answer_to(view, request).explain.query_terms, ElementsAre("tea", "lisbon"));
}

TEST(Retrieve, AnUpdateIsFoundByItsNewTextAndNeverByItsOld) {
  ModelView view = small_view();
  view.put({.id = "tea", .text = "She drinks coffee now", .observed_at_ms = 4000});
  EXPECT_THAT(ids(answer_to(view, ask("green morning"))), IsEmpty());
  const Answer answer = answer_to(view, ask("coffee"));
  ASSERT_THAT(ids(answer), ElementsAre("tea"));
  EXPECT_EQ(answer.hits[0].memory.version, 2u);
}

TEST(Retrieve, ReferenceTimeHidesWhatExpiresByThenButNeverShowsWhatExpired) {
  ModelView view;
  view.put({.id = "later", .text = "tea", .recorded_at_ms = 1000, .expires_at_ms = 5000});
  view.put({.id = "expired", .text = "tea", .recorded_at_ms = 2000, .expires_at_ms = 2000});
  RetrieveRequest request = ask("tea");
  EXPECT_THAT(ids(answer_to(view, request)), ElementsAre("later"));
  request.reference_time_ms = 4999;
  EXPECT_THAT(ids(answer_to(view, request)), ElementsAre("later"));
  request.reference_time_ms = 5000;
  EXPECT_THAT(ids(answer_to(view, request)), IsEmpty());
  request.reference_time_ms = 0;  // the past hides no less than now
  EXPECT_THAT(ids(answer_to(view, request)), ElementsAre("later"));
}

TEST(Retrieve, WhatAPendingForgetCoversIsGoneAtOnce) {
  ModelView view;
  view.put({.id = "done", .text = "tea", .tags = {"secret"}});
  view.put({.id = "covered", .text = "tea", .tags = {"secret"}});
  view.put({.id = "kept", .text = "tea", .tags = {"open"}});
  view.forget_later(condition(Condition::TAG, Condition::EQ, {"secret"}), 1);
  view.put({.id = "after", .text = "tea", .tags = {"secret"}});
  // "done" stands for a document that the forget has passed and that came to match only later; only its own range
  // counts.
  EXPECT_THAT(ids(answer_to(view, ask("tea"))), ElementsAre("after", "kept", "done"));
}

TEST(Retrieve, HiddenMemoriesChangeNoScore) {
  Random random(11);
  ModelView clean;
  ModelView dirty;
  for (int i = 0; i < 80; ++i) {
    const Draft draft = random_draft(random, "m" + std::to_string(i));
    clean.put(draft);
    dirty.put(draft);
    Draft hidden = random_draft(random, "hidden" + std::to_string(i));
    if (i % 3 == 0) hidden.expires_at_ms = 1;
    if (i % 3 == 1) hidden.tags = {"purged"};
    dirty.put(hidden);
    if (i % 3 == 2) dirty.forget(hidden.id);
  }
  clean.mutable_meta().event_time_ms = dirty.meta().event_time_ms;
  dirty.forget_later(condition(Condition::TAG, Condition::EQ, {"purged"}), 0);
  for (int i = 0; i < 100; ++i) {
    const RetrieveRequest request = ask(random_question(random), 1000);
    const Answer expected = answer_to(clean, request);
    const Answer actual = answer_to(dirty, request);
    ASSERT_EQ(ids(actual), ids(expected)) << request.query;
    for (size_t h = 0; h < expected.hits.size(); ++h) ASSERT_EQ(actual.hits[h].score, expected.hits[h].score);
  }
}

TEST(Retrieve, EqualsTheNaiveReferenceOnRandomCorpora) {
  size_t hits = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    ModelView view;
    for (uint64_t i = 0, n = 1 + below(random, 150); i < n; ++i) {
      Draft draft = random_draft(random, "m" + std::to_string(below(random, 100)));
      if (below(random, 10) == 0)
        draft.expires_at_ms = draft.recorded_at_ms + static_cast<int64_t>(below(random, 600'000));
      view.put(draft);
    }
    if (below(random, 2) == 0) view.forget_later(random_filter(random), static_cast<uint32_t>(below(random, 5)));
    for (int i = 0; i < 25; ++i) {
      RetrieveRequest request = ask(random_question(random), static_cast<uint32_t>(1 + below(random, 20)));
      if (below(random, 3) == 0) request.filter = random_filter(random);
      if (below(random, 8) == 0) request.query.clear();
      if (below(random, 3) == 0)
        request.reference_time_ms = view.meta().event_time_ms + static_cast<int64_t>(below(random, 600'000));
      request.explain = true;
      const Answer answer = answer_to(view, request);
      const NaiveAnswer naive = naive_retrieve(view, request, Profile::defaults());
      std::vector<NaiveHit> found;
      for (const Hit& hit : answer.hits) found.push_back({hit.memory.id, hit.score});
      ASSERT_EQ(found, naive.hits) << request.query;
      ASSERT_EQ(answer.truncated, naive.truncated);
      ASSERT_EQ(answer.explain.documents, naive.documents);
      ASSERT_EQ(answer.explain.candidates, naive.candidates);
      hits += found.size();
    }
  }
  EXPECT_GT(hits, 1000u);
}

TEST(Explain, SharesOfTermsAddUpToTheScoreExactly) {
  size_t shares = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    ModelView view;
    for (int i = 0; i < 100; ++i) view.put(random_draft(random, "m" + std::to_string(i)));
    for (int i = 0; i < 20; ++i) {
      RetrieveRequest request = ask(random_question(random), 50);
      request.explain = true;
      for (const Hit& hit : answer_to(view, request).hits) {
        int64_t sum = 0;
        for (const TermShare& term : hit.terms) {
          EXPECT_GT(term.count, 0u);
          EXPECT_GT(term.documents, 0u);
          sum += term.share;
        }
        ASSERT_EQ(sum, hit.score) << request.query;
        shares += hit.terms.size();
      }
    }
  }
  EXPECT_GT(shares, 1000u);
}

TEST(Explain, NamesTermsCountsAndWhatWasRead) {
  const ModelView view = small_view();
  RetrieveRequest request = ask("Lisbon tea", 1);
  request.explain = true;
  const Answer answer = answer_to(view, request);
  EXPECT_EQ(answer.explain.profile, Profile::defaults().hash());
  EXPECT_THAT(answer.explain.query_terms, ElementsAre("lisbon", "tea"));
  EXPECT_EQ(answer.explain.documents, 3u);
  EXPECT_EQ(answer.explain.candidates, 3u);
  ASSERT_EQ(answer.hits[0].terms.size(), 2u);
  EXPECT_EQ(answer.hits[0].terms[1].term, "tea");
  EXPECT_EQ(answer.hits[0].terms[1].documents, 2u);
  EXPECT_EQ(answer.hits[0].terms[1].count, 2u);
  EXPECT_EQ(answer.explain.reads.point_reads, 3u);  // two to find the agent, one for the memory
}

TEST(Explain, IsAskedForAndChangesNothingElse) {
  const ModelView view = small_view();
  RetrieveRequest request = ask("Lisbon tea");
  const Answer plain = answer_to(view, request);
  EXPECT_TRUE(plain.explain.profile.empty());
  EXPECT_TRUE(plain.hits[0].terms.empty());
  request.explain = true;
  const Answer explained = answer_to(view, request);
  ASSERT_EQ(ids(plain), ids(explained));
  for (size_t i = 0; i < plain.hits.size(); ++i) EXPECT_EQ(plain.hits[i].score, explained.hits[i].score);
}

TEST(Retrieve, RefusesWhatIsOutOfItsLimits) {
  const ModelView view = small_view();
  EXPECT_EQ(refusal_of(view, ask("tea", 0)), Code::kInvalidArgument);
  EXPECT_EQ(refusal_of(view, ask("tea", 1001)), Code::kInvalidArgument);
  EXPECT_EQ(refusal_of(view, ask("tea", 1000)), Code::kUnknown);
  EXPECT_EQ(refusal_of(view, ask(std::string(8 * 1024 + 1, 'a'))), Code::kInvalidArgument);
  EXPECT_EQ(refusal_of(view, ask(std::string(8 * 1024, 'a'))), Code::kUnknown);
  EXPECT_EQ(refusal_of(view, ask("tea \xff")), Code::kInvalidArgument);
  RetrieveRequest no_agent = ask("tea");
  no_agent.agent_id.clear();
  EXPECT_EQ(refusal_of(view, no_agent), Code::kInvalidArgument);
  RetrieveRequest bad_filter = ask("tea");
  bad_filter.filter.emplace().mutable_and_();
  EXPECT_EQ(refusal_of(view, bad_filter), Code::kInvalidArgument);
  // Refused for agents that do not exist, too: the answer to a bad request tells nothing about them.
  bad_filter.agent_id = "nobody";
  EXPECT_EQ(refusal_of(view, bad_filter), Code::kInvalidArgument);
}

TEST(Retrieve, RefusesAProfileOutOfRange) {
  const ModelView view = small_view();
  const Engine engine(Profile{.k1 = -1});
  EXPECT_EQ(engine.retrieve(view, ask("tea")).error().code, Code::kInvalidArgument);
}

TEST(Retrieve, NothingMadeOfColumnsThatCouldNotBeReadIsAnswered) {
  ModelView view = small_view();
  view.fail_columns({Code::kDataLoss, "a columns row is damaged"});
  EXPECT_EQ(refusal_of(view, ask("tea")), Code::kDataLoss);
  EXPECT_EQ(refusal_of(view, ask("")), Code::kDataLoss);
}

TEST(Retrieve, ARecordThatIsMissingIsDataLossNotASilentGap) {
  ModelView view = small_view();
  // The index keeps saying what it said; the records behind it are stubs, or not there.
  class NoRecords final : public View {
   public:
    NoRecords(const View& below, bool stubs) : below_(below), stubs_(stubs) {}
    const Meta& meta() const override { return below_.meta(); }
    PartitionId partition() const override { return below_.partition(); }
    Result<std::optional<AgentRef>> agent(std::string_view n, std::string_view a) const override {
      return below_.agent(n, a);
    }
    Result<std::optional<MemoryRow>> memory(AgentOrd o, std::string_view k) const override {
      return below_.memory(o, k);
    }
    Status record(AgentOrd, uint32_t, std::string&, Record& out) const override {
      out.stub = true;
      return stubs_ ? Status{} : Status(fail(Code::kNotFound, "no row"));
    }
    Status records(AgentOrd ord, std::span<const uint32_t> docs, const VisitRecord& visit) const override {
      std::string row;
      Record stub;
      for (size_t i = 0; i < docs.size(); ++i) {
        MNEMO_TRY(record(ord, docs[i], row, stub));
        MNEMO_TRY(visit(i, stub));
      }
      return {};
    }
    Result<std::vector<PendingForget>> pending_forgets(AgentOrd o) const override { return below_.pending_forgets(o); }
    Result<std::unique_ptr<AgentIndex>> index(const AgentRef& a) const override { return below_.index(a); }
    Result<bool> get(std::string_view k, std::string& v) const override { return below_.get(k, v); }
    Status scan(std::string_view f, std::string_view t, const Visit& v) const override { return below_.scan(f, t, v); }
    Result<bool> last(std::string_view f, std::string_view t, std::string& k, std::string& v) const override {
      return below_.last(f, t, k, v);
    }

   private:
    const View& below_;
    const bool stubs_;
  };
  EXPECT_EQ(refusal_of(NoRecords(view, true), ask("tea")), Code::kDataLoss);
  EXPECT_EQ(refusal_of(NoRecords(view, false), ask("tea")), Code::kDataLoss);
}

}  // namespace
}  // namespace mnemo::query_test
