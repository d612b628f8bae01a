#include "server/json_memory.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <functional>
#include <map>

#include "events/clock.h"
#include "server/http/message_writer.h"
#include "server/json/fields.h"
#include "server/json_embedding.h"
#include "server/service/error_info.h"
#include "server/service/messages.h"

namespace mnemo {
namespace {

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

Status set_tags(const Json& value, v1::Remembered& e) {
  if (!value.is_array()) return invalid("'tags' must be a list of strings");
  for (const Json& tag : value) {
    MNEMO_ASSIGN(*e.add_tags(), read_text(tag, "tags"));
  }
  return {};
}

Status set_metadata(const Json& value, v1::Remembered& e) {
  if (!value.is_object()) return invalid("'metadata' must be an object");
  for (const auto& [key, entry] : value.items()) {
    v1::MetadataEntry& out = *e.add_metadata();
    out.set_key(key);
    MNEMO_ASSIGN(Scalar scalar, read_scalar(entry, "metadata." + key));
    if (auto* const text = std::get_if<std::string>(&scalar)) {
      out.mutable_text()->set_plain(std::move(*text));
    } else if (const auto* const number = std::get_if<double>(&scalar)) {
      out.set_number(*number);
    } else {
      out.set_flag(std::get<bool>(scalar));
    }
  }
  return {};
}

Status set_class(const Json& value, v1::Remembered& e) {
  MNEMO_ASSIGN(const int number, read_enum(value, *v1::MemoryClass_descriptor(), "class"));
  e.set_class_(static_cast<v1::MemoryClass>(number));
  return {};
}

Status set_tier(const Json& value, v1::Remembered& e) {
  MNEMO_ASSIGN(const int number, read_enum(value, *v1::Tier_descriptor(), "tier"));
  e.set_tier(static_cast<v1::Tier>(number));
  return {};
}

Status set_embedding(const Json& value, v1::Remembered& e) {
  MNEMO_ASSIGN(*e.mutable_embedding(), embedding_from_json(value));
  return {};
}

Status set_importance(const Json& value, v1::Remembered& e) {
  const bool in_range = value.is_number() && value.get<double>() >= 0 && value.get<double>() <= 1;
  if (!in_range) return invalid("'importance' must be a number from 0 to 1");
  e.set_importance(static_cast<int32_t>(std::lround(value.get<double>() * 1000)));
  return {};
}

Status set_pinned(const Json& value, v1::Remembered& e) {
  MNEMO_ASSIGN(const bool pinned, read_flag(value, "pinned"));
  e.set_pinned(pinned);
  return {};
}

using Setter = std::function<Status(const Json&, v1::Envelope&)>;

// A field that is copied as it is.
template <typename Set>
Setter string_field(const char* name, Set set) {
  return [name, set](const Json& value, v1::Envelope& envelope) -> Status {
    MNEMO_ASSIGN(std::string text, read_text(value, name));
    set(envelope, std::move(text));
    return {};
  };
}

Setter checked(Status (*set)(const Json&, v1::Remembered&)) {
  return [set](const Json& value, v1::Envelope& envelope) { return set(value, *envelope.mutable_remembered()); };
}

const std::map<std::string, Setter, std::less<>>& setters() {
  using E = v1::Envelope;
  static const std::map<std::string, Setter, std::less<>> table = {
      {"namespace", string_field("namespace", [](E& e, std::string t) { e.set_namespace_(std::move(t)); })},
      {"agent_id", string_field("agent_id", [](E& e, std::string t) { e.set_agent_id(std::move(t)); })},
      {"idempotency_key",
       string_field("idempotency_key", [](E& e, std::string t) { e.set_idempotency_key(std::move(t)); })},
      {"id", string_field("id", [](E& e, std::string t) { e.mutable_remembered()->set_memory_id(std::move(t)); })},
      {"text",
       string_field("text",
                    [](E& e, std::string t) { e.mutable_remembered()->mutable_text()->set_plain(std::move(t)); })},
      {"session_id",
       string_field("session_id", [](E& e, std::string t) { e.mutable_remembered()->set_session_id(std::move(t)); })},
      {"speaker",
       string_field("speaker", [](E& e, std::string t) { e.mutable_remembered()->set_speaker(std::move(t)); })},
      {"kind", string_field("kind", [](E& e, std::string t) { e.mutable_remembered()->set_kind(std::move(t)); })},
      {"source", string_field("source", [](E& e, std::string t) { e.mutable_remembered()->set_source(std::move(t)); })},
      {"class", checked(set_class)},
      {"tier", checked(set_tier)},
      {"tags", checked(set_tags)},
      {"metadata", checked(set_metadata)},
      {"embedding", checked(set_embedding)},
      {"importance", checked(set_importance)},
      {"pinned", checked(set_pinned)},
      {"content",
       [](const Json& value, E& e) -> Status {
         e.mutable_remembered()->mutable_content()->set_plain(value.dump());
         return {};
       }},
      {"observed_at",
       [](const Json& value, E& e) -> Status {
         MNEMO_ASSIGN(const TimestampMs time, read_time(value, "observed_at"));
         e.mutable_remembered()->set_observed_at_ms(time);
         return {};
       }},
      {"expires_at",
       [](const Json& value, E& e) -> Status {
         MNEMO_ASSIGN(const TimestampMs time, read_time(value, "expires_at"));
         e.mutable_remembered()->set_expires_at_ms(time);
         return {};
       }},
  };
  return table;
}

Json metadata_json(const Memory& memory) {
  Json out = Json::object();
  for (const Memory::MetadataValue& entry : memory.metadata) {
    switch (entry.type) {
      case MetadataView::Type::kText: out[entry.key] = entry.text; break;
      case MetadataView::Type::kNumber: out[entry.key] = number_json(std::bit_cast<double>(entry.number_bits)); break;
      case MetadataView::Type::kFlag: out[entry.key] = entry.flag; break;
    }
  }
  return out;
}

Json content_json(const std::string& content) {
  Json json = Json::parse(content, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? Json(content) : json;
}

}  // namespace

Result<v1::Envelope> remembered_from_json(const Json& memory, std::string_view default_namespace) {
  if (!memory.is_object()) return invalid("a memory must be a JSON object");
  v1::Envelope envelope;
  envelope.set_namespace_(std::string(default_namespace));
  envelope.mutable_remembered();
  for (const auto& [name, value] : memory.items()) {
    const auto setter = setters().find(name);
    if (setter == setters().end()) return invalid(fmt::format("'{}' is no field of a memory", name));
    if (value.is_null()) continue;
    MNEMO_TRY(setter->second(value, envelope));
  }
  return envelope;
}

Json importable_json_from(const Memory& m) {
  Json out;
  out["namespace"] = m.name_space;
  out["agent_id"] = m.agent_id;
  out["id"] = m.id;
  out["text"] = m.text;
  if (!m.session_id.empty()) out["session_id"] = m.session_id;
  if (!m.speaker.empty()) out["speaker"] = m.speaker;
  out["class"] = m.memory_class;
  out["kind"] = m.kind;
  out["tier"] = m.tier;
  out["tags"] = m.tags;
  out["metadata"] = metadata_json(m);
  if (!m.content.empty()) out["content"] = content_json(m.content);
  if (!m.source.empty()) out["source"] = m.source;
  out["observed_at"] = to_rfc3339(m.observed_at_ms);
  if (m.expires_at_ms != 0) out["expires_at"] = to_rfc3339(m.expires_at_ms);
  if (m.importance >= 0) out["importance"] = m.importance / 1000.0;
  if (m.pinned) out["pinned"] = true;
  return out;
}

Json json_of(const google::protobuf::Message& message) { return Json::parse(json_of_message(message)); }

Json json_from(const Error& error) { return {{"error", json_of(error_info(error))}}; }

}  // namespace mnemo
