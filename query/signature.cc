#include "query/signature.h"

#include <optional>
#include <set>
#include <utility>

#include "events/coding.h"
#include "events/fixed_point.h"
#include "events/text/analyzer.h"

namespace mnemo {
namespace {

using v1::Condition;
using v1::FilterValue;

// Names what the bytes are made of, so that no two ways of making them are mixed up.
constexpr std::string_view kForm = "retrieve-1";

// A filter in its canonical form. A group has two parts or more; parts are encoded, and each is a leaf or a group of
// the other kind.
struct Canonical {
  enum class Kind : uint8_t { kLeaf = 0, kAll = 1, kAny = 2 };
  Kind kind = Kind::kLeaf;
  std::set<std::string> parts;  // of a leaf: itself
};

std::string encode(const Canonical& filter) {
  if (filter.kind == Canonical::Kind::kLeaf) return *filter.parts.begin();
  std::string bytes(1, static_cast<char>(filter.kind));
  put_varint(bytes, filter.parts.size());
  for (const std::string& part : filter.parts) put_bytes(bytes, part);
  return bytes;
}

void put_value(const FilterValue& value, std::string& out) {
  out.push_back(static_cast<char>(value.value_case()));
  switch (value.value_case()) {
    case FilterValue::kText: put_bytes(out, value.text()); break;
    // The bits that the index looks for.
    case FilterValue::kNumber: put_le64(out, double_bits(value.number())); break;
    case FilterValue::kFlag: out.push_back(value.flag() ? 1 : 0); break;
    case FilterValue::kTimeMs: put_varint(out, zigzag(value.time_ms())); break;
    case FilterValue::VALUE_NOT_SET: break;
  }
}

// A condition with these values, or what it leaves out.
std::string leaf(const Condition& condition, Condition::Operator op, bool negated,
                 const google::protobuf::RepeatedPtrField<FilterValue>& values) {
  std::string bytes(1, static_cast<char>(Canonical::Kind::kLeaf));
  bytes.push_back(negated ? 1 : 0);
  put_varint(bytes, static_cast<uint64_t>(condition.field()));
  put_varint(bytes, static_cast<uint64_t>(op));
  put_bytes(bytes, condition.metadata_key());
  for (const FilterValue& value : values) put_value(value, bytes);
  return bytes;
}

Canonical::Kind kind_of(bool all) { return all ? Canonical::Kind::kAll : Canonical::Kind::kAny; }

// Has one of several values, or every one of them: as many equalities. Without one of them: the other way round.
Canonical equalities(const Condition& condition, bool all, bool negated) {
  Canonical made;
  for (const FilterValue& value : condition.values()) {
    google::protobuf::RepeatedPtrField<FilterValue> one;
    *one.Add() = value;
    made.parts.insert(leaf(condition, Condition::EQ, negated, one));
  }
  if (made.parts.size() > 1) made.kind = kind_of(all != negated);
  return made;
}

Canonical canonical(const Condition& condition, bool negated) {
  const Condition::Operator op = condition.op();
  if (op == Condition::EQ || op == Condition::ANY) return equalities(condition, false, negated);
  if (op == Condition::NE) return equalities(condition, false, !negated);
  if (op == Condition::ALL) return equalities(condition, true, negated);
  return {Canonical::Kind::kLeaf, {leaf(condition, op, negated, condition.values())}};
}

Canonical canonical(const v1::Filter& filter, bool negated);

Canonical canonical(const v1::FilterGroup& group, bool all, bool negated) {
  Canonical made;
  made.kind = kind_of(all != negated);
  std::optional<Canonical> other;  // the last part that is no leaf
  for (const v1::Filter& filter : group.filters()) {
    Canonical part = canonical(filter, negated);
    if (part.kind == made.kind || part.kind == Canonical::Kind::kLeaf) {
      made.parts.merge(part.parts);
    } else {
      made.parts.insert(encode(part));
      other = std::move(part);
    }
  }
  if (made.parts.size() > 1) return made;
  if (other) return *std::move(other);
  made.kind = Canonical::Kind::kLeaf;
  return made;
}

Canonical canonical(const v1::Filter& filter, bool negated) {
  switch (filter.node_case()) {
    case v1::Filter::kAnd: return canonical(filter.and_(), true, negated);
    case v1::Filter::kOr: return canonical(filter.or_(), false, negated);
    case v1::Filter::kNot: return canonical(filter.not_(), !negated);
    case v1::Filter::kCondition: return canonical(filter.condition(), negated);
    case v1::Filter::NODE_NOT_SET: break;
  }
  MNEMO_CHECK(!"a filter that was checked");
  return {};
}

}  // namespace

std::string canonical_filter(const v1::Filter& filter) { return encode(canonical(filter, false)); }

std::string signature(std::string_view profile_hash, const RetrieveRequest& request) {
  static thread_local Analyzer analyzer;
  std::string bytes(kForm);
  put_bytes(bytes, profile_hash);
  put_bytes(bytes, request.name_space);
  put_bytes(bytes, request.agent_id);
  put_varint(bytes, request.limit);
  put_varint(bytes, request.context_token_budget);
  bytes.push_back(request.reference_time_ms ? 1 : 0);
  if (request.reference_time_ms) put_varint(bytes, zigzag(*request.reference_time_ms));
  // No question and one without a word are two requests.
  bytes.push_back(request.query.empty() ? 0 : 1);
  put_bytes(bytes, analyzer.canonical_question(request.query));
  bytes.push_back(request.filter ? 1 : 0);
  if (request.filter) put_bytes(bytes, canonical_filter(*request.filter));
  return bytes;
}

}  // namespace mnemo
