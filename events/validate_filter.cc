// Which operators and values each field of a filter takes. What does not fit is an error, never ignored: a filter that
// forgot a condition would forget the wrong memories.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "events/envelope.h"
#include "events/validate_fields.h"

namespace mnemo {
namespace {

using namespace validation;  // NOLINT: the checks of this very concern
using v1::Condition;
using v1::FilterValue;

constexpr Field kFilter{"filter", "condition"};
constexpr std::array<std::string_view, 4> kClassNames = {"episodic", "semantic", "procedural", "working"};
constexpr std::array<std::string_view, 3> kTierNames = {"short", "mid", "long"};

// By the numbers of Condition.Field and Condition.Operator in schema version 1.
constexpr std::array<std::string_view, 10> kFieldNames = {"",     "tag",  "session",  "speaker",     "class",
                                                          "kind", "tier", "metadata", "observed_at", "recorded_at"};
constexpr std::array<std::string_view, 11> kOperatorNames = {"",   "eq",  "ne", "any", "all",    "startswith",
                                                             "gt", "gte", "lt", "lte", "between"};

// Empty for a number that has no name: the wire may hold any.
std::string_view name_at(std::span<const std::string_view> names, int number) {
  return number >= 0 && static_cast<size_t>(number) < names.size() ? names[static_cast<size_t>(number)] : "";
}
std::string_view field_name(int field) { return name_at(kFieldNames, field); }
std::string_view operator_name(int op) { return name_at(kOperatorNames, op); }

// Sets of operators as bits.
constexpr uint32_t bit(Condition::Operator op) { return 1U << op; }
constexpr uint32_t kEquality = bit(Condition::EQ) | bit(Condition::NE);
constexpr uint32_t kTextOperators = kEquality | bit(Condition::ANY) | bit(Condition::STARTSWITH);
constexpr uint32_t kOrder =
    bit(Condition::GT) | bit(Condition::GTE) | bit(Condition::LT) | bit(Condition::LTE) | bit(Condition::BETWEEN);
constexpr uint32_t kTimeOperators = kOrder | bit(Condition::EQ);

bool is_time(int field) { return field == Condition::OBSERVED_AT || field == Condition::RECORDED_AT; }

// The operators that `field` takes with a value of this form; 0 for a form that it does not take.
uint32_t operators_of(int field, FilterValue::ValueCase form) {
  if (is_time(field)) return form == FilterValue::kTimeMs ? kTimeOperators : 0;
  switch (form) {
    case FilterValue::kText: return field == Condition::TAG ? kTextOperators | bit(Condition::ALL) : kTextOperators;
    case FilterValue::kNumber: return field == Condition::METADATA ? kOrder | kEquality : 0;
    case FilterValue::kFlag: return field == Condition::METADATA ? kEquality : 0;
    case FilterValue::kTimeMs:
    case FilterValue::VALUE_NOT_SET: break;
  }
  return 0;
}

std::string_view form_wanted(int field) {
  if (is_time(field)) return "time_ms";
  return field == Condition::METADATA ? "text, number or flag" : "text";
}

Status check_name(std::string_view field, std::string_view value, std::span<const std::string_view> names) {
  if (std::find(names.begin(), names.end(), value) != names.end()) return {};
  return invalid(kFilter, fmt::format("asks for {} '{}', which does not exist: it is one of {}", field, value,
                                      fmt::join(names, ", ")));
}

size_t text_limit(int field, const v1::Limits& limits) {
  if (field == Condition::TAG) return limits.tag_bytes();
  if (field == Condition::KIND) return kIdentifierBytesMax;
  return field == Condition::METADATA ? limits.metadata_value_bytes() : limits.id_bytes();
}

Status check_text_value(const Condition& condition, const std::string& text, const v1::Limits& limits) {
  const Field field{"filter value of", field_name(condition.field())};
  MNEMO_TRY(check_bytes(field, text.size(), text_limit(condition.field(), limits)));
  MNEMO_TRY(check_utf8(field, text));
  if (condition.op() == Condition::STARTSWITH) {
    if (!text.empty()) return {};
    return invalid(field, "is an empty prefix, which everything starts with: set it, or leave the condition out");
  }
  if (condition.field() == Condition::CLASS) return check_name("class", text, kClassNames);
  if (condition.field() == Condition::TIER) return check_name("tier", text, kTierNames);
  return {};
}

Status check_value(const Condition& condition, const FilterValue& value, const v1::Limits& limits) {
  MNEMO_TRY(check_no_unknown("filter", value));
  const auto form = value.value_case();
  const uint32_t operators = operators_of(condition.field(), form);
  if (operators == 0) {
    return invalid(kFilter, fmt::format("on {} has a value that is not {}", field_name(condition.field()),
                                        form_wanted(condition.field())));
  }
  if ((operators & bit(condition.op())) == 0) {
    return invalid(kFilter, fmt::format("on {} does not take the operator {} with such a value",
                                        field_name(condition.field()), operator_name(condition.op())));
  }
  switch (form) {
    case FilterValue::kText: return check_text_value(condition, value.text(), limits);
    case FilterValue::kTimeMs: return check_time({"filter value of", field_name(condition.field())}, value.time_ms());
    case FilterValue::kNumber:
      if (value.number() - value.number() == 0) return {};
      return invalid(kFilter, fmt::format("on {} has a number that is not finite: give a finite one",
                                          field_name(condition.field())));
    case FilterValue::kFlag:
    case FilterValue::VALUE_NOT_SET: break;
  }
  return {};
}

Status check_between(const Condition& condition) {
  const FilterValue& from = condition.values(0);
  const FilterValue& to = condition.values(1);
  const std::string_view field = field_name(condition.field());
  if (from.value_case() != to.value_case()) {
    return invalid(kFilter,
                   fmt::format("on {} with between has values of different forms: give two of one form", field));
  }
  const bool backwards = from.has_time_ms() ? from.time_ms() > to.time_ms() : from.number() > to.number();
  if (!backwards) return {};
  return invalid(kFilter,
                 fmt::format("on {} with between has a first value that is greater than the second: swap them", field));
}

Status check_value_count(const Condition& condition) {
  const int values = condition.values_size();
  const auto wants = [&condition, values](std::string_view number) {
    return invalid(kFilter, fmt::format("on {} with {} has {} values, it takes {}", field_name(condition.field()),
                                        operator_name(condition.op()), values, number));
  };
  if (condition.op() == Condition::BETWEEN) return values == 2 ? Status() : wants("two");
  if (condition.op() == Condition::ANY || condition.op() == Condition::ALL) {
    return values >= 1 ? Status() : wants("at least one");
  }
  return values == 1 ? Status() : wants("one");
}

Status check_metadata_key(const Condition& condition, const v1::Limits& limits) {
  const Field field{"filter", "metadata_key"};
  if (condition.field() == Condition::METADATA) {
    return check_id(field, condition.metadata_key(), limits.metadata_key_bytes());
  }
  if (condition.metadata_key().empty()) return {};
  return invalid(field, fmt::format("is set on a condition on {}: leave it out", field_name(condition.field())));
}

Status check_condition(const Condition& condition, const v1::Limits& limits) {
  MNEMO_TRY(check_no_unknown("filter", condition));
  if (field_name(condition.field()).empty()) {
    return invalid(kFilter, fmt::format("has field {}, which does not exist", static_cast<int>(condition.field())));
  }
  if (operator_name(condition.op()).empty()) {
    return invalid(kFilter, fmt::format("has operator {}, which does not exist", static_cast<int>(condition.op())));
  }
  MNEMO_TRY(check_metadata_key(condition, limits));
  MNEMO_TRY(check_value_count(condition));
  for (const FilterValue& value : condition.values()) MNEMO_TRY(check_value(condition, value, limits));
  return condition.op() == Condition::BETWEEN ? check_between(condition) : Status();
}

// Walks the tree, counting nodes, values and levels.
class Walk {
 public:
  explicit Walk(const v1::Limits& limits) : limits_(limits) {}

  Status node(const v1::Filter& filter, size_t level) {
    MNEMO_TRY(check_count({"filter", "nodes"}, ++nodes_, limits_.filter_nodes()));
    MNEMO_TRY(check_count({"filter", "levels"}, level, kFilterDepthMax));
    MNEMO_TRY(check_no_unknown("filter", filter));
    switch (filter.node_case()) {
      case v1::Filter::kAnd: return group(filter.and_(), level);
      case v1::Filter::kOr: return group(filter.or_(), level);
      case v1::Filter::kNot: return node(filter.not_(), level + 1);
      case v1::Filter::kCondition: return condition(filter.condition());
      case v1::Filter::NODE_NOT_SET: break;
    }
    return invalid({"filter", "node"}, "is empty: set and, or, not, or condition");
  }

 private:
  Status group(const v1::FilterGroup& group, size_t level) {
    MNEMO_TRY(check_no_unknown("filter", group));
    if (group.filters().empty()) return invalid({"filter", "group"}, "is empty: give it at least one filter");
    for (const v1::Filter& filter : group.filters()) MNEMO_TRY(node(filter, level + 1));
    return {};
  }

  Status condition(const Condition& condition) {
    values_ += static_cast<size_t>(condition.values_size());
    MNEMO_TRY(check_count({"filter", "values"}, values_, limits_.filter_values()));
    return check_condition(condition, limits_);
  }

  const v1::Limits& limits_;
  size_t nodes_ = 0;
  size_t values_ = 0;
};

}  // namespace

Status validate_filter(const v1::Filter& filter, const Rules& rules) { return Walk(rules.limits).node(filter, 1); }

}  // namespace mnemo
