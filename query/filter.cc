// Filters, decided through the index. Names and metadata are posting lists; times are columns. Whatever is not known
// here is an error: a filter never lets through more than it says.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "query/doc_set.h"
#include "query/engine.h"

namespace mnemo {
namespace {

using v1::Condition;
using v1::FilterValue;

tl::unexpected<Error> refuse(const Condition& c, std::string_view why) {
  return fail(Code::kInvalidArgument, "filter: " + Condition::Field_Name(c.field()) + " " +
                                          Condition::Operator_Name(c.op()) + " " + std::string(why));
}

std::optional<FilterField> name_field(Condition::Field field) {
  static constexpr std::pair<Condition::Field, FilterField> kFields[] = {
      {Condition::TAG, FilterField::kTag},         {Condition::SESSION, FilterField::kSession},
      {Condition::SPEAKER, FilterField::kSpeaker}, {Condition::CLASS, FilterField::kClass},
      {Condition::KIND, FilterField::kKind},       {Condition::TIER, FilterField::kTier}};
  for (const auto& [from, to] : kFields) {
    if (from == field) return to;
  }
  return std::nullopt;
}

// An order comparison with its bounds: times and numbers alike.
class Interval {
 public:
  // `bounds` in the order given. INVALID_ARGUMENT for an operator that compares nothing or another number of bounds.
  static Result<Interval> make(const Condition& c, const std::vector<int64_t>& bounds) {
    const size_t needed = c.op() == Condition::BETWEEN ? 2 : 1;
    if (bounds.size() != needed) return refuse(c, "takes " + std::to_string(needed) + " values of its field's type");
    Interval made;
    const int64_t first = bounds.front();
    if (c.op() == Condition::GTE || c.op() == Condition::BETWEEN) {
      made.low_ = first;
    } else if (c.op() == Condition::GT) {
      made.empty_ = first == INT64_MAX;
      made.low_ = made.empty_ ? first : first + 1;
    } else if (c.op() == Condition::LT) {
      made.empty_ = first == INT64_MIN;
      made.high_ = made.empty_ ? first : first - 1;
    } else if (c.op() != Condition::LTE) {
      return refuse(c, "is not a comparison of numbers or times");
    }
    if (c.op() == Condition::LTE || c.op() == Condition::BETWEEN) made.high_ = bounds.back();
    return made;
  }
  bool holds(int64_t value) const { return !empty_ && value >= low_ && value <= high_; }

 private:
  int64_t low_ = INT64_MIN;
  int64_t high_ = INT64_MAX;
  bool empty_ = false;
};

class Evaluator {
 public:
  explicit Evaluator(AgentIndex& index) : index_(index) {}

  // `out` becomes the live documents that match.
  Status evaluate(const v1::Filter& filter, DocSet& out) {
    switch (filter.node_case()) {
      case v1::Filter::kAnd: return group(filter.and_(), true, out);
      case v1::Filter::kOr: return group(filter.or_(), false, out);
      case v1::Filter::kNot: return negation([&](DocSet& set) { return evaluate(filter.not_(), set); }, out);
      case v1::Filter::kCondition: return condition(filter.condition(), out);
      case v1::Filter::NODE_NOT_SET: break;
    }
    return fail(Code::kInvalidArgument, "filter: a node holds nothing, or something this build does not know");
  }

 private:
  Status group(const v1::FilterGroup& group, bool all, DocSet& out) {
    if (group.filters().empty()) return fail(Code::kInvalidArgument, "filter: a group needs at least one filter");
    bool first = true;
    for (const v1::Filter& filter : group.filters()) {
      DocSet one;
      MNEMO_TRY(evaluate(filter, first ? out : one));
      if (!first && all) out.intersect(one);
      if (!first && !all) out.unite(one);
      first = false;
    }
    return {};
  }

  template <typename Evaluate>
  Status negation(Evaluate evaluate_positive, DocSet& out) {
    MNEMO_TRY(evaluate_positive(out));
    out.complement();
    out.intersect(index_.live());
    return {};
  }

  Status condition(const Condition& c, DocSet& out) {
    if (c.values().empty()) return refuse(c, "needs a value");
    if (c.op() != Condition::NE) return positive(c, out);
    Condition equal = c;
    equal.set_op(Condition::EQ);
    return negation([&](DocSet& set) { return positive(equal, set); }, out);
  }

  Status positive(const Condition& c, DocSet& out) {
    out = DocSet(index_.docs());
    if (c.field() == Condition::OBSERVED_AT) return time(c, &AgentIndex::observed_at_ms, out);
    if (c.field() == Condition::RECORDED_AT) return time(c, &AgentIndex::recorded_at_ms, out);
    if (c.field() == Condition::METADATA) return metadata(c, out);
    const auto field = name_field(c.field());
    if (!field) return refuse(c, "is not a field that this build knows");
    std::vector<std::string> names;
    for (const FilterValue& value : c.values()) {
      if (value.value_case() != FilterValue::kText) return refuse(c, "takes texts");
      names.push_back(value.text());
    }
    return exact(c, *field, names, out);
  }

  // Documents with one of the terms; with every one of them for ALL.
  Status exact(const Condition& c, FilterField field, const std::vector<std::string>& terms, DocSet& out) {
    const bool prefix = c.op() == Condition::STARTSWITH;
    const bool all = c.op() == Condition::ALL && field == FilterField::kTag;
    if (!prefix && !all && c.op() != Condition::EQ && c.op() != Condition::ANY) {
      return refuse(c, "is not an operator of this field");
    }
    if (all) out = index_.live();
    for (const std::string& term : terms) {
      DocSet one;
      MNEMO_TRY(index_.filter(field, term, prefix, one));
      all ? out.intersect(one) : out.unite(one);
    }
    return {};
  }

  Status time(const Condition& c, TimestampMs (AgentIndex::*column)(uint32_t) const, DocSet& out) {
    std::vector<int64_t> times;
    for (const FilterValue& value : c.values()) {
      if (value.value_case() != FilterValue::kTimeMs) return refuse(c, "takes times");
      times.push_back(value.time_ms());
    }
    const auto keep = [&](auto holds) {
      for_each_doc(index_.live(), [&](uint32_t doc) {
        if (holds((index_.*column)(doc))) out.insert(doc);
      });
    };
    if (c.op() == Condition::EQ || c.op() == Condition::ANY) {
      keep([&](TimestampMs at) { return std::find(times.begin(), times.end(), at) != times.end(); });
      return {};
    }
    MNEMO_ASSIGN(const Interval interval, Interval::make(c, times));
    keep([&](TimestampMs at) { return interval.holds(at); });
    return {};
  }

  Status metadata(const Condition& c, DocSet& out) {
    if (c.metadata_key().empty()) return refuse(c, "needs metadata_key");
    if (c.op() != Condition::EQ && c.op() != Condition::ANY && c.op() != Condition::STARTSWITH) {
      return number_range(c, out);
    }
    std::vector<std::string> terms;
    for (const FilterValue& value : c.values()) {
      MetadataView entry;
      entry.key = c.metadata_key();
      MNEMO_TRY(metadata_value(c, value, entry));
      put_metadata_term(entry, terms.emplace_back());
    }
    return exact(c, FilterField::kMetadata, terms, out);
  }

  static Status metadata_value(const Condition& c, const FilterValue& value, MetadataView& entry) {
    if (value.value_case() == FilterValue::kText) {
      entry.type = MetadataView::Type::kText;
      entry.text = value.text();
      return {};
    }
    if (c.op() == Condition::STARTSWITH) return refuse(c, "takes texts");
    if (value.value_case() == FilterValue::kNumber) {
      entry.type = MetadataView::Type::kNumber;
      entry.number_bits = double_bits(value.number());
      return {};
    }
    if (value.value_case() != FilterValue::kFlag) return refuse(c, "takes texts, numbers and flags");
    entry.type = MetadataView::Type::kFlag;
    entry.flag = value.flag();
    return {};
  }

  Status number_range(const Condition& c, DocSet& out) {
    std::vector<int64_t> bounds;
    for (const FilterValue& value : c.values()) {
      if (value.value_case() != FilterValue::kNumber) return refuse(c, "takes numbers");
      bounds.push_back(sortable_from_double_bits(double_bits(value.number())));
    }
    MNEMO_ASSIGN(const Interval interval, Interval::make(c, bounds));

    // Every number under this key, in order, since the terms end in order-preserving bytes.
    MetadataView zero;
    zero.key = c.metadata_key();
    zero.type = MetadataView::Type::kNumber;
    std::string head;
    put_metadata_term(zero, head);
    head.resize(head.size() - sizeof(uint64_t));
    MNEMO_TRY(load_metadata_values());
    std::vector<std::string_view> numbers;
    for (const auto& [term, documents] : *metadata_values_) {
      if (term.size() == head.size() + sizeof(uint64_t) && term.starts_with(head)) numbers.push_back(term);
    }
    const auto number = [&](std::string_view term) {
      return static_cast<int64_t>(get_be64(term.data() + head.size()) ^ (uint64_t{1} << 63));
    };
    const auto holds = [&](std::string_view term) { return interval.holds(number(term)); };
    const auto from = std::find_if(numbers.begin(), numbers.end(), holds);
    const auto to = std::find_if_not(from, numbers.end(), holds);
    return cover(numbers, static_cast<size_t>(from - numbers.begin()), static_cast<size_t>(to - numbers.begin()),
                 head.size(), out);
  }

  // Unites the documents of numbers[from, to) by prefixes that no number outside of that range has: a range over many
  // values is then a few lookups instead of one for each.
  Status cover(const std::vector<std::string_view>& numbers, size_t from, size_t to, size_t head, DocSet& out) {
    while (from < to) {
      size_t length = head;
      size_t end = numbers.size();
      std::string_view prefix;
      for (;; ++length) {
        prefix = numbers[from].substr(0, length);
        const auto shares = [&](std::string_view term) { return term.starts_with(prefix); };
        end = static_cast<size_t>(
            std::partition_point(numbers.begin() + static_cast<ptrdiff_t>(from), numbers.end(), shares) -
            numbers.begin());
        if (end <= to && (from == 0 || !shares(numbers[from - 1]))) break;
      }
      DocSet one;
      MNEMO_TRY(index_.filter(FilterField::kMetadata, prefix, true, one));
      out.unite(one);
      from = end;
    }
    return {};
  }

  Status load_metadata_values() {
    if (metadata_values_) return {};
    MNEMO_TRY(index_.values(FilterField::kMetadata, metadata_values_.emplace()));
    return {};
  }

  AgentIndex& index_;
  std::optional<std::vector<std::pair<std::string, uint32_t>>> metadata_values_;
};

}  // namespace

Status evaluate_filter(AgentIndex& index, const v1::Filter& filter, DocSet& out) {
  return Evaluator(index).evaluate(filter, out);
}

}  // namespace mnemo
