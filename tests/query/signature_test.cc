// Equal meaning gives an equal key; another answer never does.
#include "query/signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "query/request.h"
#include "tests/query/model_view.h"
#include "tests/query/naive.h"

namespace mnemo::query_test {
namespace {

using v1::Condition;

std::string key_of(const RetrieveRequest& request) {
  EXPECT_TRUE(check_request(request).has_value());
  return signature(Profile::defaults().hash(), request);
}

std::string key_of(const std::string& query) {
  return key_of({.name_space = kNamespace, .agent_id = kAgent, .query = query});
}

v1::Filter group(bool all, const std::vector<v1::Filter>& filters) {
  v1::Filter made;
  v1::FilterGroup& into = all ? *made.mutable_and_() : *made.mutable_or_();
  for (const v1::Filter& filter : filters) *into.add_filters() = filter;
  return made;
}

TEST(Signature, HoldsEverythingThatAnAnswerDependsOn) {
  const RetrieveRequest plain{.name_space = "acme", .agent_id = "nina", .query = "green tea"};
  const std::string key = signature("profile", plain);
  const auto differs = [&](auto change) {
    RetrieveRequest changed = plain;
    change(changed);
    return signature("profile", changed) != key;
  };
  EXPECT_NE(signature("another", plain), key);
  EXPECT_TRUE(differs([](RetrieveRequest& r) { r.name_space = "acm", r.agent_id = "enina"; }));
  EXPECT_TRUE(differs([](RetrieveRequest& r) { r.agent_id = "omar"; }));
  EXPECT_TRUE(differs([](RetrieveRequest& r) { r.query = "green"; }));
  EXPECT_TRUE(differs([](RetrieveRequest& r) { r.limit = 11; }));
  EXPECT_TRUE(differs([](RetrieveRequest& r) { r.context_token_budget = 1; }));
  EXPECT_TRUE(differs([](RetrieveRequest& r) { r.reference_time_ms = 0; }));
  RetrieveRequest earlier = plain;
  RetrieveRequest later = plain;
  earlier.reference_time_ms = 1;
  later.reference_time_ms = 2;
  EXPECT_NE(signature("profile", earlier), signature("profile", later));
  EXPECT_TRUE(differs([](RetrieveRequest& r) { r.filter = condition(Condition::TAG, Condition::EQ, {"a"}); }));
  EXPECT_FALSE(differs([](RetrieveRequest& r) { r.explain = true; }));
}

TEST(Signature, AQuestionCountsAsItsWords) {
  EXPECT_EQ(key_of("Green TEA?"), key_of("the tea, green tea"));
  EXPECT_EQ(key_of("who is it"), key_of("It is who?"));  // nothing but stop words: they are the question
  EXPECT_NE(key_of("who is it"), key_of("who is she"));
  EXPECT_EQ(key_of("?!"), key_of("..."));
  EXPECT_NE(key_of("?!"), key_of(""));
  // One stem, but either word may be the name of someone who speaks.
  EXPECT_NE(key_of("novel"), key_of("novels"));
  // The compound is a term beside its parts.
  EXPECT_NE(key_of("v1.2.3"), key_of("v1 2 3"));
}

TEST(Signature, FiltersThatSayTheSameAreTheSame) {
  const v1::Filter a = condition(Condition::TAG, Condition::EQ, {"a"});
  const v1::Filter b = condition(Condition::TAG, Condition::EQ, {"b"});
  const v1::Filter c = condition(Condition::SPEAKER, Condition::EQ, {"c"});
  const auto same = [](const v1::Filter& one, const v1::Filter& other) {
    return canonical_filter(one) == canonical_filter(other);
  };
  EXPECT_TRUE(same(group(true, {a, b, a}), group(true, {b, a})));
  EXPECT_TRUE(same(group(true, {a}), a));
  EXPECT_TRUE(same(group(true, {group(false, {group(true, {a, b})}), c}), group(true, {c, b, a})));
  EXPECT_TRUE(same(group(true, {group(false, {a, b}), group(false, {b, a})}), group(false, {a, b})));
  EXPECT_TRUE(same(negated(negated(a)), a));
  EXPECT_TRUE(same(negated(a), condition(Condition::TAG, Condition::NE, {"a"})));
  EXPECT_TRUE(same(negated(group(true, {a, b})), group(false, {negated(b), negated(a)})));
  EXPECT_TRUE(same(condition(Condition::TAG, Condition::ANY, {"b", "a", "b"}), group(false, {a, b})));
  EXPECT_TRUE(same(condition(Condition::TAG, Condition::ALL, {"b", "a"}), group(true, {a, b})));
  EXPECT_TRUE(same(condition(Condition::TAG, Condition::ALL, {"a"}), a));

  EXPECT_FALSE(same(group(true, {a, b}), group(false, {a, b})));
  EXPECT_FALSE(same(a, condition(Condition::SESSION, Condition::EQ, {"a"})));
  EXPECT_FALSE(same(a, condition(Condition::TAG, Condition::STARTSWITH, {"a"})));
  EXPECT_FALSE(same(a, negated(a)));
  EXPECT_FALSE(same(group(true, {a, group(false, {b, c})}), group(false, {group(true, {a, b}), c})));
  EXPECT_FALSE(same(time_condition(Condition::OBSERVED_AT, Condition::BETWEEN, {1, 2}),
                    time_condition(Condition::OBSERVED_AT, Condition::BETWEEN, {2, 2})));
  const auto number = [](double value) { return number_condition("k", Condition::EQ, {value}); };
  EXPECT_FALSE(same(number(1), condition(Condition::METADATA, Condition::EQ, {"1"})));
  EXPECT_FALSE(same(number(1), number(2)));
}

// --- Random requests ---

// Ways of saying the same, applied at random all over a filter.
v1::Filter reworded(Random& random, const v1::Filter& filter);

v1::Filter reworded_condition(Random& random, const v1::Filter& filter) {
  const Condition& c = filter.condition();
  const bool equality = c.op() == Condition::EQ || c.op() == Condition::NE;
  v1::Filter made = filter;
  if (equality && below(random, 2) == 0) {
    made.mutable_condition()->set_op(c.op() == Condition::EQ ? Condition::NE : Condition::EQ);
    return negated(made);
  }
  if (c.op() != Condition::ANY && c.op() != Condition::ALL) return made;
  auto& values = *made.mutable_condition()->mutable_values();
  std::shuffle(values.begin(), values.end(), random);
  if (below(random, 2) == 0) *values.Add() = c.values(0);
  return made;
}

v1::Filter reworded_group(Random& random, const v1::Filter& filter) {
  const bool all = filter.has_and_();
  std::vector<v1::Filter> parts;
  for (const v1::Filter& part : all ? filter.and_().filters() : filter.or_().filters()) {
    parts.push_back(reworded(random, part));
  }
  if (below(random, 2) == 0)
    parts.push_back(reworded(random, all ? filter.and_().filters(0) : filter.or_().filters(0)));
  std::shuffle(parts.begin(), parts.end(), random);
  if (parts.size() > 2 && below(random, 2) == 0) {
    const v1::Filter inner = group(all, {parts[0], parts[1]});
    parts.erase(parts.begin(), parts.begin() + 2);
    parts.push_back(inner);
  }
  if (below(random, 3) > 0) return group(all, parts);
  for (v1::Filter& part : parts) part = negated(part);
  return negated(group(!all, parts));
}

v1::Filter reworded(Random& random, const v1::Filter& filter) {
  v1::Filter made = filter;
  if (filter.has_condition()) {
    made = reworded_condition(random, filter);
  } else if (filter.has_not_()) {
    made = negated(reworded(random, filter.not_()));
  } else {
    made = reworded_group(random, filter);
  }
  switch (below(random, 6)) {
    case 0: return negated(negated(made));
    case 1: return group(below(random, 2) == 0, {made});
    default: return made;
  }
}

// Order, case and repetition of words, and stop words beside others.
std::string reworded(Random& random, const std::string& question) {
  std::vector<std::string> words;
  for (size_t from = 0; from <= question.size();) {
    const size_t to = std::min(question.find(' ', from), question.size());
    words.push_back(question.substr(from, to - from));
    from = to + 1;
  }
  static const std::vector<std::string> kStops = {"the", "a", "of", "who", "it"};
  // Words of random questions that are nothing but stop words, or no word.
  static const std::vector<std::string> kAside = {"the", "a", "of", "who", "it", "will", "Will", "don't", "?!"};
  const auto is_aside = [](const std::string& word) { return std::ranges::find(kAside, word) != kAside.end(); };
  if (!std::ranges::all_of(words, is_aside)) words.push_back(pick(random, kStops));
  words.push_back(words[0]);
  std::shuffle(words.begin(), words.end(), random);
  std::string made;
  for (std::string word : words) {
    for (char& c : word) {
      if (below(random, 2) == 0 && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    made += word + (below(random, 3) == 0 ? ", " : " ");
  }
  return made;
}

RetrieveRequest random_request(Random& random) {
  RetrieveRequest request{.name_space = kNamespace, .agent_id = kAgent, .query = random_question(random)};
  request.limit = static_cast<uint32_t>(1 + below(random, 12));
  if (below(random, 2) == 0) request.filter = random_filter(random, 2);
  if (below(random, 8) == 0) request.query = below(random, 2) == 0 ? "" : "?!";
  if (below(random, 8) == 0) request.reference_time_ms = 1'700'000'000'000 + static_cast<int64_t>(below(random, 3));
  return request;
}

TEST(Signature, SayingTheSameOtherwiseChangesNothing) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  int checked = 0;
  for (int i = 0; i < 4000; ++i) {
    RetrieveRequest request = random_request(random);
    const std::string key = key_of(request);
    if (!request.query.empty()) request.query = reworded(random, request.query);
    if (request.filter) request.filter = reworded(random, *request.filter);
    request.explain = !request.explain;
    // Rewording makes filters grow, some of them beyond the limit.
    if (!check_request(request)) continue;
    ++checked;
    ASSERT_EQ(key_of(request), key) << request.query << (request.filter ? request.filter->DebugString() : "");
  }
  EXPECT_GT(checked, 3000);
}

// Few words, so that many requests have equal keys, and partitions of several speakers, so that names matter.
RetrieveRequest colliding_request(Random& random) {
  static const std::vector<std::string> kWords = {"novel", "novels", "Nina", "nina", "will",
                                                  "the",   "went",   "go",   "tea"};
  RetrieveRequest request{.name_space = kNamespace, .agent_id = kAgent};
  for (uint64_t i = below(random, 4); i > 0; --i) request.query += pick(random, kWords) + " ";
  request.limit = static_cast<uint32_t>(3 + below(random, 2));
  if (below(random, 2) == 0) return request;
  const std::vector<v1::Filter> leaves = {condition(Condition::TAG, Condition::EQ, {"home"}),
                                          condition(Condition::TAG, Condition::ANY, {"home", "work"}),
                                          condition(Condition::TAG, Condition::ALL, {"work", "home"}),
                                          condition(Condition::TAG, Condition::NE, {"work"}),
                                          condition(Condition::TAG, Condition::STARTSWITH, {"home"}),
                                          condition(Condition::TIER, Condition::EQ, {"long"}),
                                          number_condition("k", Condition::EQ, {0.0}),
                                          number_condition("k", Condition::EQ, {-0.0}),
                                          number_condition("k", Condition::LTE, {1.0})};
  request.filter = pick(random, leaves);
  for (uint64_t i = below(random, 3); i > 0; --i) {
    request.filter = group(below(random, 2) == 0, {*request.filter, pick(random, leaves)});
    if (below(random, 3) == 0) request.filter = negated(*request.filter);
  }
  return request;
}

std::vector<std::unique_ptr<ModelView>> random_views(Random& random) {
  std::vector<std::unique_ptr<ModelView>> views;
  for (int v = 0; v < 4; ++v) {
    auto view = std::make_unique<ModelView>();
    for (int i = 0; i < 40; ++i) {
      Draft draft = random_draft(random, "m" + std::to_string(i));
      if (below(random, 3) == 0) draft.text += below(random, 2) == 0 ? " novel Nina" : " novels go";
      // A model's own speakers: in some, one is called like a word that questions ask for.
      draft.speaker =
          pick(random, std::vector<std::vector<std::string>>{{""}, {"Nina"}, {"Novels"}, {"Will", "Tea"}}[v]);
      view->put(draft);
    }
    views.push_back(std::move(view));
  }
  return views;
}

TEST(Signature, RequestsWithOtherAnswersHaveOtherKeys) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const auto views = random_views(random);
  std::map<std::string, std::vector<NaiveAnswer>> by_key;
  int met_again = 0;
  for (int i = 0; i < 1500; ++i) {
    const RetrieveRequest request = colliding_request(random);
    std::vector<NaiveAnswer> answers;
    for (const auto& view : views) answers.push_back(naive_retrieve(*view, request, Profile::defaults()));
    const auto [at, added] = by_key.emplace(key_of(request), answers);
    met_again += added ? 0 : 1;
    for (size_t v = 0; v < views.size(); ++v) {
      ASSERT_EQ(at->second[v].hits, answers[v].hits) << request.query;
      ASSERT_EQ(at->second[v].truncated, answers[v].truncated);
    }
  }
  EXPECT_GT(met_again, 300);
  EXPECT_GT(by_key.size(), 300u);
}

}  // namespace
}  // namespace mnemo::query_test
