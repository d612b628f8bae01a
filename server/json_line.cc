#include "server/json_line.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "server/json_embedding.h"

namespace mnemo {
namespace {

using Setter = std::function<Status(const Json& value)>;
using Setters = std::map<std::string, Setter, std::less<>>;

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

Setter text_into(std::string* out, const char* name) {
  return [out, name](const Json& value) -> Status {
    if (!value.is_string()) return invalid(fmt::format("'{}' must be a string", name));
    *out = value.get<std::string>();
    return {};
  };
}

// Every member has a setter, or is named.
Status read_members(const Json& json, std::string_view what, const Setters& setters) {
  if (!json.is_object()) return invalid(fmt::format("{} must be a JSON object", what));
  for (const auto& [name, value] : json.items()) {
    const auto setter = setters.find(name);
    if (setter == setters.end()) return invalid(fmt::format("'{}' is no field of {}", name, what));
    MNEMO_TRY(setter->second(value));
  }
  return {};
}

Status read_link(const Json& json, v1::Linked& e) {
  return read_members(json, "a link",
                      {{"from", text_into(e.mutable_from_memory_id(), "link.from")},
                       {"type", text_into(e.mutable_type(), "link.type")},
                       {"to", text_into(e.mutable_to_memory_id(), "link.to")}});
}

Status read_attach(const Json& json, v1::EmbeddingAttached& e) {
  e.set_version(1);
  const auto version = [&e](const Json& value) -> Status {
    const bool in_range =
        value.is_number_unsigned() && value.get<uint64_t>() >= 1 && value.get<uint64_t>() <= UINT32_MAX;
    if (!in_range) return invalid("'attach.version' must be a whole number from 1");
    e.set_version(static_cast<uint32_t>(value.get<uint64_t>()));
    return {};
  };
  const auto embedding = [&e](const Json& value) -> Status {
    MNEMO_ASSIGN(*e.mutable_embedding(), embedding_from_json(value));
    return {};
  };
  return read_members(
      json, "an attached embedding",
      {{"id", text_into(e.mutable_memory_id(), "attach.id")}, {"version", version}, {"embedding", embedding}});
}

Json line_of(const Scope& scope) { return {{"namespace", scope.name_space}, {"agent_id", scope.agent_id}}; }

}  // namespace

Result<v1::Envelope> envelope_from_line(const Json& line, std::string_view default_namespace) {
  const bool link = line.is_object() && line.contains("link");
  const bool attach = line.is_object() && line.contains("attach");
  if (!link && !attach) return remembered_from_json(line, default_namespace);
  v1::Envelope envelope;
  envelope.set_namespace_(std::string(default_namespace));
  Setters setters = {{"namespace", text_into(envelope.mutable_namespace_(), "namespace")},
                     {"agent_id", text_into(envelope.mutable_agent_id(), "agent_id")}};
  if (link) {
    setters["link"] = [&envelope](const Json& value) { return read_link(value, *envelope.mutable_linked()); };
  } else {
    setters["attach"] = [&envelope](const Json& value) {
      return read_attach(value, *envelope.mutable_embedding_attached());
    };
  }
  MNEMO_TRY(read_members(line, link ? "a line with a link" : "a line that attaches an embedding", setters));
  return envelope;
}

Json link_line(const Scope& scope, std::string_view from, std::string_view type, std::string_view to) {
  Json line = line_of(scope);
  line["link"] = {{"from", from}, {"type", type}, {"to", to}};
  return line;
}

Json attach_line(const Scope& scope, std::string_view id, Json embedding) {
  Json line = line_of(scope);
  line["attach"] = {{"id", id}, {"embedding", std::move(embedding)}};
  return line;
}

}  // namespace mnemo
