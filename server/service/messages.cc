#include "server/service/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "events/envelope.h"
#include "server/json/parse.h"

namespace mnemo {
namespace {

constexpr int64_t kMsPerSecond = 1000;
constexpr int32_t kNanosPerMs = 1'000'000;
constexpr double kThousandths = 1000;
constexpr size_t kContentDepthMax = 64;

Result<int32_t> importance_from(double importance) {
  // A comparison with what is no number is false.
  if (importance >= 0 && importance <= 1) return static_cast<int32_t>(std::lround(importance * kThousandths));
  return fail(Code::kInvalidArgument, "importance must be a number from 0 to 1");
}

using MetadataMap = google::protobuf::Map<std::string, v1::MetadataValue>;

v1::MetadataEntry entry_from(const std::string& key, const v1::MetadataValue& value) {
  v1::MetadataEntry entry;
  entry.set_key(key);
  switch (value.value_case()) {
    case v1::MetadataValue::kText: entry.mutable_text()->set_plain(value.text()); break;
    case v1::MetadataValue::kNumber: entry.set_number(value.number()); break;
    case v1::MetadataValue::kFlag: entry.set_flag(value.flag()); break;
    case v1::MetadataValue::VALUE_NOT_SET: break;  // refused with the event
  }
  return entry;
}

// By key: a map has no order, and events of the same request are to be the same bytes.
void set_metadata(const MetadataMap& map, google::protobuf::RepeatedPtrField<v1::MetadataEntry>& out) {
  for (const auto& [key, value] : map) *out.Add() = entry_from(key, value);
  std::sort(out.begin(), out.end(),
            [](const v1::MetadataEntry& a, const v1::MetadataEntry& b) { return a.key() < b.key(); });
}

void set_embedding(v1::EmbeddingInput& input, v1::Embedding& out) {
  out.set_model(std::move(*input.mutable_model()));
  std::string& bytes = *out.mutable_values_f32_le();
  bytes.reserve(static_cast<size_t>(input.values_size()) * sizeof(float));
  for (const float value : input.values()) {
    const auto bits = std::bit_cast<uint32_t>(value);
    for (uint32_t shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(bits >> shift & 0xffU));
  }
}

// Fields that both events have, under the same names; those given alone.
template <typename Input, typename Event>
Status set_times_and_importance(const Input& input, Event& e) {
  if (input.has_observed_at()) {
    MNEMO_ASSIGN(const TimestampMs time, time_from(input.observed_at(), "observed_at"));
    e.set_observed_at_ms(time);
  }
  if (input.has_expires_at()) {
    MNEMO_ASSIGN(const TimestampMs time, time_from(input.expires_at(), "expires_at"));
    // On the log, 0 says that there is none.
    if (time <= 0) return fail(Code::kInvalidArgument, "expires_at must be later than 1970-01-01T00:00:00Z");
    e.set_expires_at_ms(time);
  }
  if (input.has_importance()) {
    MNEMO_ASSIGN(const int32_t importance, importance_from(input.importance()));
    e.set_importance(importance);
  }
  return {};
}

v1::MetadataValue value_from(Memory::MetadataValue& entry) {
  v1::MetadataValue value;
  switch (entry.type) {
    case MetadataView::Type::kText: value.set_text(std::move(entry.text)); break;
    case MetadataView::Type::kNumber: value.set_number(std::bit_cast<double>(entry.number_bits)); break;
    case MetadataView::Type::kFlag: value.set_flag(entry.flag); break;
  }
  return value;
}

template <typename Enum>
Enum enum_from(std::string_view name, int most, std::string_view (*name_of)(uint8_t)) {
  for (int number = 1; number <= most; ++number) {
    if (name == name_of(static_cast<uint8_t>(number))) return static_cast<Enum>(number);
  }
  return static_cast<Enum>(0);
}

v1::RetrieveResponse::TermShare message_from(TermShare share) {
  v1::RetrieveResponse::TermShare out;
  out.set_term(std::move(share.term));
  out.set_documents(share.documents);
  out.set_count(share.count);
  out.set_share(share.share);
  return out;
}

v1::RetrieveResponse::Explain message_from(Explain explain) {
  v1::RetrieveResponse::Explain out;
  out.set_profile(std::move(explain.profile));
  for (std::string& term : explain.query_terms) out.add_query_terms(std::move(term));
  for (std::string& name : explain.dropped) out.add_dropped(std::move(name));
  out.set_documents(explain.documents);
  out.set_candidates(explain.candidates);
  return out;
}

// As strict as the HTTP door: what one door takes, every other must be able to print.
Status check_content(const std::string& content) {
  if (content.empty()) return {};
  const Result<Json> json = parse_json(content, kContentDepthMax);
  if (json) return {};
  return fail(json.error().code, fmt::format("content: {}", json.error().message));
}

}  // namespace

Result<TimestampMs> time_from(const google::protobuf::Timestamp& time, std::string_view field) {
  constexpr int64_t kSecondsMin = kTimeMinMs / kMsPerSecond;
  constexpr int64_t kSecondsMax = kTimeMaxMs / kMsPerSecond;
  const bool in_range = time.seconds() >= kSecondsMin && time.seconds() <= kSecondsMax;
  const bool whole = time.nanos() >= 0 && time.nanos() < kNanosPerMs * kMsPerSecond;
  if (in_range && whole) return time.seconds() * kMsPerSecond + time.nanos() / kNanosPerMs;
  return fail(Code::kInvalidArgument,
              fmt::format("{} must be a time of the years 0001 to 9999, with 0 to 999,999,999 nanoseconds", field));
}

void set_time(TimestampMs time_ms, google::protobuf::Timestamp& out) {
  int64_t seconds = time_ms / kMsPerSecond;
  int64_t rest = time_ms % kMsPerSecond;
  if (rest < 0) {
    --seconds;
    rest += kMsPerSecond;
  }
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(rest) * kNanosPerMs);
}

Result<v1::Remembered> remembered_from(v1::MemoryInput input) {
  MNEMO_TRY(check_content(input.content()));
  v1::Remembered e;
  e.set_memory_id(std::move(*input.mutable_id()));
  e.mutable_text()->set_plain(std::move(*input.mutable_text()));
  e.set_session_id(std::move(*input.mutable_session_id()));
  e.set_speaker(std::move(*input.mutable_speaker()));
  e.set_class_(input.class_());
  e.set_kind(std::move(*input.mutable_kind()));
  *e.mutable_tags() = std::move(*input.mutable_tags());
  set_metadata(input.metadata(), *e.mutable_metadata());
  if (!input.content().empty()) e.mutable_content()->set_plain(std::move(*input.mutable_content()));
  e.set_source(std::move(*input.mutable_source()));
  MNEMO_TRY(set_times_and_importance(input, e));
  e.set_pinned(input.pinned());
  if (input.has_embedding()) set_embedding(*input.mutable_embedding(), *e.mutable_embedding());
  e.set_tier(input.tier());
  return e;
}

Result<v1::Updated> updated_from(v1::UpdateMemoryRequest request) {
  MNEMO_TRY(check_content(request.content()));
  v1::Updated e;
  e.set_memory_id(std::move(*request.mutable_id()));
  e.set_expected_version(request.expected_version());
  if (request.has_text()) e.mutable_text()->set_plain(std::move(*request.mutable_text()));
  if (request.has_session_id()) e.set_session_id(std::move(*request.mutable_session_id()));
  if (request.has_speaker()) e.set_speaker(std::move(*request.mutable_speaker()));
  e.set_class_(request.class_());
  if (request.has_kind()) e.set_kind(std::move(*request.mutable_kind()));
  if (request.has_tags()) *e.mutable_tags() = std::move(*request.mutable_tags());
  if (request.has_metadata()) set_metadata(request.metadata().entries(), *e.mutable_metadata()->mutable_entries());
  if (request.has_content()) e.mutable_content()->set_plain(std::move(*request.mutable_content()));
  if (request.has_source()) e.set_source(std::move(*request.mutable_source()));
  MNEMO_TRY(set_times_and_importance(request, e));
  if (request.never_expires()) {
    if (request.has_expires_at()) {
      return fail(Code::kInvalidArgument, "never_expires and expires_at are both given: give one of them");
    }
    e.set_expires_at_ms(0);
  }
  if (request.has_pinned()) e.set_pinned(request.pinned());
  e.set_tier(request.tier());
  return e;
}

v1::Memory message_from(Memory memory) {
  v1::Memory out;
  out.set_id(std::move(memory.id));
  out.set_namespace_(std::move(memory.name_space));
  out.set_agent_id(std::move(memory.agent_id));
  out.set_version(memory.version);
  out.set_text(std::move(memory.text));
  out.set_session_id(std::move(memory.session_id));
  out.set_speaker(std::move(memory.speaker));
  out.set_class_(enum_from<v1::MemoryClass>(memory.memory_class, v1::MemoryClass_MAX, class_name));
  out.set_kind(std::move(memory.kind));
  out.set_tier(enum_from<v1::Tier>(memory.tier, v1::Tier_MAX, tier_name));
  for (std::string& tag : memory.tags) out.add_tags(std::move(tag));
  for (Memory::MetadataValue& entry : memory.metadata) (*out.mutable_metadata())[entry.key] = value_from(entry);
  out.set_content(std::move(memory.content));
  out.set_source(std::move(memory.source));
  set_time(memory.observed_at_ms, *out.mutable_observed_at());
  set_time(memory.created_at_ms, *out.mutable_created_at());
  set_time(memory.recorded_at_ms, *out.mutable_recorded_at());
  if (memory.expires_at_ms != 0) set_time(memory.expires_at_ms, *out.mutable_expires_at());
  if (memory.importance >= 0) out.set_importance(memory.importance / kThousandths);
  out.set_pinned(memory.pinned);
  out.set_superseded(memory.superseded);
  out.set_event_id(std::move(memory.event_id));
  return out;
}

v1::RetrieveResponse message_from(Answer answer, bool explain) {
  v1::RetrieveResponse out;
  for (Hit& hit : answer.hits) {
    v1::RetrieveResponse::Result& result = *out.add_results();
    *result.mutable_memory() = message_from(std::move(hit.memory));
    result.set_score(hit.score);
    for (TermShare& share : hit.terms) *result.add_explain() = message_from(std::move(share));
  }
  out.set_context(std::move(answer.context));
  out.set_position(to_string(answer.position));
  out.set_truncated(answer.truncated);
  out.set_cached(answer.cached);
  if (explain) *out.mutable_explain() = message_from(std::move(answer.explain));
  return out;
}

}  // namespace mnemo
