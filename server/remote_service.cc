#include "server/remote_service.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <fstream>

#include "server/json/parse.h"
#include "server/retried.h"

namespace mnemo {
namespace {

using std::chrono::milliseconds;

constexpr auto kConnectMax = std::chrono::seconds(5);
constexpr auto kAnswerGrace = std::chrono::seconds(1);  // for the way back

// "invalid_argument" as INVALID_ARGUMENT; the protocol spells one of them in the American way.
Code code_named(std::string name) {
  if (name == "canceled") return Code::kCancelled;
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  for (int number = 1; number <= static_cast<int>(Code::kUnauthenticated); ++number) {
    if (code_name(static_cast<Code>(number)) == name) return static_cast<Code>(number);
  }
  return Code::kUnknown;
}

class RemoteService final : public Service {
 public:
  RemoteService(const RemoteOptions& options, const MonotonicClock& clock)
      : url_(options.url), clock_(clock), http_(options.url) {
    http_.set_connection_timeout(kConnectMax);
    http_.set_keep_alive(true);
    http_.set_tcp_nodelay(true);
    if (!options.ca_cert.empty()) http_.set_ca_cert_path(options.ca_cert.c_str());
    if (!options.api_key.empty()) http_.set_bearer_token_auth(options.api_key);
  }
  bool is_valid() const { return http_.is_valid(); }

  void remember(const Call& c, v1::RememberRequest r, Reply<v1::RememberResponse> reply) override {
    // An id makes a retry as safe as a key does, and lets the same command be given again.
    if (!r.memory().id().empty()) return reply(ask<v1::RememberResponse>(c, "Remember", r));
    write(c, "Remember", r.memory().idempotency_key(), r, reply);
  }
  // Each of its memories has a key of its own.
  void remember_batch(const Call& c, v1::RememberBatchRequest r, Reply<v1::RememberBatchResponse> reply) override {
    for (v1::MemoryInput& memory : *r.mutable_memories()) {
      if (memory.idempotency_key().empty() && memory.id().empty()) memory.set_idempotency_key(new_key());
    }
    reply(ask<v1::RememberBatchResponse>(c, "RememberBatch", r));
  }
  void update(const Call& c, v1::UpdateMemoryRequest r, Reply<v1::UpdateMemoryResponse> reply) override {
    write(c, "UpdateMemory", r.idempotency_key(), r, reply);
  }
  void forget(const Call& c, v1::ForgetMemoryRequest r, Reply<v1::ForgetMemoryResponse> reply) override {
    write(c, "ForgetMemory", r.idempotency_key(), r, reply);
  }
  void forget_by_filter(const Call& c, v1::ForgetByFilterRequest r, Reply<v1::ForgetByFilterResponse> reply) override {
    write(c, "ForgetByFilter", r.idempotency_key(), r, reply);
  }
  void link(const Call& c, v1::LinkMemoriesRequest r, Reply<v1::LinkMemoriesResponse> reply) override {
    write(c, "LinkMemories", r.idempotency_key(), r, reply);
  }
  void unlink(const Call& c, v1::UnlinkMemoriesRequest r, Reply<v1::UnlinkMemoriesResponse> reply) override {
    write(c, "UnlinkMemories", r.idempotency_key(), r, reply);
  }
  void get(const Call& c, v1::GetMemoryRequest r, Reply<v1::GetMemoryResponse> reply) override {
    reply(ask<v1::GetMemoryResponse>(c, "GetMemory", r));
  }
  void history(const Call& c, v1::GetHistoryRequest r, Reply<v1::GetHistoryResponse> reply) override {
    reply(ask<v1::GetHistoryResponse>(c, "GetHistory", r));
  }
  void list(const Call& c, v1::ListMemoriesRequest r, Reply<v1::ListMemoriesResponse> reply) override {
    reply(ask<v1::ListMemoriesResponse>(c, "ListMemories", r));
  }
  void agents(const Call& c, v1::ListAgentsRequest r, Reply<v1::ListAgentsResponse> reply) override {
    reply(ask<v1::ListAgentsResponse>(c, "ListAgents", r));
  }
  void export_memories(const Call& c, v1::ExportMemoriesRequest r, Reply<v1::ExportMemoriesResponse> reply) override {
    reply(ask<v1::ExportMemoriesResponse>(c, "ExportMemories", r));
  }
  void retrieve(const Call& c, v1::RetrieveRequest r, Reply<v1::RetrieveResponse> reply) override {
    reply(ask<v1::RetrieveResponse>(c, "Retrieve", r));
  }
  void status(const Call& c, Reply<v1::GetStatusResponse> reply) override {
    reply(ask<v1::GetStatusResponse>(c, "GetStatus", v1::GetStatusRequest(), kAdmin));
  }
  void digests(const Call& c, Reply<v1::GetDigestsResponse> reply) override {
    reply(ask<v1::GetDigestsResponse>(c, "GetDigests", v1::GetDigestsRequest(), kAdmin));
  }
  void list_operations(const Call& c, v1::ListOperationsRequest r, Reply<v1::ListOperationsResponse> reply) override {
    reply(ask<v1::ListOperationsResponse>(c, "ListOperations", r, kAdmin));
  }
  void get_operation(const Call& c, v1::GetOperationRequest r, Reply<v1::GetOperationResponse> reply) override {
    reply(ask<v1::GetOperationResponse>(c, "GetOperation", r, kAdmin));
  }
  void set_policy(const Call& c, v1::SetPolicyRequest r, Reply<v1::SetPolicyResponse> reply) override {
    write(c, "SetPolicy", r.idempotency_key(), r, reply, kAdmin);
  }
  void get_policy(const Call& c, v1::GetPolicyRequest r, Reply<v1::GetPolicyResponse> reply) override {
    reply(ask<v1::GetPolicyResponse>(c, "GetPolicy", r, kAdmin));
  }
  void rules(const Call& c, Reply<v1::GetRulesResponse> reply) override {
    reply(ask<v1::GetRulesResponse>(c, "GetRules", v1::GetRulesRequest(), kAdmin));
  }
  void activate_rules(const Call& c, Reply<v1::ActivateRulesResponse> reply) override {
    reply(ask<v1::ActivateRulesResponse>(c, "ActivateRules", v1::ActivateRulesRequest(), kAdmin));
  }
  Status ready_to_read() const override { return ready("read"); }
  Status ready_to_write() const override { return ready("write"); }

 private:
  static constexpr std::string_view kMemories = "MemoryService";
  static constexpr std::string_view kAdmin = "AdminService";

  template <typename Request, typename Response>
  void write(const Call& call, std::string_view rpc, const std::string& key, const Request& request,
             const Reply<Response>& reply, std::string_view service = kMemories) {
    Call keyed = call;
    if (keyed.idempotency_key.empty() && key.empty()) keyed.idempotency_key = new_key();
    reply(ask<Response>(keyed, rpc, request, service));
  }

  template <typename Response>
  Result<Response> ask(const Call& call, std::string_view rpc, const google::protobuf::Message& request,
                       std::string_view service = kMemories) {
    return retried(retries_, clock_, call.deadline, [&] { return attempt<Response>(call, rpc, request, service); });
  }

  template <typename Response>
  Result<Response> attempt(const Call& call, std::string_view rpc, const google::protobuf::Message& request,
                           std::string_view service) {
    const auto left = std::chrono::ceil<milliseconds>(call.deadline - clock_.now());
    if (left.count() <= 0) return fail(Code::kDeadlineExceeded, "no answer in time", true);
    httplib::Request sent;
    sent.method = "POST";
    sent.path = fmt::format("/mnemo.v1.{}/{}", service, rpc);
    sent.body = request.SerializeAsString();
    sent.set_header("Content-Type", "application/proto");
    sent.set_header("Connect-Protocol-Version", "1");
    sent.set_header("Connect-Timeout-Ms", std::to_string(left.count()));
    if (!call.idempotency_key.empty()) sent.set_header("Idempotency-Key", call.idempotency_key);
    if (!call.correlation_id.empty()) sent.set_header("X-Correlation-Id", call.correlation_id);
    http_.set_read_timeout(left + kAnswerGrace);
    http_.set_write_timeout(left + kAnswerGrace);
    const httplib::Result result = http_.send(sent);
    if (!result) return fail(unreached(result.error()));
    if (result->status != 200) return fail(error_of(*result));
    Response response;
    if (response.ParseFromString(result->body)) return response;
    return fail(Code::kUnavailable, fmt::format("{} is no mnemo server of this version", url_));
  }

  Error unreached(httplib::Error error) const { return {Code::kUnavailable, why_unreached(error), true, 0}; }

  // By what the connection failed at, since the ways out are others.
  std::string why_unreached(httplib::Error error) const {
    switch (error) {
      case httplib::Error::SSLServerVerification:
        return fmt::format(
            "the certificate of {} is of another name than that, or vouched for by nobody whom this machine trusts: "
            "--ca-cert FILE (MNEMO_CA_CERT) names the file of who vouches for it",
            url_);
      case httplib::Error::SSLLoadingCerts:
        return "the file that --ca-cert (MNEMO_CA_CERT) names holds no certificates in PEM, or cannot be read";
      case httplib::Error::SSLConnection:
        return fmt::format(
            "no TLS with {}: a server without --tls-cert is asked at http://, and the port is that of HTTP, not of "
            "gRPC",
            url_);
      case httplib::Error::Read:
      case httplib::Error::Write:  // closed before the request was sent whole
        return fmt::format(
            "{} closed the connection without an answer: a server with --tls-cert is asked at https://, with --ca-cert "
            "FILE where the system does not know who vouches for it; and the port is that of HTTP, not of gRPC",
            url_);
      default:
        return fmt::format(
            "no answer from {} ({}): is `mnemo serve` running there? --server names another server, "
            "and --data works on a directory that no server holds",
            url_, httplib::to_string(error));
    }
  }

  Error error_of(const httplib::Response& response) const {
    const Result<Json> body = parse_json(response.body);
    if (!body || !body->is_object() || !body->contains("code")) {
      return {Code::kUnavailable,
              fmt::format("{} answers HTTP {}, and not as mnemo does: is that its address?", url_, response.status)};
    }
    Error error{code_named(body->value("code", "")), body->value("message", ""),
                response.get_header_value("retryable") == "true", 0};
    const std::string after = response.get_header_value("retry-after-ms");
    if (!after.empty()) error.retry_after_ms = static_cast<uint32_t>(std::strtoul(after.c_str(), nullptr, 10));
    return error;
  }

  Status ready(std::string_view what) const {
    httplib::Client http(url_);
    const httplib::Result result = http.Get(fmt::format("/readyz?for={}", what));
    if (!result) return fail(unreached(result.error()));
    return result->status == 200 ? Status{} : Status(fail(Code::kUnavailable, result->body, true));
  }

  const std::string url_;
  const MonotonicClock& clock_;
  httplib::Client http_;
  Retries retries_{{}, randombytes_random()};
};

}  // namespace

Result<std::unique_ptr<Service>> connect_to(const RemoteOptions& options, const MonotonicClock& clock) {
  const bool named = options.url.starts_with("http://") || options.url.starts_with("https://");
  RemoteOptions trimmed = options;
  while (trimmed.url.ends_with('/')) trimmed.url.pop_back();
  if (!options.ca_cert.empty() && !std::ifstream(options.ca_cert).good()) {
    return fail(Code::kInvalidArgument,
                fmt::format("--ca-cert {} cannot be read: name a PEM file with the certificates of who vouches for the "
                            "server",
                            options.ca_cert));
  }
  auto service = named ? std::make_unique<RemoteService>(trimmed, clock) : nullptr;
  if (service == nullptr || !service->is_valid()) {
    return fail(Code::kInvalidArgument,
                fmt::format("--server {}: write http://HOST:PORT or https://HOST:PORT", options.url));
  }
  return service;
}

}  // namespace mnemo
