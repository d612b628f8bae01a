#include "server/json/filter.h"

#include <fmt/format.h>

#include <map>

#include "events/clock.h"
#include "server/json/fields.h"
#include "server/json/time_text.h"

namespace mnemo {
namespace {

using v1::Condition;

constexpr int kFilterDepthMax = 16;
constexpr std::string_view kMetadataPrefix = "metadata.";

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

Result<Condition::Operator> operator_of(std::string_view name) {
  static const std::map<std::string, Condition::Operator, std::less<>> names = {
      {"eq", Condition::EQ},           {"ne", Condition::NE},
      {"any", Condition::ANY},         {"all", Condition::ALL},
      {"gt", Condition::GT},           {"gte", Condition::GTE},
      {"lt", Condition::LT},           {"lte", Condition::LTE},
      {"between", Condition::BETWEEN}, {"startswith", Condition::STARTSWITH}};
  const auto at = names.find(name);
  if (at != names.end()) return at->second;
  return invalid(
      fmt::format("'{}' is no filter operator; there are eq, ne, any, all, startswith, gt, gte, lt, lte, "
                  "between",
                  excerpt(name)));
}

Status set_field(std::string_view name, Condition& condition) {
  static const std::map<std::string, Condition::Field, std::less<>> names = {{"tag", Condition::TAG},
                                                                             {"tags", Condition::TAG},
                                                                             {"session_id", Condition::SESSION},
                                                                             {"sessionId", Condition::SESSION},
                                                                             {"speaker", Condition::SPEAKER},
                                                                             {"class", Condition::CLASS},
                                                                             {"kind", Condition::KIND},
                                                                             {"tier", Condition::TIER},
                                                                             {"observed_at", Condition::OBSERVED_AT},
                                                                             {"observedAt", Condition::OBSERVED_AT},
                                                                             {"recorded_at", Condition::RECORDED_AT},
                                                                             {"recordedAt", Condition::RECORDED_AT}};
  if (name.starts_with(kMetadataPrefix)) {
    condition.set_field(Condition::METADATA);
    condition.set_metadata_key(std::string(name.substr(kMetadataPrefix.size())));
    return {};
  }
  const auto at = names.find(name);
  if (at == names.end()) {
    return invalid(
        fmt::format("'{}' is no filter field; there are tag, session_id, speaker, class, kind, tier, "
                    "metadata.KEY, observed_at, recorded_at",
                    excerpt(name)));
  }
  condition.set_field(at->second);
  return {};
}

tl::unexpected<Error> invalid_on(std::string_view field, std::string_view why) {
  return invalid(fmt::format("on '{}': {}", excerpt(field), why));
}

Status add_value(std::string_view field, const Json& value, Condition& condition) {
  const bool time = condition.field() == Condition::OBSERVED_AT || condition.field() == Condition::RECORDED_AT;
  v1::FilterValue& out = *condition.add_values();
  if (value.is_string() && time) {
    const Result<TimestampMs> at_ms = parse_rfc3339(time_text(value.get<std::string>()));
    if (!at_ms) return invalid_on(field, at_ms.error().message);
    out.set_time_ms(*at_ms);
  } else if (value.is_string()) {
    out.set_text(value.get<std::string>());
  } else if (value.is_number()) {
    MNEMO_ASSIGN(const double number, exact_number(value, field));
    out.set_number(number);
  } else if (value.is_boolean()) {
    out.set_flag(value.get<bool>());
  } else {
    return invalid_on(field, "a filter value must be a string, a number, or true or false");
  }
  return {};
}

Result<v1::Filter> condition_of(std::string_view field, std::string_view op, const Json& value) {
  v1::Filter filter;
  Condition& condition = *filter.mutable_condition();
  MNEMO_TRY(set_field(field, condition));
  const Result<Condition::Operator> known = operator_of(op);
  if (!known) return invalid_on(field, known.error().message);
  condition.set_op(*known);
  if (!value.is_array()) {
    MNEMO_TRY(add_value(field, value, condition));
    return filter;
  }
  for (const Json& item : value) MNEMO_TRY(add_value(field, item, condition));
  return filter;
}

Result<v1::Filter> parse(const Json& json, int depth);

Status parse_group(const Json& json, int depth, v1::FilterGroup& group) {
  if (!json.is_array() || json.empty()) return invalid("'and' and 'or' take a list of at least one filter");
  for (const Json& child : json) {
    MNEMO_ASSIGN(*group.add_filters(), parse(child, depth + 1));
  }
  return {};
}

// The filters that one member of the object means: one for each operator.
Status parse_member(const std::string& name, const Json& value, int depth, v1::FilterGroup& out) {
  if (name == "and") return parse_group(value, depth, *out.add_filters()->mutable_and_());
  if (name == "or") return parse_group(value, depth, *out.add_filters()->mutable_or_());
  if (name == "not") {
    MNEMO_ASSIGN(*out.add_filters()->mutable_not_(), parse(value, depth + 1));
    return {};
  }
  if (!value.is_object()) {
    MNEMO_ASSIGN(*out.add_filters(), condition_of(name, value.is_array() ? "any" : "eq", value));
    return {};
  }
  if (value.empty()) return invalid(fmt::format("the filter on '{}' names no operator", excerpt(name)));
  for (const auto& [op, operand] : value.items()) {
    MNEMO_ASSIGN(*out.add_filters(), condition_of(name, op, operand));
  }
  return {};
}

Result<v1::Filter> parse(const Json& json, int depth) {
  if (depth > kFilterDepthMax) return invalid(fmt::format("a filter is nested deeper than {} levels", kFilterDepthMax));
  if (!json.is_object() || json.empty()) return invalid("a filter must be an object with at least one member");
  v1::FilterGroup members;
  for (const auto& [name, value] : json.items()) MNEMO_TRY(parse_member(name, value, depth, members));
  if (members.filters_size() == 1) return members.filters(0);
  v1::Filter all;
  *all.mutable_and_() = members;
  return all;
}

}  // namespace

Result<v1::Filter> filter_from_json(const Json& filter) { return parse(filter, 0); }

}  // namespace mnemo
