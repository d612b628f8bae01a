#include "server/http/connect.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "mnemo/v1/service.pb.h"
#include "server/http/call_headers.h"
#include "server/http/responses.h"
#include "server/json/parse.h"
#include "server/service/known_fields.h"

namespace mnemo {
namespace {

constexpr std::string_view kServices = "/mnemo.v1.";
constexpr std::string_view kContentType = "application/proto";
constexpr int kUnsupportedMediaType = 415;

HttpResponse refusal(const Error& error, int status) {
  std::string code(code_name(error.code));
  std::ranges::transform(code, code.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
  HttpResponse response =
      json_response(status, json_text({{"code", code == "cancelled" ? "canceled" : code}, {"message", error.message}}));
  response.error = error.code;
  response.headers.emplace_back("retryable", error.retryable ? "true" : "false");
  if (error.retry_after_ms != 0) response.headers.emplace_back("retry-after-ms", std::to_string(error.retry_after_ms));
  return response;
}
HttpResponse refusal(const Error& error) { return refusal(error, http_status(error.code)); }

Result<Call> call_of(const HttpRequest& request, const HttpRoutes::Parts& parts) {
  MNEMO_ASSIGN(std::shared_ptr<const Principal> principal, parts.authenticate(request));
  const MonotonicTime now = parts.clock.now();
  MNEMO_ASSIGN(Call call, mnemo::call_of(request, std::move(principal), now));
  const std::string_view timeout = request.header("connect-timeout-ms");
  if (timeout.empty()) return call;
  uint32_t ms = 0;
  const auto [end, error] = std::from_chars(timeout.data(), timeout.data() + timeout.size(), ms);
  if (error != std::errc() || end != timeout.data() + timeout.size() || ms == 0) {
    return fail(Code::kInvalidArgument, "header Connect-Timeout-Ms must be a number of milliseconds, not 0");
  }
  call.deadline = now + std::min<std::chrono::milliseconds>(std::chrono::milliseconds(ms), kRequestTimeoutMax);
  return call;
}

template <typename Request>
Result<Request> message_of(const HttpRequest& request) {
  Request message;
  if (!message.ParseFromString(request.body)) {
    return fail(Code::kInvalidArgument,
                fmt::format("the body is no {}, or a string in it is no UTF-8", message.GetDescriptor()->full_name()));
  }
  MNEMO_TRY(check_known_fields(message));
  return message;
}

using Handler = std::function<void(const HttpRequest&, const HttpRoutes::Parts&, const HttpResponder&)>;

template <typename Request, typename Ask>
Handler opened(Ask ask) {
  return [ask](const HttpRequest& request, const HttpRoutes::Parts& parts, const HttpResponder& respond) {
    const Result<Call> call = call_of(request, parts);
    if (!call) return respond(refusal(call.error()));
    Result<Request> message = message_of<Request>(request);
    if (!message) return respond(refusal(message.error()));
    ask(parts.service, *call, *std::move(message), respond);
  };
}

template <typename Response>
Reply<Response> reply_to(const HttpResponder& respond) {
  return [respond](const Result<Response>& answer) {
    if (!answer) return respond(refusal(answer.error()));
    HttpResponse response;
    response.content_type = kContentType;
    response.body = answer->SerializeAsString();
    respond(std::move(response));
  };
}

template <typename Request, typename Response>
Handler served(void (Service::*function)(const Call&, Request, Reply<Response>)) {
  return opened<Request>([function](Service& service, const Call& call, Request message, const HttpResponder& respond) {
    (service.*function)(call, std::move(message), reply_to<Response>(respond));
  });
}

template <typename Request, typename Response>
Handler served_plain(void (Service::*function)(const Call&, Reply<Response>)) {
  return opened<Request>([function](Service& service, const Call& call, const Request&, const HttpResponder& respond) {
    (service.*function)(call, reply_to<Response>(respond));
  });
}

const std::map<Method, Handler>& handlers() {
  static const std::map<Method, Handler> all = {
      {Method::kRemember, served(&Service::remember)},
      {Method::kRememberBatch, served(&Service::remember_batch)},
      {Method::kGetMemory, served(&Service::get)},
      {Method::kUpdateMemory, served(&Service::update)},
      {Method::kForgetMemory, served(&Service::forget)},
      {Method::kForgetByFilter, served(&Service::forget_by_filter)},
      {Method::kGetHistory, served(&Service::history)},
      {Method::kLinkMemories, served(&Service::link)},
      {Method::kUnlinkMemories, served(&Service::unlink)},
      {Method::kListMemories, served(&Service::list)},
      {Method::kListAgents, served(&Service::agents)},
      {Method::kExportMemories, served(&Service::export_memories)},
      {Method::kRetrieve, served(&Service::retrieve)},
      {Method::kGetStatus, served_plain<v1::GetStatusRequest>(&Service::status)},
      {Method::kGetDigests, served_plain<v1::GetDigestsRequest>(&Service::digests)},
      {Method::kListOperations, served(&Service::list_operations)},
      {Method::kGetOperation, served(&Service::get_operation)},
      {Method::kSetPolicy, served(&Service::set_policy)},
      {Method::kGetPolicy, served(&Service::get_policy)},
      {Method::kGetRules, served_plain<v1::GetRulesRequest>(&Service::rules)},
      {Method::kActivateRules, served_plain<v1::ActivateRulesRequest>(&Service::activate_rules)},
  };
  return all;
}

Method method_of(std::string_view rpc) {
  for (size_t i = 0; i < kMethods; ++i) {
    if (method_name(static_cast<Method>(i)) == rpc) return static_cast<Method>(i);
  }
  return Method::kOther;
}

// By path: /SERVICE/RPC.
std::map<std::string, Method, std::less<>> methods_of(const google::protobuf::FileDescriptor& file) {
  std::map<std::string, Method, std::less<>> methods;
  for (int s = 0; s < file.service_count(); ++s) {
    const auto& service = *file.service(s);
    for (int m = 0; m < service.method_count(); ++m) {
      const std::string& name = service.method(m)->name();
      methods[fmt::format("/{}/{}", service.full_name(), name)] = method_of(name);
    }
  }
  return methods;
}

}  // namespace

bool is_connect(const HttpRequest& request) { return request.path.starts_with(kServices); }

Method connect_method(const HttpRequest& request) {
  static const auto methods = methods_of(*v1::Memory::descriptor()->file());
  const auto method = methods.find(request.path);
  return method == methods.end() ? Method::kOther : method->second;
}

void handle_connect(const HttpRequest& request, const HttpRoutes::Parts& parts, const HttpResponder& respond) {
  if (request.method != "POST") return respond(refusal({Code::kUnimplemented, "rpcs are asked by POST"}, 405));
  if (request.header("content-type") != kContentType) {
    return respond(refusal({Code::kInvalidArgument,
                            "rpcs take Content-Type: application/proto; docs/api.md has the "
                            "routes for JSON"},
                           kUnsupportedMediaType));
  }
  const auto handler = handlers().find(connect_method(request));
  if (handler == handlers().end()) {
    if (const auto who = parts.authenticate(request); !who) return respond(refusal(who.error()));
    return respond(refusal(
        {Code::kUnimplemented, fmt::format("{} is not served by this version of mnemo", excerpt(request.path))}));
  }
  handler->second(request, parts, respond);
}

}  // namespace mnemo
