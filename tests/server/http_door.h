// File: tests/server/http_door.h
// A service that keeps what it is asked and answers what it is told to, and the routes in front of it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "manager/monotonic_clock.h"
#include "server/http/routes.h"
#include "server/json/parse.h"
#include "server/service/service.h"

namespace mnemo {

class HttpRecorder final : public Service {
 public:
  struct Asked {
    std::string method;
    Call call;
    std::shared_ptr<google::protobuf::Message> request;  // none where the method has none
  };
  std::vector<Asked> asked;
  std::shared_ptr<google::protobuf::Message> answer;  // none: an empty message
  Status refusal;                                     // instead of an answer
  Status reads_ready;
  Status writes_ready;

  void remember(const Call& call, v1::RememberRequest r, Reply<v1::RememberResponse> reply) override {
    note("remember", call, r, reply);
  }
  void remember_batch(const Call& call, v1::RememberBatchRequest r, Reply<v1::RememberBatchResponse> reply) override {
    note("remember_batch", call, r, reply);
  }
  void update(const Call& call, v1::UpdateMemoryRequest r, Reply<v1::UpdateMemoryResponse> reply) override {
    note("update", call, r, reply);
  }
  void forget(const Call& call, v1::ForgetMemoryRequest r, Reply<v1::ForgetMemoryResponse> reply) override {
    note("forget", call, r, reply);
  }
  void forget_by_filter(const Call& call, v1::ForgetByFilterRequest r,
                        Reply<v1::ForgetByFilterResponse> reply) override {
    note("forget_by_filter", call, r, reply);
  }
  void link(const Call& call, v1::LinkMemoriesRequest r, Reply<v1::LinkMemoriesResponse> reply) override {
    note("link", call, r, reply);
  }
  void unlink(const Call& call, v1::UnlinkMemoriesRequest r, Reply<v1::UnlinkMemoriesResponse> reply) override {
    note("unlink", call, r, reply);
  }
  void get(const Call& call, v1::GetMemoryRequest r, Reply<v1::GetMemoryResponse> reply) override {
    note("get", call, r, reply);
  }
  void history(const Call& call, v1::GetHistoryRequest r, Reply<v1::GetHistoryResponse> reply) override {
    note("history", call, r, reply);
  }
  void list(const Call& call, v1::ListMemoriesRequest r, Reply<v1::ListMemoriesResponse> reply) override {
    note("list", call, r, reply);
  }
  void agents(const Call& call, v1::ListAgentsRequest r, Reply<v1::ListAgentsResponse> reply) override {
    note("agents", call, r, reply);
  }
  void export_memories(const Call& call, v1::ExportMemoriesRequest r,
                       Reply<v1::ExportMemoriesResponse> reply) override {
    note("export_memories", call, r, reply);
  }
  void retrieve(const Call& call, v1::RetrieveRequest r, Reply<v1::RetrieveResponse> reply) override {
    note("retrieve", call, r, reply);
  }
  void status(const Call& call, Reply<v1::GetStatusResponse> reply) override {
    note("status", call, v1::GetStatusRequest(), reply);
  }
  void digests(const Call& call, Reply<v1::GetDigestsResponse> reply) override {
    note("digests", call, v1::GetDigestsRequest(), reply);
  }
  void list_operations(const Call& call, v1::ListOperationsRequest r,
                       Reply<v1::ListOperationsResponse> reply) override {
    note("list_operations", call, r, reply);
  }
  void get_operation(const Call& call, v1::GetOperationRequest r, Reply<v1::GetOperationResponse> reply) override {
    note("get_operation", call, r, reply);
  }
  void set_policy(const Call& call, v1::SetPolicyRequest r, Reply<v1::SetPolicyResponse> reply) override {
    note("set_policy", call, r, reply);
  }
  void get_policy(const Call& call, v1::GetPolicyRequest r, Reply<v1::GetPolicyResponse> reply) override {
    note("get_policy", call, r, reply);
  }
  void rules(const Call& call, Reply<v1::GetRulesResponse> reply) override {
    note("rules", call, v1::GetRulesRequest(), reply);
  }
  void activate_rules(const Call& call, Reply<v1::ActivateRulesResponse> reply) override {
    note("activate_rules", call, v1::ActivateRulesRequest(), reply);
  }
  Status ready_to_read() const override { return reads_ready; }
  Status ready_to_write() const override { return writes_ready; }

 private:
  template <typename Request, typename Response>
  void note(std::string method, const Call& call, const Request& request, const Reply<Response>& reply) {
    asked.push_back({std::move(method), call, std::make_shared<Request>(request)});
    if (!refusal) return reply(fail(refusal.error()));
    reply(answer ? dynamic_cast<const Response&>(*answer) : Response());
  }
};

// The routes before a recording service; the key "secret" opens them where keys are asked for.
struct HttpDoor {
  HttpRecorder service;
  ManualMonotonicClock clock;
  bool keys_asked_for = false;
  HttpRoutes routes{{.service = service,
                     .clock = clock,
                     .authenticate = [this](const HttpRequest& request) { return authenticate(request); },
                     .metrics = [](const Principal&, const Reply<std::string>& reply) { reply("mnemo_up 1\n"); },
                     .observer = nullptr}};

  Result<std::shared_ptr<const Principal>> authenticate(const HttpRequest& request) const {
    if (keys_asked_for && request.header("Authorization") != "Bearer secret") {
      return fail(Code::kUnauthenticated, "send the header Authorization: Bearer KEY");
    }
    return std::make_shared<const Principal>(Principal{.name = "somebody", .namespaces = {}});
  }

  // The one answer; the request has a body of JSON where it has one.
  HttpResponse send(HttpRequest request) {
    if (!request.body.empty() && request.header("Content-Type").empty()) {
      request.headers.emplace_back("Content-Type", "application/json");
    }
    std::vector<HttpResponse> answers;
    routes.handle(request, [&answers](HttpResponse response) { answers.push_back(std::move(response)); });
    MNEMO_CHECK(answers.size() == 1);
    return answers.front();
  }
  // `target` is a path and perhaps a query, whose values stand for themselves.
  HttpResponse send(std::string_view method, std::string_view target, std::string_view body = "") {
    HttpRequest request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    request.body = body;
    for (size_t at = target.find('?'); at != std::string_view::npos;) {
      const size_t end = target.find('&', at + 1);
      const std::string_view pair = target.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
      const size_t equals = pair.find('=');
      request.query.emplace_back(pair.substr(0, equals),
                                 equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
      at = end;
    }
    return send(std::move(request));
  }
  // What the service was asked, once, as the message that it is.
  template <typename Request>
  Request asked(const std::string& method) const {
    if (service.asked.size() != 1 || service.asked[0].method != method) return {};
    return dynamic_cast<const Request&>(*service.asked[0].request);
  }
};

inline std::string_view header_of(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace mnemo
