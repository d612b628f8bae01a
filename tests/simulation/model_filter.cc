#include <algorithm>

#include "tests/simulation/model.h"

namespace mnemo::simulation {
namespace {

using v1::Condition;

// One value of a memory against the values of a condition; EQ and its kin as the language says, ALL and NE elsewhere.
template <typename Value>
bool satisfies(Condition::Operator op, const Value& value, const std::vector<Value>& given) {
  switch (op) {
    case Condition::EQ:
    case Condition::NE:
    case Condition::ANY:
    case Condition::ALL: return std::find(given.begin(), given.end(), value) != given.end();
    case Condition::GT: return value > given[0];
    case Condition::GTE: return value >= given[0];
    case Condition::LT: return value < given[0];
    case Condition::LTE: return value <= given[0];
    case Condition::BETWEEN: return value >= given[0] && value <= given[1];
    case Condition::STARTSWITH:
      if constexpr (std::is_same_v<Value, std::string>) return value.starts_with(given[0]);
      return false;
    case Condition::OPERATOR_UNSPECIFIED:
    case v1::Condition_Operator_Condition_Operator_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::Condition_Operator_Condition_Operator_INT_MAX_SENTINEL_DO_NOT_USE_: break;
  }
  return false;
}

std::vector<std::string> texts(const Condition& c) {
  std::vector<std::string> all;
  for (const v1::FilterValue& v : c.values()) all.push_back(v.text());
  return all;
}

// A field with any number of values: some of them satisfies, or, for ALL, each value that is asked for is there.
bool holds(const Condition& c, const std::vector<std::string>& values) {
  const std::vector<std::string> given = texts(c);
  if (c.op() == Condition::ALL) {
    return std::all_of(given.begin(), given.end(), [&](const std::string& wanted) {
      return std::find(values.begin(), values.end(), wanted) != values.end();
    });
  }
  return std::any_of(values.begin(), values.end(),
                     [&](const std::string& value) { return satisfies(c.op(), value, given); });
}

bool metadata_holds(const Condition& c, const v1::MetadataEntry& entry) {
  if (entry.key() != c.metadata_key() || c.values(0).value_case() == v1::FilterValue::VALUE_NOT_SET) return false;
  switch (c.values(0).value_case()) {
    case v1::FilterValue::kText: return entry.has_text() && satisfies(c.op(), entry.text().plain(), texts(c));
    case v1::FilterValue::kFlag: return entry.has_flag() && entry.flag() == c.values(0).flag();
    case v1::FilterValue::kNumber: {
      std::vector<double> given;
      for (const v1::FilterValue& v : c.values()) given.push_back(v.number());
      return entry.has_number() && satisfies(c.op(), entry.number(), given);
    }
    case v1::FilterValue::kTimeMs:
    case v1::FilterValue::VALUE_NOT_SET: break;
  }
  return false;
}

std::vector<std::string> unless_empty(const std::string& value) {
  return value.empty() ? std::vector<std::string>{} : std::vector<std::string>{value};
}

bool time_holds(const Condition& c, TimestampMs value) {
  std::vector<TimestampMs> given;
  for (const v1::FilterValue& v : c.values()) given.push_back(v.time_ms());
  return satisfies(c.op(), value, given);
}

bool holds_at_all(const Condition& c, const ModelVersion& version) {
  static const std::string kClasses[] = {"", "episodic", "semantic", "procedural", "working"};
  static const std::string kTiers[] = {"", "short", "mid", "long"};
  const v1::Remembered& f = version.fields;
  switch (c.field()) {
    case Condition::TAG: return holds(c, {f.tags().begin(), f.tags().end()});
    case Condition::SESSION: return holds(c, unless_empty(f.session_id()));
    case Condition::SPEAKER: return holds(c, unless_empty(f.speaker()));
    case Condition::CLASS: return holds(c, {kClasses[f.class_()]});
    case Condition::KIND: return holds(c, {f.kind()});
    case Condition::TIER: return holds(c, {kTiers[f.tier()]});
    case Condition::METADATA:
      return std::any_of(f.metadata().begin(), f.metadata().end(),
                         [&c](const v1::MetadataEntry& entry) { return metadata_holds(c, entry); });
    case Condition::OBSERVED_AT: return time_holds(c, version.observed_at_ms);
    case Condition::RECORDED_AT: return time_holds(c, version.recorded_at_ms);
    case Condition::FIELD_UNSPECIFIED:
    case v1::Condition_Field_Condition_Field_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::Condition_Field_Condition_Field_INT_MAX_SENTINEL_DO_NOT_USE_: break;
  }
  return false;
}

}  // namespace

bool model_matches(const v1::Filter& filter, const ModelVersion& version) {
  const auto match = [&version](const v1::Filter& child) { return model_matches(child, version); };
  switch (filter.node_case()) {
    case v1::Filter::kAnd: return std::all_of(filter.and_().filters().begin(), filter.and_().filters().end(), match);
    case v1::Filter::kOr: return std::any_of(filter.or_().filters().begin(), filter.or_().filters().end(), match);
    case v1::Filter::kNot: return !match(filter.not_());
    case v1::Filter::kCondition:
      // NE is the negation of EQ, so a memory without the field satisfies it.
      return holds_at_all(filter.condition(), version) != (filter.condition().op() == Condition::NE);
    case v1::Filter::NODE_NOT_SET: break;
  }
  return false;
}

}  // namespace mnemo::simulation
