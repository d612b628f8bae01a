#include <gmock/gmock.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "events/envelope.h"
#include "tests/events/sample_events.h"

namespace mnemo {
namespace {

using ::testing::HasSubstr;
using C = v1::Condition;

const Rules kRules = testing::rules_of_a_new_log();

v1::FilterValue text(const std::string& value) {
  v1::FilterValue v;
  v.set_text(value);
  return v;
}
v1::FilterValue number(double value) {
  v1::FilterValue v;
  v.set_number(value);
  return v;
}
v1::FilterValue time(int64_t value) {
  v1::FilterValue v;
  v.set_time_ms(value);
  return v;
}
v1::FilterValue flag(bool value) {
  v1::FilterValue v;
  v.set_flag(value);
  return v;
}

v1::Filter condition(C::Field field, C::Operator op, const std::vector<v1::FilterValue>& values) {
  v1::Filter filter;
  v1::Condition& c = *filter.mutable_condition();
  c.set_field(field);
  c.set_op(op);
  if (field == C::METADATA) c.set_metadata_key("key");
  for (const auto& value : values) *c.add_values() = value;
  return filter;
}

std::string refusal(const v1::Filter& filter) {
  const Status status = validate_filter(filter, kRules);
  if (status) return "";
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  return status.error().message;
}

// A good value of each form for a field; classes and tiers are known by name.
v1::FilterValue value_of(C::Field field, v1::FilterValue::ValueCase form) {
  switch (form) {
    case v1::FilterValue::kText: return text(field == C::CLASS ? "semantic" : field == C::TIER ? "mid" : "x");
    case v1::FilterValue::kTimeMs: return time(5);
    case v1::FilterValue::kNumber: return number(5);
    case v1::FilterValue::kFlag: return flag(true);
    case v1::FilterValue::VALUE_NOT_SET: break;
  }
  return {};
}

std::set<C::Operator> operators_taken(C::Field field, v1::FilterValue::ValueCase form) {
  using F = v1::FilterValue;
  const std::set<C::Operator> order = {C::GT, C::GTE, C::LT, C::LTE, C::BETWEEN, C::EQ};
  if (field == C::OBSERVED_AT || field == C::RECORDED_AT) return form == F::kTimeMs ? order : std::set<C::Operator>();
  if (form == F::kText) {
    std::set<C::Operator> taken = {C::EQ, C::NE, C::ANY, C::STARTSWITH};
    if (field == C::TAG) taken.insert(C::ALL);
    return taken;
  }
  if (field != C::METADATA) return {};
  if (form == F::kFlag) return {C::EQ, C::NE};
  if (form != F::kNumber) return {};
  std::set<C::Operator> taken = order;
  taken.insert(C::NE);
  return taken;
}

// Every field with every operator and every form of value: exactly the pairs of the contract's table are taken.
TEST(ValidateFilter, EachFieldTakesItsOperatorsAndFormsAndNoOthers) {
  using F = v1::FilterValue;
  int taken = 0;
  for (int field = C::TAG; field <= C::RECORDED_AT; ++field) {
    for (int op = C::EQ; op <= C::BETWEEN; ++op) {
      for (const auto form : {F::kText, F::kTimeMs, F::kNumber, F::kFlag, F::VALUE_NOT_SET}) {
        const auto f = static_cast<C::Field>(field);
        const auto o = static_cast<C::Operator>(op);
        const std::vector<v1::FilterValue> values(o == C::BETWEEN ? 2 : 1, value_of(f, form));
        const bool expected = operators_taken(f, form).contains(o);
        EXPECT_EQ(refusal(condition(f, o, values)).empty(), expected) << field << " " << op << " " << form;
        taken += expected ? 1 : 0;
      }
    }
  }
  EXPECT_EQ(taken, 5 + 5 * 4 + 4 + 7 + 2 + 2 * 6);
}

TEST(ValidateFilter, EachOperatorTakesItsNumberOfValues) {
  const auto values = [](int n) { return std::vector<v1::FilterValue>(n, text("x")); };
  EXPECT_THAT(refusal(condition(C::TAG, C::EQ, values(0))), HasSubstr("with eq has 0 values, it takes one"));
  EXPECT_THAT(refusal(condition(C::TAG, C::EQ, values(2))), HasSubstr("with eq has 2 values"));
  EXPECT_THAT(refusal(condition(C::TAG, C::STARTSWITH, values(2))), HasSubstr("with startswith has 2 values"));
  EXPECT_THAT(refusal(condition(C::TAG, C::ANY, values(0))), HasSubstr("it takes at least one"));
  EXPECT_THAT(refusal(condition(C::TAG, C::ALL, values(0))), HasSubstr("it takes at least one"));
  EXPECT_EQ(refusal(condition(C::TAG, C::ANY, values(7))), "");
  for (const int n : {0, 1, 3}) {
    const std::vector<v1::FilterValue> times(n, time(5));
    EXPECT_THAT(refusal(condition(C::OBSERVED_AT, C::BETWEEN, times)), HasSubstr("it takes two")) << n;
  }
}

TEST(ValidateFilter, UnknownFieldsAndOperatorsAreNamedByTheirNumbers) {
  EXPECT_THAT(refusal(condition(C::FIELD_UNSPECIFIED, C::EQ, {text("x")})), HasSubstr("has field 0"));
  EXPECT_THAT(refusal(condition(static_cast<C::Field>(10), C::EQ, {text("x")})), HasSubstr("has field 10"));
  EXPECT_THAT(refusal(condition(static_cast<C::Field>(-3), C::EQ, {text("x")})), HasSubstr("has field -3"));
  EXPECT_THAT(refusal(condition(C::TAG, C::OPERATOR_UNSPECIFIED, {text("x")})), HasSubstr("has operator 0"));
  EXPECT_THAT(refusal(condition(C::TAG, static_cast<C::Operator>(11), {text("x")})), HasSubstr("has operator 11"));
  EXPECT_THAT(refusal(condition(C::TAG, static_cast<C::Operator>(-1), {text("x")})), HasSubstr("has operator -1"));
}

TEST(ValidateFilter, MetadataKeyBelongsToMetadataAlone) {
  v1::Filter filter = condition(C::METADATA, C::EQ, {text("x")});
  filter.mutable_condition()->clear_metadata_key();
  EXPECT_THAT(refusal(filter), HasSubstr("'metadata_key' is missing"));
  filter.mutable_condition()->set_metadata_key(std::string(129, 'k'));
  EXPECT_THAT(refusal(filter), HasSubstr("limit is 128"));
  filter = condition(C::TAG, C::EQ, {text("x")});
  filter.mutable_condition()->set_metadata_key("key");
  EXPECT_THAT(refusal(filter), HasSubstr("is set on a condition on tag"));
}

TEST(ValidateFilter, ClassesAndTiersAreKnownByName) {
  EXPECT_THAT(refusal(condition(C::CLASS, C::ANY, {text("episodic"), text("Semantic")})),
              HasSubstr("asks for class 'Semantic', which does not exist: it is one of episodic, semantic"));
  EXPECT_THAT(refusal(condition(C::TIER, C::EQ, {text("middle")})), HasSubstr("one of short, mid, long"));
  EXPECT_EQ(refusal(condition(C::CLASS, C::STARTSWITH, {text("epi")})), "");
}

TEST(ValidateFilter, AnEmptyPrefixIsRefusedSinceItMatchesEverything) {
  EXPECT_THAT(refusal(condition(C::TAG, C::STARTSWITH, {text("")})), HasSubstr("empty prefix"));
  EXPECT_EQ(refusal(condition(C::SESSION, C::EQ, {text("")})), "") << "memories without a session";
}

TEST(ValidateFilter, ValuesKeepToTheLimitsOfWhatTheyAreComparedWith) {
  const auto of = [](C::Field field, size_t bytes) {
    return refusal(condition(field, C::EQ, {text(std::string(bytes, 'x'))}));
  };
  for (const auto& [field, limit] : {std::pair{C::TAG, 256}, std::pair{C::SESSION, 256}, std::pair{C::SPEAKER, 256},
                                     std::pair{C::KIND, 64}, std::pair{C::METADATA, 4096}}) {
    EXPECT_EQ(of(field, limit), "") << field;
    EXPECT_THAT(of(field, limit + 1), HasSubstr("the limit is " + std::to_string(limit))) << field;
  }
  EXPECT_THAT(refusal(condition(C::TAG, C::EQ, {text("\xff")})), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal(condition(C::METADATA, C::EQ, {number(std::numeric_limits<double>::quiet_NaN())})),
              HasSubstr("not finite"));
  EXPECT_THAT(refusal(condition(C::OBSERVED_AT, C::EQ, {time(kTimeMaxMs + 1)})), HasSubstr("years 0001 to 9999"));
}

TEST(ValidateFilter, BetweenHasTheLesserValueFirst) {
  EXPECT_EQ(refusal(condition(C::OBSERVED_AT, C::BETWEEN, {time(-5), time(-5)})), "");
  EXPECT_THAT(refusal(condition(C::OBSERVED_AT, C::BETWEEN, {time(5), time(4)})), HasSubstr("swap them"));
  EXPECT_THAT(refusal(condition(C::METADATA, C::BETWEEN, {number(5), number(4.5)})), HasSubstr("swap them"));
}

TEST(ValidateFilter, EmptyNodesAndGroupsAreRefusedAtAnyDepth) {
  EXPECT_THAT(refusal(v1::Filter()), HasSubstr("'node' is empty"));
  v1::Filter filter;
  filter.mutable_and_();
  EXPECT_THAT(refusal(filter), HasSubstr("'group' is empty"));
  filter.mutable_and_()->add_filters()->mutable_or_();
  EXPECT_THAT(refusal(filter), HasSubstr("'group' is empty"));
  *filter.mutable_and_()->mutable_filters(0)->mutable_or_()->add_filters() = condition(C::TAG, C::EQ, {text("x")});
  EXPECT_EQ(refusal(filter), "");
  filter.mutable_and_()->add_filters()->mutable_not_();
  EXPECT_THAT(refusal(filter), HasSubstr("'node' is empty"));
}

TEST(ValidateFilter, NodesAndValuesAreCountedOverTheWholeTree) {
  v1::Filter filter;
  for (int i = 0; i < 63; ++i) *filter.mutable_or_()->add_filters() = condition(C::TAG, C::EQ, {text("x")});
  EXPECT_EQ(refusal(filter), "");
  *filter.mutable_or_()->add_filters() = condition(C::TAG, C::EQ, {text("x")});
  EXPECT_THAT(refusal(filter), HasSubstr("'nodes' has 65 items, the limit is 64"));

  filter.Clear();
  const std::vector<v1::FilterValue> values(128, text("x"));
  for (int i = 0; i < 2; ++i) *filter.mutable_or_()->add_filters() = condition(C::TAG, C::ANY, values);
  EXPECT_EQ(refusal(filter), "");
  *filter.mutable_or_()->add_filters() = condition(C::TAG, C::EQ, {text("x")});
  EXPECT_THAT(refusal(filter), HasSubstr("'values' has 257 items, the limit is 256"));
}

TEST(ValidateFilter, LevelsAreLimited) {
  const auto nested = [](int levels) {
    v1::Filter filter;
    v1::Filter* innermost = &filter;
    for (int i = 1; i < levels; ++i) {
      innermost = i % 3 == 0   ? innermost->mutable_not_()
                  : i % 3 == 1 ? innermost->mutable_and_()->add_filters()
                               : innermost->mutable_or_()->add_filters();
    }
    *innermost = condition(C::TAG, C::EQ, {text("x")});
    return filter;
  };
  EXPECT_EQ(refusal(nested(32)), "");
  EXPECT_THAT(refusal(nested(33)), HasSubstr("'levels' has 33 items, the limit is 32"));
  EXPECT_THAT(refusal(nested(5000)), HasSubstr("the limit is 32"));
}

// Doors validate what they build, replays decode what was built: nobody may be told "durable" about what no replay
// reads. Random trees, of any shape, under the widest rules that a log may have.
TEST(ValidateFilter, WhateverIsValidIsDecoded) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  v1::RulesActivated wide = default_rules(0);
  wide.mutable_limits()->set_filter_nodes(1024);
  wide.mutable_limits()->set_filter_values(4096);
  const Rules rules = next_rules(Rules{}, wide).value();
  size_t valid = 0;
  size_t refused = 0;
  for (int round = 0; round < 2000; ++round) {
    v1::Envelope envelope = testing::agent_envelope();
    v1::Filter* at = envelope.mutable_forgotten_by_filter()->mutable_filter();
    for (size_t level = random() % 70; level > 0; --level) {
      const size_t node = random() % 3;
      if (node == 2) {
        at = at->mutable_not_();
        continue;
      }
      v1::FilterGroup& group = node == 0 ? *at->mutable_and_() : *at->mutable_or_();
      if (random() % 2 == 0) *group.add_filters() = condition(C::TAG, C::EQ, {text("beside")});
      at = group.add_filters();
    }
    *at = condition(C::METADATA, C::BETWEEN, {number(1), number(2)});
    v1::Envelope back;
    if (validate(envelope, rules)) {
      ++valid;
      ASSERT_TRUE(decode(envelope.SerializeAsString(), back)) << envelope.ShortDebugString();
    } else {
      ++refused;
    }
  }
  EXPECT_GT(valid, 100u);
  EXPECT_GT(refused, 100u);
}

TEST(ValidateFilter, FieldsThatTheSchemaVersionDoesNotHaveAreRefused) {
  const auto add_unknown = [](google::protobuf::Message& m) {
    m.GetReflection()->MutableUnknownFields(&m)->AddVarint(9, 1);
  };
  v1::Filter filter = condition(C::TAG, C::EQ, {text("x")});
  add_unknown(filter);
  EXPECT_THAT(refusal(filter), HasSubstr("(Filter)"));
  filter = condition(C::TAG, C::EQ, {text("x")});
  add_unknown(*filter.mutable_condition());
  EXPECT_THAT(refusal(filter), HasSubstr("(Condition)"));
  filter = condition(C::TAG, C::EQ, {text("x")});
  add_unknown(*filter.mutable_condition()->mutable_values(0));
  EXPECT_THAT(refusal(filter), HasSubstr("(FilterValue)"));
  filter.Clear();
  *filter.mutable_or_()->add_filters() = condition(C::TAG, C::EQ, {text("x")});
  add_unknown(*filter.mutable_or_());
  EXPECT_THAT(refusal(filter), HasSubstr("(FilterGroup)"));
}

}  // namespace
}  // namespace mnemo
