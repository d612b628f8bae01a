#include "server/http/route_table.h"

#include <fmt/format.h>

#include "events/envelope.h"
#include "server/http/batch.h"
#include "server/http/call_headers.h"
#include "server/http/message_writer.h"
#include "server/http/openapi.h"
#include "server/http/request_reader.h"
#include "server/http/responses.h"
#include "server/service/metrics.h"

namespace mnemo {
namespace {

using Handler = std::function<void(const RoutedRequest&, const Route&)>;

// Who asks and how; UNAUTHENTICATED, or INVALID_ARGUMENT of a header.
Result<Call> call_of(const RoutedRequest& exchange) {
  const HttpRoutes::Parts& parts = exchange.parts;
  MNEMO_ASSIGN(std::shared_ptr<const Principal> principal, parts.authenticate(exchange.request));
  return call_of(exchange.request, std::move(principal), parts.clock.now());
}

// The message that the fields of a request's body are of.
template <typename Request>
Request& fields_of(Request& request) {
  return request;
}
v1::MemoryInput& fields_of(v1::RememberRequest& request) { return *request.mutable_memory(); }

template <typename Request>
Result<Request> request_of(const RoutedRequest& exchange, const Route& route) {
  Request request;
  auto& fields = fields_of(request);
  MNEMO_TRY(read_request(exchange, route, fields));
  if constexpr (requires { fields.agent_id(); }) MNEMO_TRY(validate_scope(fields.namespace_(), fields.agent_id()));
  return request;
}

template <typename Response>
int status_of(const Response& response) {
  if constexpr (requires { response.pending(); }) return response.pending() ? 202 : 200;
  return 200;
}
int status_of(const v1::RememberResponse& response) {
  if (response.pending()) return 202;
  return response.duplicate() ? 200 : 201;
}

template <typename Response>
HttpResponse response_of(const Result<Response>& answer) {
  if (!answer) return error_response(answer.error());
  return json_response(status_of(*answer), json_of_message(*answer));
}

template <typename Response>
Reply<Response> reply_to(HttpResponder respond) {
  return [respond = std::move(respond)](const Result<Response>& answer) { respond(response_of(answer)); };
}

template <typename Request, typename Response>
Handler rpc(void (Service::*method)(const Call&, Request, Reply<Response>)) {
  return [method](const RoutedRequest& exchange, const Route& route) {
    const Result<Call> call = call_of(exchange);
    if (!call) return exchange.respond(error_response(call.error()));
    Result<Request> request = request_of<Request>(exchange, route);
    if (!request) return exchange.respond(error_response(request.error()));
    (exchange.parts.service.*method)(*call, std::move(*request), reply_to<Response>(exchange.respond));
  };
}

template <typename Response>
Handler rpc(void (Service::*method)(const Call&, Reply<Response>)) {
  return [method](const RoutedRequest& exchange, const Route& route) {
    const Result<Call> call = call_of(exchange);
    if (!call) return exchange.respond(error_response(call.error()));
    v1::GetStatusRequest nothing;
    const Status read = read_request(exchange, route, nothing);
    if (!read) return exchange.respond(error_response(read.error()));
    (exchange.parts.service.*method)(*call, reply_to<Response>(exchange.respond));
  };
}

Result<Batch> batch_of(const RoutedRequest& exchange, const Route& route) {
  if (!exchange.request.query.empty()) {
    return fail(Code::kInvalidArgument, fmt::format("{} {} takes no query", route.method, route.path));
  }
  MNEMO_ASSIGN(const Json body, body_json(exchange.request));
  return Batch::from(body);
}

void remember_batch(const RoutedRequest& exchange, const Route& route) {
  const Result<Call> call = call_of(exchange);
  if (!call) return exchange.respond(error_response(call.error()));
  Result<Batch> batch = batch_of(exchange, route);
  if (!batch) return exchange.respond(error_response(batch.error()));
  if (batch->request.memories_size() == 0) return exchange.respond(response_of(batch->complete({})));
  v1::RememberBatchRequest request = batch->request;
  exchange.parts.service.remember_batch(
      *call, std::move(request), [batch = std::move(*batch), respond = exchange.respond](const auto& answer) {
        respond(response_of(answer.and_then([&](const auto& answered) { return batch.complete(answered); })));
      });
}

void healthz(const RoutedRequest& exchange, const Route&) {
  exchange.respond(json_response(200, R"({"status":"ok"})"));
}

Status ready(const Service& service, std::string_view what) {
  if (what != "write") MNEMO_TRY(service.ready_to_read());
  if (what != "read") MNEMO_TRY(service.ready_to_write());
  return {};
}

void readyz(const RoutedRequest& exchange, const Route&) {
  std::string_view what;
  for (const auto& [name, value] : exchange.request.query) {
    const bool known = name == "for" && (value == "read" || value == "write") && what.empty();
    if (!known) {
      return exchange.respond(
          error_response({Code::kInvalidArgument, "the query of /readyz may be for=read or for=write"}));
    }
    what = value;
  }
  const Status status = ready(exchange.parts.service, what);
  exchange.respond(status ? json_response(200, R"({"status":"ready"})") : error_response(status.error()));
}

void metrics(const RoutedRequest& exchange, const Route&) {
  const Result<std::shared_ptr<const Principal>> principal = exchange.parts.authenticate(exchange.request);
  if (!principal) return exchange.respond(error_response(principal.error()));
  exchange.parts.metrics(**principal, [respond = exchange.respond](Result<std::string> text) {
    if (!text) return respond(error_response(text.error()));
    HttpResponse response;
    response.content_type = Metrics::kContentType;
    response.body = *std::move(text);
    respond(std::move(response));
  });
}

void openapi(const RoutedRequest& exchange, const Route&) {
  exchange.respond(json_response(200, std::string(openapi_json())));
}

}  // namespace

const std::vector<Route>& route_table() {
  using enum Query;
  constexpr Body kNone = Body::kNone;
  constexpr Body kOptional = Body::kOptional;
  constexpr Body kRequired = Body::kRequired;
  static const std::vector<Route> table = {
      {"POST", "/v1/memories", Method::kRemember, kNothing, kRequired, rpc(&Service::remember)},
      {"POST", "/v1/memories:batch", Method::kRememberBatch, kOwn, kRequired, remember_batch},
      {"GET", "/v1/memories", Method::kListMemories, kFields, kNone, rpc(&Service::list)},
      {"GET", "/v1/memories/{id}", Method::kGetMemory, kFields, kNone, rpc(&Service::get)},
      {"PATCH", "/v1/memories/{id}", Method::kUpdateMemory, kScope, kRequired, rpc(&Service::update)},
      {"DELETE", "/v1/memories/{id}", Method::kForgetMemory, kFields, kOptional, rpc(&Service::forget)},
      {"GET", "/v1/memories/{id}/history", Method::kGetHistory, kFields, kNone, rpc(&Service::history)},
      {"GET", "/v1/memories/{id}/lineage", Method::kGetLineage, kFields, kNone, {}},
      {"POST", "/v1/memories/{id}/links", Method::kLinkMemories, kScope, kRequired, rpc(&Service::link)},
      {"DELETE", "/v1/memories/{id}/links", Method::kUnlinkMemories, kFields, kOptional, rpc(&Service::unlink)},
      {"PUT", "/v1/memories/{id}/embedding", Method::kAttachEmbedding, kScope, kRequired, {}},
      {"POST", "/v1/retrieve", Method::kRetrieve, kNothing, kRequired, rpc(&Service::retrieve)},
      {"POST", "/v1/forget", Method::kForgetByFilter, kNothing, kRequired, rpc(&Service::forget_by_filter)},
      {"POST", "/v1/consolidate", Method::kConsolidate, kNothing, kRequired, {}},
      {"POST", "/v1/prune", Method::kPrune, kNothing, kRequired, {}},
      {"GET", "/v1/agents", Method::kListAgents, kFields, kNone, rpc(&Service::agents)},
      {"GET", "/v1/export", Method::kExportMemories, kFields, kNone, rpc(&Service::export_memories)},
      {"GET", "/v1/status", Method::kGetStatus, kNothing, kNone, rpc(&Service::status)},
      {"GET", "/v1/digests", Method::kGetDigests, kNothing, kNone, rpc(&Service::digests)},
      {"GET", "/v1/changes", Method::kOther, kFields, kNone, {}},
      {"GET", "/v1/scheduler", Method::kOther, kNothing, kNone, {}},
      {"GET", "/v1/journal", Method::kListOperations, kFields, kNone, rpc(&Service::list_operations)},
      {"GET", "/v1/journal/{operation}", Method::kGetOperation, kNothing, kNone, rpc(&Service::get_operation)},
      {"GET", "/v1/deadletters", Method::kOther, kFields, kNone, {}},
      {"GET", "/v1/admin/policy", Method::kGetPolicy, kFields, kNone, rpc(&Service::get_policy)},
      {"POST", "/v1/admin/policy", Method::kSetPolicy, kNothing, kRequired, rpc(&Service::set_policy)},
      {"GET", "/v1/admin/rules", Method::kGetRules, kNothing, kNone, rpc(&Service::rules)},
      {"POST", "/v1/admin/rules:activate", Method::kActivateRules, kNothing, kOptional, rpc(&Service::activate_rules)},
      {"POST", "/v1/admin/{command}", Method::kOther, kNothing, kOptional, {}},
      {"GET", "/healthz", Method::kHealth, kOwn, kNone, healthz},
      {"GET", "/readyz", Method::kHealth, kOwn, kNone, readyz},
      {"GET", "/metrics", Method::kMetrics, kOwn, kNone, metrics},
      {"GET", "/openapi.json", Method::kOther, kOwn, kNone, openapi},
  };
  return table;
}

}  // namespace mnemo
