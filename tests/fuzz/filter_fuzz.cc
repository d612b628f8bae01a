// Filters of any JSON, and of any message: refused with INVALID_ARGUMENT, or evaluated by the index as by a look at
// every record, and known again in other words.
//
// An input that begins with '{' is JSON; any other one is a Filter as protobuf has it, behind its first byte.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "projector/store/filter_match.h"
#include "query/engine.h"
#include "query/request.h"
#include "query/signature.h"
#include "server/json/filter.h"
#include "tests/query/model_view.h"

namespace mnemo {
namespace {

using query_test::kAgent;
using query_test::kNamespace;

// Memories that share words, tags and metadata, some of them forgotten and some of them changed.
const query_test::ModelView& small_state() {
  static const query_test::ModelView view = [] {
    query_test::ModelView made;
    query_test::Random random(1);
    for (int i = 0; i < 40; ++i) made.put(query_test::random_draft(random, "m" + std::to_string(i % 30)));
    for (int i = 0; i < 30; i += 6) made.forget("m" + std::to_string(i));
    return made;
  }();
  return view;
}

// The same, with every set the other way round, every group within another, and a double negation at every place.
v1::Filter reworded(const v1::Filter& filter) {
  v1::Filter inner;
  switch (filter.node_case()) {
    case v1::Filter::kCondition: {
      inner = filter;
      v1::Condition& condition = *inner.mutable_condition();
      if (condition.op() == v1::Condition::ANY || condition.op() == v1::Condition::ALL) {
        std::reverse(condition.mutable_values()->begin(), condition.mutable_values()->end());
      }
      break;
    }
    case v1::Filter::kNot: *inner.mutable_not_() = reworded(filter.not_()); break;
    case v1::Filter::kAnd:
    case v1::Filter::kOr: {
      const bool all = filter.has_and_();
      const auto& parts = (all ? filter.and_() : filter.or_()).filters();
      v1::FilterGroup& group = all ? *inner.mutable_and_() : *inner.mutable_or_();
      for (auto part = parts.rbegin(); part != parts.rend(); ++part) *group.add_filters() = reworded(*part);
      break;
    }
    case v1::Filter::NODE_NOT_SET: break;
  }
  v1::Filter twice;
  *twice.mutable_not_()->mutable_not_() = inner;
  return twice;
}

bool matches_at(const v1::Filter& filter, const AgentRef& agent, uint32_t doc) {
  std::string holder;
  Record record;
  MNEMO_CHECK(small_state().record(agent.ord, doc, holder, record).has_value());
  if (record.stub) return false;
  const auto row = small_state().memory(agent.ord, record.memory_key).value();
  return row->doc == doc && row->state == MemoryRow::State::kLive && matches(filter, record);
}

void check_evaluation(const v1::Filter& filter) {
  const AgentRef agent = *small_state().agent(kNamespace, kAgent).value();
  const auto index = small_state().index(agent).value();
  DocSet found;
  MNEMO_CHECK(evaluate_filter(*index, filter, found).has_value());
  for (uint32_t doc = 0; doc < agent.docs; ++doc) {
    MNEMO_CHECK(found.contains(doc) == matches_at(filter, agent, doc));
  }
}

void check_answers(const v1::Filter& filter) {
  static const Engine engine(Profile::defaults());
  RetrieveRequest request{.name_space = kNamespace, .agent_id = kAgent, .query = "green tea", .limit = 1000};
  request.filter = filter;
  const Result<Answer> answer = engine.retrieve(small_state(), request);
  MNEMO_CHECK(answer.has_value());
  const Result<uint64_t> count = engine.count(small_state(), kNamespace, kAgent, filter);
  MNEMO_CHECK(count && answer->hits.size() <= *count);
}

void try_filter(const v1::Filter& filter) {
  const Status fine = check_filter(filter);
  if (!fine) {
    MNEMO_CHECK(fine.error().code == Code::kInvalidArgument && is_utf8(fine.error().message));
    return;
  }
  check_evaluation(filter);
  check_answers(filter);
  const std::string canonical = canonical_filter(filter);
  MNEMO_CHECK(canonical_filter(reworded(filter)) == canonical);
  v1::Filter negated;
  *negated.mutable_not_() = filter;
  MNEMO_CHECK(canonical_filter(negated) != canonical);
}

void try_bytes(std::string_view bytes) {
  if (bytes.empty()) return;
  if (bytes.front() != '{') {
    v1::Filter filter;
    if (filter.ParseFromArray(bytes.data() + 1, static_cast<int>(bytes.size() - 1))) try_filter(filter);
    return;
  }
  const Result<Json> json = parse_json(bytes, 67);
  if (!json) return;
  const Result<v1::Filter> filter = filter_from_json(*json);
  if (filter) return try_filter(*filter);
  MNEMO_CHECK(filter.error().code == Code::kInvalidArgument && is_utf8(filter.error().message));
}

}  // namespace
}  // namespace mnemo

// protobuf would write a line for every string that is not UTF-8.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mnemo::try_bytes(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
