// Passing over postings changes no answer: requests are asked of an engine that scores every posting, of one that
// prunes, and of the naive reference.
#include <gtest/gtest.h>

#include "query/engine.h"
#include "tests/query/model_view.h"
#include "tests/query/naive.h"
#include "tests/query/real_partition.h"

namespace mnemo::query_test {
namespace {

constexpr uint32_t kNever = UINT32_MAX;
constexpr int64_t kMinuteMs = 60'000;

RetrieveRequest ask(const std::string& query, uint32_t limit) {
  return {.name_space = kNamespace, .agent_id = kAgent, .query = query, .limit = limit, .explain = true};
}

// Word 0 is in most memories, word 1000 in hardly any.
std::string skewed_word(Random& random) { return "w" + std::to_string(below(random, 1 + below(random, 1000))); }

std::string skewed_text(Random& random, uint64_t words) {
  std::string text;
  for (uint64_t i = 0; i < words; ++i) text += (i == 0 ? "" : " ") + skewed_word(random);
  return text;
}

// Every fourth text is one of a few, so that scores are equal.
Draft skewed_draft(Random& random, uint64_t number) {
  Draft draft = random_draft(random, "m" + std::to_string(number));
  draft.text = skewed_text(random, 1 + below(random, 20));
  if (below(random, 4) == 0) {
    const uint64_t common = below(random, 5);
    draft.text = "w0 w" + std::to_string(common) + (common == 4 ? " w700 w800" : "");
  }
  if (below(random, 12) == 0)
    draft.expires_at_ms = draft.recorded_at_ms + kMinuteMs * static_cast<int64_t>(below(random, 25));
  return draft;
}

void add_events(Random& random, uint64_t count, RealPartition& partition) {
  for (uint64_t i = 0; i < count; ++i) {
    Draft draft = skewed_draft(random, i);
    const std::string known = "m" + std::to_string(below(random, i + 1));
    switch (below(random, 25)) {
      case 0: partition.forget(known, kAgent); break;
      case 1:
        draft.id = known;
        partition.update(draft, kAgent);
        break;
      default: partition.remember(draft, kAgent);
    }
  }
}

RetrieveRequest random_request(Random& random, const View& view) {
  RetrieveRequest request =
      ask(skewed_text(random, 1 + below(random, 8)), static_cast<uint32_t>(1 + below(random, 100)));
  if (below(random, 4) == 0) request.limit = 1;
  // What many memories say in the same words.
  if (below(random, 4) == 0) request.query = below(random, 2) == 0 ? "w0" : "w4 w700 w800";
  if (below(random, 3) == 0) request.filter = random_filter(random);
  if (below(random, 4) == 0)
    request.reference_time_ms = view.meta().event_time_ms + kMinuteMs * static_cast<int64_t>(below(random, 30));
  if (below(random, 4) == 0) request.context_token_budget = 500;
  return request;
}

Profile random_profile(Random& random) {
  Profile profile = Profile::defaults();
  if (below(random, 2) == 0) return profile;
  profile.k1 = kFixedOne * static_cast<int64_t>(below(random, 5)) / 2;
  profile.b = kFixedOne * static_cast<int64_t>(below(random, 5)) / 4;
  return profile;
}

void expect_equal_hits(const Answer& pruned, const Answer& every) {
  ASSERT_EQ(pruned.hits.size(), every.hits.size());
  for (size_t i = 0; i < every.hits.size(); ++i) {
    ASSERT_EQ(pruned.hits[i].memory.id, every.hits[i].memory.id) << i;
    ASSERT_EQ(pruned.hits[i].score, every.hits[i].score) << i;
    ASSERT_EQ(pruned.hits[i].terms.size(), every.hits[i].terms.size()) << i;
    int64_t sum = 0;
    for (size_t t = 0; t < every.hits[i].terms.size(); ++t) {
      const TermShare& term = every.hits[i].terms[t];
      const TermShare& same = pruned.hits[i].terms[t];
      ASSERT_EQ(std::tie(same.term, same.documents, same.count, same.share),
                std::tie(term.term, term.documents, term.count, term.share));
      sum += term.share;
    }
    ASSERT_EQ(sum, every.hits[i].score);
  }
}

// All but what the reading cost.
void expect_equal_answers(const Answer& pruned, const Answer& every) {
  expect_equal_hits(pruned, every);
  ASSERT_EQ(pruned.truncated, every.truncated);
  ASSERT_EQ(pruned.context, every.context);
  ASSERT_EQ(pruned.stands_until_ms, every.stands_until_ms);
  ASSERT_EQ(pruned.position.offset, every.position.offset);
  ASSERT_EQ(pruned.explain.profile, every.explain.profile);
  ASSERT_EQ(pruned.explain.query_terms, every.explain.query_terms);
  ASSERT_EQ(pruned.explain.dropped, every.explain.dropped);
  ASSERT_EQ(pruned.explain.documents, every.explain.documents);
  ASSERT_EQ(pruned.explain.candidates, every.explain.candidates);
}

// What the three answers of a run were like: that it tried what it is for.
struct Tally {
  uint64_t passed_over = 0;  // answers that took fewer postings
  uint64_t ties_at_cut = 0;  // answers whose last score others have that are not in it
};

void expect_naive_answer(const Answer& pruned, const View& view, const RetrieveRequest& request,
                         const Profile& profile) {
  const NaiveAnswer naive = naive_retrieve(view, request, profile);
  ASSERT_EQ(pruned.hits.size(), naive.hits.size());
  for (size_t i = 0; i < naive.hits.size(); ++i) {
    ASSERT_EQ((NaiveHit{pruned.hits[i].memory.id, pruned.hits[i].score}), naive.hits[i]) << i;
  }
  ASSERT_EQ(pruned.truncated, naive.truncated);
  ASSERT_EQ(pruned.explain.documents, naive.documents);
  ASSERT_EQ(pruned.explain.candidates, naive.candidates);
}

void expect_one_answer(const View& view, RetrieveRequest request, const Profile& profile, Tally& tally) {
  const Answer every = Engine(profile, kNever).retrieve(view, request).value();
  const Answer pruned = Engine(profile, 0).retrieve(view, request).value();
  expect_equal_answers(pruned, every);
  // Explaining changes nothing else.
  request.explain = false;
  const Answer plain = Engine(profile, 0).retrieve(view, request).value();
  ASSERT_EQ(plain.truncated, every.truncated);
  ASSERT_EQ(plain.hits.size(), every.hits.size());
  for (size_t i = 0; i < every.hits.size(); ++i) ASSERT_EQ(plain.hits[i].memory.id, every.hits[i].memory.id) << i;
  tally.passed_over += pruned.explain.reads.postings < every.explain.reads.postings ? 1 : 0;
  if (!every.truncated || every.hits.empty()) return;
  request.limit = static_cast<uint32_t>(every.hits.size() + 1);
  const Answer more = Engine(profile, kNever).retrieve(view, request).value();
  tally.ties_at_cut += more.hits.back().score == every.hits.back().score ? 1 : 0;
}

// Every `naive_each`th also of the naive reference, which is slow.
void expect_one_answer_each(Random& random, const View& view, int questions, int naive_each, Tally& tally) {
  for (int i = 0; i < questions; ++i) {
    const RetrieveRequest request = random_request(random, view);
    SCOPED_TRACE("question " + std::to_string(i) + ": " + request.query + ", limit " + std::to_string(request.limit));
    const Profile profile = random_profile(random);
    expect_one_answer(view, request, profile, tally);
    if (i % naive_each == 0) {
      expect_naive_answer(Engine(profile, 0).retrieve(view, request).value(), view, request, profile);
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(PrunedRows, AnswersAreThoseOfEveryPostingWhateverIsPending) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    RealPartition partition(static_cast<uint32_t>(1 + below(random, 4)));
    add_events(random, 600 + below(random, 2500), partition);
    partition.forget_by_filter(random_filter(random, 1), kAgent);
    partition.apply(1 + below(random, 500));
    expect_one_answer_each(random, *partition.view(), 25, 5, tally);
    ASSERT_FALSE(HasFatalFailure());
  }
  EXPECT_GT(tally.passed_over, 50u);
  EXPECT_GT(tally.ties_at_cut, 20u);
}

// Segments of three levels, blocks and a tail at once.
TEST(PrunedRows, AnswersAreThoseOfEveryPostingOnAnAgentWithSegmentsOfManyLevels) {
  const uint64_t seed = 77;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  RealPartition partition(16);
  add_events(random, 20'500, partition);
  partition.apply(1000);
  const auto view = partition.view();
  ASSERT_GT(view->agent(kNamespace, kAgent).value()->docs, (64 + 8) * kPageDocs);
  Tally tally;
  expect_one_answer_each(random, *view, 80, 40, tally);
  EXPECT_GT(tally.passed_over, 40u);
}

// Who has as much as the last of the answer may still be in it, by its time: not to be passed over, neither as one who
// comes in anew (of two words as rare as each other) nor as a candidate (of two words out of three).
TEST(PrunedRows, EqualScoresAtTheCutAreDecidedByTime) {
  const std::vector<std::vector<std::string>> kTexts = {{"alpha x", "beta x"},
                                                        {"alpha beta", "beta gamma", "alpha gamma"}};
  for (const std::vector<std::string>& texts : kTexts) {
    Random random(11);
    RealPartition partition(64);
    for (uint32_t i = 0; i < 900; ++i) {
      Draft draft = random_draft(random, "m" + std::to_string(i));
      draft.text = texts[i % texts.size()];
      partition.remember(draft, kAgent);
    }
    partition.apply(1000);
    const auto view = partition.view();
    for (uint32_t limit = 1; limit <= 100; ++limit) {
      const RetrieveRequest request = ask("alpha beta gamma", limit);
      SCOPED_TRACE(texts.front() + ", limit " + std::to_string(limit));
      Tally tally;
      expect_one_answer(*view, request, Profile::defaults(), tally);
      expect_naive_answer(Engine(Profile::defaults(), 0).retrieve(*view, request).value(), *view, request,
                          Profile::defaults());
      ASSERT_FALSE(HasFatalFailure());
      ASSERT_EQ(tally.ties_at_cut, 1u);
    }
  }
}

// All of one length and the words nearly as rare as each other, so that counts decide.
TEST(PrunedRows, BoundsHoldForWordsThatAreSaidManyTimes) {
  const uint64_t seed = 31;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  RealPartition partition(64);
  for (uint32_t i = 0; i < 3000; ++i) {
    Draft draft;
    draft.id = "m" + std::to_string(i);
    const std::string word = below(random, 4) == 0 ? "gold" : below(random, 3) == 0 ? "silver" : "tin";
    const uint64_t times = 1 + below(random, 1 + below(random, 40));
    for (uint64_t n = 0; n < 40; ++n) draft.text += (n < times ? word : "lead") + " ";
    partition.remember(draft, kAgent);
  }
  partition.apply(1000);
  const auto view = partition.view();
  Tally tally;
  for (uint32_t limit = 1; limit <= 100; ++limit) {
    SCOPED_TRACE("limit " + std::to_string(limit));
    expect_one_answer(*view, ask("gold silver tin", limit), random_profile(random), tally);
    ASSERT_FALSE(HasFatalFailure());
  }
  EXPECT_GT(tally.passed_over, 30u);
}

// Ranges of one document each, as no rows give them.
TEST(Pruned, AnswersAreThoseOfEveryPostingWhateverTheRangesOfBounds) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    ModelView view;
    const uint64_t documents = 1 + below(random, 150);
    for (uint64_t i = 0; i < documents; ++i) view.put(skewed_draft(random, below(random, documents)));
    if (below(random, 2) == 0) view.forget_later(random_filter(random, 1), static_cast<uint32_t>(below(random, 20)));
    expect_one_answer_each(random, view, 20, 1, tally);
    ASSERT_FALSE(HasFatalFailure());
  }
  EXPECT_GT(tally.passed_over, 100u);
  EXPECT_GT(tally.ties_at_cut, 50u);
}

// The postings of a common word are read where a rare one's candidates are, if at all.
TEST(PrunedRows, ACommonTermIsSkippedWhereARareOneDecides) {
  Random random(3);
  RealPartition partition(64);
  constexpr uint32_t kDocuments = 6000;
  for (uint32_t i = 0; i < kDocuments; ++i) {
    Draft draft;
    draft.id = "m" + std::to_string(i);
    draft.text = "common " + skewed_text(random, 10);
    if (i % 2048 < 16) draft.text += " quartz";
    partition.remember(draft, kAgent);
  }
  partition.apply(1000);
  const auto view = partition.view();
  const RetrieveRequest request = ask("quartz common", 10);
  const Answer every = Engine(Profile::defaults(), kNever).retrieve(*view, request).value();
  const Answer pruned = Engine(Profile::defaults(), 0).retrieve(*view, request).value();
  expect_equal_answers(pruned, every);
  EXPECT_EQ(every.explain.candidates, kDocuments);
  EXPECT_EQ(every.explain.reads.postings, kDocuments + 3 * 16);
  // The rare word's, and of the common one those of documents that have the rare one.
  EXPECT_LE(pruned.explain.reads.postings, 2 * 3 * 16);
  // The default is for agents of this size on.
  static_assert(kDocuments > kPrunedDocsMin);
  const Answer by_default = Engine(Profile::defaults()).retrieve(*view, request).value();
  EXPECT_EQ(by_default.explain.reads.postings, pruned.explain.reads.postings);
}

}  // namespace
}  // namespace mnemo::query_test
