#include <gtest/gtest.h>

#include "events/rules.h"
#include "projector/store/filter_match.h"
#include "query/doc_set.h"
#include "query/engine.h"
#include "tests/query/model_view.h"

namespace mnemo::query_test {
namespace {

using v1::Condition;

std::vector<uint32_t> documents(const DocSet& set) {
  std::vector<uint32_t> docs;
  for_each_doc(set, [&](uint32_t doc) { docs.push_back(doc); });
  return docs;
}

Result<std::vector<uint32_t>> evaluate(const View& view, const v1::Filter& filter) {
  const AgentRef agent = *view.agent(kNamespace, kAgent).value();
  const auto index = view.index(agent).value();
  DocSet out;
  MNEMO_TRY(evaluate_filter(*index, filter, out));
  EXPECT_EQ(out.docs(), agent.docs);
  return documents(out);
}

std::vector<uint32_t> matching(const View& view, const v1::Filter& filter) {
  const AgentRef agent = *view.agent(kNamespace, kAgent).value();
  std::vector<uint32_t> docs;
  for (uint32_t doc = 0; doc < agent.docs; ++doc) {
    std::string holder;
    Record record;
    EXPECT_TRUE(view.record(agent.ord, doc, holder, record).has_value());
    if (record.stub) continue;
    const auto row = view.memory(agent.ord, record.memory_key).value();
    if (row->doc == doc && matches(filter, record)) docs.push_back(doc);
  }
  return docs;
}

TEST(Filter, IndexAndRecordsAgreeOnRandomTrees) {
  const Rules rules = next_rules({}, default_rules(0)).value();
  size_t matched = 0;
  size_t asked = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    ModelView view;
    const uint64_t memories = 1 + below(random, 120);
    for (uint64_t i = 0; i < memories; ++i) view.put(random_draft(random, "m" + std::to_string(below(random, 100))));
    view.put(random_draft(random, "gone"));
    view.forget("gone");
    for (int i = 0; i < 60; ++i) {
      const v1::Filter filter = random_filter(random);
      const Status valid = validate_filter(filter, rules);
      ASSERT_TRUE(valid.has_value()) << valid.error().message << "\n" << filter.DebugString();
      const auto through_index = evaluate(view, filter);
      ASSERT_TRUE(through_index.has_value()) << through_index.error().message << "\n" << filter.DebugString();
      ASSERT_EQ(*through_index, matching(view, filter)) << filter.DebugString();
      matched += through_index->size();
      asked += memories;
    }
  }
  // The generator asks for what is there, and for what is not.
  EXPECT_GT(matched, asked / 10);
  EXPECT_LT(matched, asked * 9 / 10);
}

TEST(Filter, NotEqualIncludesMemoriesWithoutTheField) {
  ModelView view;
  view.put({.id = "a", .speaker = "Nina"});
  view.put({.id = "b", .speaker = "Omar"});
  view.put({.id = "c"});
  EXPECT_EQ(evaluate(view, condition(Condition::SPEAKER, Condition::NE, {"Nina"})).value(),
            (std::vector<uint32_t>{1, 2}));
}

TEST(Filter, AllNeedsEveryTagAndAnyOnlyOne) {
  ModelView view;
  view.put({.id = "a", .tags = {"home"}});
  view.put({.id = "b", .tags = {"home", "work"}});
  EXPECT_EQ(evaluate(view, condition(Condition::TAG, Condition::ALL, {"home", "work"})).value(),
            (std::vector<uint32_t>{1}));
  EXPECT_EQ(evaluate(view, condition(Condition::TAG, Condition::ANY, {"home", "work"})).value(),
            (std::vector<uint32_t>{0, 1}));
}

TEST(Filter, NumbersCompareAsNumbersAcrossSignsAndSizes) {
  ModelView view;
  const std::vector<double> numbers = {-1e300, -256, -1, -0.0, 5e-324, 1, 255, 256, 1e300};
  for (const double number : numbers) {
    Draft draft{.id = "m" + std::to_string(number)};
    draft.metadata = {{"price", MetadataView::Type::kNumber, "", number, false}};
    draft.id += std::to_string(view.meta().seq);
    view.put(draft);
  }
  EXPECT_EQ(evaluate(view, number_condition("price", Condition::GT, {-1})).value(),
            (std::vector<uint32_t>{3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(evaluate(view, number_condition("price", Condition::LTE, {0})).value(),
            (std::vector<uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(evaluate(view, number_condition("price", Condition::BETWEEN, {-256, 255})).value(),
            (std::vector<uint32_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(evaluate(view, number_condition("cost", Condition::GT, {-1})).value().empty());
}

TEST(Filter, TextAndNumberAndFlagOfTheSameLookAreDifferentValues) {
  ModelView view;
  Draft text{.id = "text"};
  text.metadata = {{"k", MetadataView::Type::kText, "1", 0, false}};
  Draft number{.id = "number"};
  number.metadata = {{"k", MetadataView::Type::kNumber, "", 1, false}};
  Draft flag{.id = "flag"};
  flag.metadata = {{"k", MetadataView::Type::kFlag, "", 0, true}};
  for (const Draft& draft : {text, number, flag}) view.put(draft);
  v1::Filter is_text = condition(Condition::METADATA, Condition::EQ, {"1"});
  is_text.mutable_condition()->set_metadata_key("k");
  EXPECT_EQ(evaluate(view, is_text).value(), (std::vector<uint32_t>{0}));
  EXPECT_EQ(evaluate(view, number_condition("k", Condition::EQ, {1})).value(), (std::vector<uint32_t>{1}));
}

// What validate_filter() would not let through is an error here too, should it ever get here.
TEST(Filter, WhatIsUnknownOrDoesNotFitIsRefusedNotIgnored) {
  ModelView view;
  view.put({.id = "a", .speaker = "Nina"});
  std::vector<v1::Filter> filters(1);  // an empty node
  filters.emplace_back().mutable_and_();
  filters.emplace_back().mutable_or_();
  filters.push_back(condition(Condition::SPEAKER, Condition::EQ, {}));
  filters.push_back(condition(Condition::SPEAKER, Condition::GT, {"Nina"}));
  filters.push_back(condition(Condition::SPEAKER, Condition::ALL, {"Nina"}));
  filters.push_back(condition(Condition::SPEAKER, Condition::OPERATOR_UNSPECIFIED, {"Nina"}));
  filters.push_back(condition(Condition::FIELD_UNSPECIFIED, Condition::EQ, {"Nina"}));
  filters.push_back(condition(static_cast<Condition::Field>(77), Condition::EQ, {"Nina"}));
  filters.push_back(condition(Condition::SPEAKER, static_cast<Condition::Operator>(77), {"Nina"}));
  filters.push_back(condition(Condition::OBSERVED_AT, Condition::EQ, {"Nina"}));
  filters.push_back(condition(Condition::METADATA, Condition::EQ, {"Nina"}));  // without its key
  filters.push_back(time_condition(Condition::SPEAKER, Condition::EQ, {1}));
  filters.push_back(time_condition(Condition::OBSERVED_AT, Condition::BETWEEN, {1}));
  filters.push_back(time_condition(Condition::OBSERVED_AT, Condition::GT, {1, 2}));
  filters.push_back(time_condition(Condition::RECORDED_AT, Condition::STARTSWITH, {1}));
  filters.push_back(number_condition("k", Condition::ALL, {1}));
  filters.push_back(number_condition("k", Condition::STARTSWITH, {1}));
  filters.push_back(number_condition("k", Condition::BETWEEN, {1, 2, 3}));
  for (const v1::Filter& bad : filters) {
    v1::Filter nested = negated(bad);
    v1::Filter grouped;
    *grouped.mutable_or_()->add_filters() = condition(Condition::SPEAKER, Condition::EQ, {"Nina"});
    *grouped.mutable_or_()->add_filters() = bad;
    for (const v1::Filter& filter : {bad, nested, grouped}) {
      const auto result = evaluate(view, filter);
      ASSERT_FALSE(result.has_value()) << filter.DebugString();
      EXPECT_EQ(result.error().code, Code::kInvalidArgument) << filter.DebugString();
    }
  }
}

}  // namespace
}  // namespace mnemo::query_test
