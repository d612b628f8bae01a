#include "server/http/request_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "events/envelope.h"
#include "events/json_syntax.h"
#include "server/http/message_reader.h"

namespace mnemo {
namespace {

static_assert(kBodyDepthMax == kJsonDepthMax + 3, "the body, its list of memories, a memory");

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

bool query_may_say(Query query, std::string_view name) {
  switch (query) {
    case Query::kFields: return true;
    case Query::kScope: return name == "namespace" || name == "agent_id" || name == "agentId";
    case Query::kNothing:
    case Query::kOwn: return false;
  }
  return false;
}

Status read_query(const HttpRequest& request, const Route& route, MessageReader& reader) {
  for (const auto& [name, value] : request.query) {
    if (!is_utf8(name) || !is_utf8(value)) return invalid("the query is not UTF-8: send it percent-encoded as UTF-8");
    if (!query_may_say(route.query, name)) {
      return invalid(fmt::format("'{}' is no parameter of {} {}{}", excerpt(name), route.method, route.path,
                                 route.query == Query::kScope ? ": the query takes namespace and agent_id"
                                 : route.body == Body::kNone  ? ""
                                                              : ": give it in the body"));
    }
    MNEMO_TRY(reader.set(name, value));
  }
  return {};
}

Status read_body(const HttpRequest& request, const Route& route, MessageReader& reader) {
  if (request.body.empty() && route.body != Body::kRequired) return {};
  if (route.body == Body::kNone) {
    return invalid(fmt::format("{} {} takes no body: give fields in the query", route.method, route.path));
  }
  MNEMO_ASSIGN(const Json json, body_json(request));
  return reader.read(json);
}

}  // namespace

Status read_request(const RoutedRequest& exchange, const Route& route, google::protobuf::Message& out) {
  MessageReader reader(out);
  for (const std::string& id : exchange.parameters) {
    if (id.empty()) {
      return invalid(route.path.starts_with("/v1/memories/")
                         ? "the path names no memory: put its id after /v1/memories/"
                         : fmt::format("the path names nothing: it is {}", route.path));
    }
    if (!is_utf8(id)) return invalid("the id in the path is not UTF-8: send it percent-encoded as UTF-8");
    MNEMO_TRY(reader.set("id", id));
  }
  MNEMO_TRY(read_query(exchange.request, route, reader));
  return read_body(exchange.request, route, reader);
}

Result<Json> body_json(const HttpRequest& request) {
  if (request.body.empty()) return invalid("the body is empty: send a JSON object");
  return parse_json(request.body, kBodyDepthMax);
}

bool content_type_fits(const HttpRequest& request) {
  if (request.body.empty()) return true;
  std::string_view type = request.header("Content-Type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  constexpr std::string_view kJson = "application/json";
  return std::equal(type.begin(), type.end(), kJson.begin(), kJson.end(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

}  // namespace mnemo
