#include "projector/store/filter_match.h"

#include <algorithm>

#include "events/fixed_point.h"

namespace mnemo {
namespace {

using v1::Condition;

bool text_matches(const Condition& c, std::string_view value) {
  const auto equals = [value](const v1::FilterValue& v) { return v.text() == value; };
  switch (c.op()) {
    case Condition::EQ:
    case Condition::ANY: return std::any_of(c.values().begin(), c.values().end(), equals);
    case Condition::STARTSWITH:
      return std::any_of(c.values().begin(), c.values().end(),
                         [value](const v1::FilterValue& v) { return value.starts_with(v.text()); });
    default: return false;
  }
}

bool ordered_matches(const Condition& c, int64_t value, const std::vector<int64_t>& bounds) {
  switch (c.op()) {
    case Condition::EQ:
    case Condition::ANY: return std::find(bounds.begin(), bounds.end(), value) != bounds.end();
    case Condition::GT: return value > bounds.at(0);
    case Condition::GTE: return value >= bounds.at(0);
    case Condition::LT: return value < bounds.at(0);
    case Condition::LTE: return value <= bounds.at(0);
    case Condition::BETWEEN: return value >= bounds.at(0) && value <= bounds.at(1);
    default: return false;
  }
}

bool time_matches(const Condition& c, TimestampMs time_ms) {
  std::vector<int64_t> bounds;
  for (const v1::FilterValue& v : c.values()) bounds.push_back(v.time_ms());
  if (c.op() == Condition::NE) return time_ms != bounds.at(0);
  return ordered_matches(c, time_ms, bounds);
}

bool tags_match(const Condition& c, const Record& record) {
  const auto has = [&record](const v1::FilterValue& v) {
    return std::find(record.tags.begin(), record.tags.end(), v.text()) != record.tags.end();
  };
  if (c.op() == Condition::ALL) return std::all_of(c.values().begin(), c.values().end(), has);
  if (c.op() == Condition::NE) return std::none_of(c.values().begin(), c.values().end(), has);
  return std::any_of(record.tags.begin(), record.tags.end(),
                     [&c](std::string_view tag) { return text_matches(c, tag); });
}

bool metadata_matches(const Condition& c, const Record& record) {
  Condition positive = c;
  if (c.op() == Condition::NE) positive.set_op(Condition::EQ);
  const bool any = std::any_of(record.metadata.begin(), record.metadata.end(), [&](const MetadataView& entry) {
    return entry.key == c.metadata_key() && metadata_value_matches(positive, entry);
  });
  return c.op() == Condition::NE ? !any : any;
}

bool name_matches(const Condition& c, std::string_view value) {
  if (c.op() != Condition::NE) return text_matches(c, value);
  return std::none_of(c.values().begin(), c.values().end(),
                      [value](const v1::FilterValue& v) { return v.text() == value; });
}

// An absent session or speaker equals nothing, so only NE matches it.
bool optional_name_matches(const Condition& c, std::string_view value) {
  return value.empty() ? c.op() == Condition::NE : name_matches(c, value);
}

// A value of another type than the condition's matches nothing.
bool metadata_text_matches(const Condition& c, std::string_view value) {
  Condition texts = c;
  texts.clear_values();
  for (const v1::FilterValue& v : c.values()) {
    if (v.value_case() == v1::FilterValue::kText) *texts.add_values() = v;
  }
  return text_matches(texts, value);
}

bool metadata_number_matches(const Condition& c, uint64_t number_bits) {
  std::vector<int64_t> bounds;
  for (const v1::FilterValue& v : c.values()) {
    if (v.value_case() != v1::FilterValue::kNumber) continue;
    bounds.push_back(sortable_from_double_bits(double_bits(v.number())));
  }
  const size_t needed = c.op() == Condition::BETWEEN ? 2 : 1;
  return bounds.size() >= needed && ordered_matches(c, sortable_from_double_bits(number_bits), bounds);
}

bool metadata_flag_matches(const Condition& c, bool value) {
  return (c.op() == Condition::EQ || c.op() == Condition::ANY) &&
         std::any_of(c.values().begin(), c.values().end(), [value](const v1::FilterValue& v) {
           return v.value_case() == v1::FilterValue::kFlag && v.flag() == value;
         });
}

bool condition_matches(const Condition& c, const Record& r) {
  switch (c.field()) {
    case Condition::TAG: return tags_match(c, r);
    case Condition::SESSION: return optional_name_matches(c, r.session_id);
    case Condition::SPEAKER: return optional_name_matches(c, r.speaker);
    case Condition::CLASS: return name_matches(c, class_name(r.memory_class));
    case Condition::KIND: return name_matches(c, r.kind);
    case Condition::TIER: return name_matches(c, tier_name(r.tier));
    case Condition::METADATA: return metadata_matches(c, r);
    case Condition::OBSERVED_AT: return time_matches(c, r.observed_at_ms);
    case Condition::RECORDED_AT: return time_matches(c, r.recorded_at_ms);
    default: return false;
  }
}

}  // namespace

bool metadata_value_matches(const Condition& c, const MetadataView& value) {
  switch (value.type) {
    case MetadataView::Type::kText: return metadata_text_matches(c, value.text);
    case MetadataView::Type::kNumber: return metadata_number_matches(c, value.number_bits);
    case MetadataView::Type::kFlag: return metadata_flag_matches(c, value.flag);
  }
  return false;
}

bool matches(const v1::Filter& filter, const Record& record) {
  const auto match = [&record](const v1::Filter& child) { return matches(child, record); };
  switch (filter.node_case()) {
    case v1::Filter::kAnd: return std::all_of(filter.and_().filters().begin(), filter.and_().filters().end(), match);
    case v1::Filter::kOr: return std::any_of(filter.or_().filters().begin(), filter.or_().filters().end(), match);
    case v1::Filter::kNot: return !matches(filter.not_(), record);
    case v1::Filter::kCondition: return condition_matches(filter.condition(), record);
    case v1::Filter::NODE_NOT_SET: return false;
  }
  return false;
}

}  // namespace mnemo
