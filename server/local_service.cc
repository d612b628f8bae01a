#include "server/local_service.h"

#include <future>

#include "projector/store/record_index.h"
#include "server/retried.h"
#include "server/service/agents_page.h"
#include "server/service/answers.h"
#include "server/service/messages.h"
#include "server/service/node_service.h"
#include "server/service/partition_status.h"

namespace mnemo {
namespace {

// Whoever writes, and knows of operations: a service over the session's node, with a worker of its own. One that may
// only read goes on with no operation.
class Writer {
 public:
  Writer(Session& session, const MonotonicClock& clock)
      : scheduler_({.workers = 1}, clock),
        service_(session.node(), scheduler_, session.engine(), clock, options(session)) {}

  // `request(service, reply)`.
  template <typename Response, typename Request>
  Result<Response> ask(const Request& request) {
    std::promise<Result<Response>> promise;
    std::future<Result<Response>> answer = promise.get_future();
    request(static_cast<Service&>(service_),
            Reply<Response>([&promise](Result<Response> reply) { promise.set_value(std::move(reply)); }));
    return answer.get();
  }

 private:
  static NodeServiceOptions options(const Session& session) {
    NodeServiceOptions options;
    options.reply_threads = 1;
    options.resume = !session.reads_only();
    return options;
  }

  Scheduler scheduler_;
  NodeService service_;
};

class LocalService final : public Service {
 public:
  LocalService(Session& session, const MonotonicClock& clock) : session_(session), clock_(clock) {}

  void remember(const Call& c, v1::RememberRequest r, Reply<v1::RememberResponse> reply) override {
    const bool safe = !r.memory().id().empty() || !r.memory().idempotency_key().empty();
    reply(write(&Service::remember, c, r, {r.memory().namespace_(), r.memory().agent_id()}, safe));
  }
  void remember_batch(const Call&, v1::RememberBatchRequest, Reply<v1::RememberBatchResponse> reply) override {
    reply(fail(Code::kUnimplemented, "batches are a server's: import takes many memories into a directory"));
  }
  void update(const Call& c, v1::UpdateMemoryRequest r, Reply<v1::UpdateMemoryResponse> reply) override {
    reply(write(&Service::update, c, r));
  }
  void forget(const Call& c, v1::ForgetMemoryRequest r, Reply<v1::ForgetMemoryResponse> reply) override {
    reply(write(&Service::forget, c, r));
  }
  void forget_by_filter(const Call& c, v1::ForgetByFilterRequest r, Reply<v1::ForgetByFilterResponse> reply) override {
    reply(r.dry_run() ? look<v1::ForgetByFilterResponse>(r) : write(&Service::forget_by_filter, c, r));
  }
  void link(const Call& c, v1::LinkMemoriesRequest r, Reply<v1::LinkMemoriesResponse> reply) override {
    reply(write(&Service::link, c, r));
  }
  void unlink(const Call& c, v1::UnlinkMemoriesRequest r, Reply<v1::UnlinkMemoriesResponse> reply) override {
    reply(write(&Service::unlink, c, r));
  }

  void get(const Call&, v1::GetMemoryRequest r, Reply<v1::GetMemoryResponse> reply) override {
    reply(look<v1::GetMemoryResponse>(r));
  }
  void history(const Call&, v1::GetHistoryRequest r, Reply<v1::GetHistoryResponse> reply) override {
    reply(look<v1::GetHistoryResponse>(r));
  }
  void list(const Call&, v1::ListMemoriesRequest r, Reply<v1::ListMemoriesResponse> reply) override {
    reply(look<v1::ListMemoriesResponse>(r));
  }
  void export_memories(const Call&, v1::ExportMemoriesRequest r, Reply<v1::ExportMemoriesResponse> reply) override {
    reply(look<v1::ExportMemoriesResponse>(r));
  }
  void agents(const Call&, v1::ListAgentsRequest r, Reply<v1::ListAgentsResponse> reply) override {
    if (const Status fine = check(r); !fine) return reply(fail(fine.error()));
    reply(agents_page(session_.partitions(), r, [this](PartitionId partition) -> Result<PartitionView> {
      MNEMO_ASSIGN(auto view, session_.view(partition));
      return PartitionView{std::move(view), session_.behind(partition).has_value()};
    }));
  }
  void retrieve(const Call&, v1::RetrieveRequest r, Reply<v1::RetrieveResponse> reply) override {
    reply(answer_retrieve(std::move(r)));
  }
  void status(const Call&, Reply<v1::GetStatusResponse> reply) override { reply(answer_status()); }
  void digests(const Call&, Reply<v1::GetDigestsResponse> reply) override { reply(answer_digests()); }

  void list_operations(const Call& c, v1::ListOperationsRequest r, Reply<v1::ListOperationsResponse> reply) override {
    reply(ask_all(&Service::list_operations, c, r));
  }
  void get_operation(const Call& c, v1::GetOperationRequest r, Reply<v1::GetOperationResponse> reply) override {
    reply(ask_all(&Service::get_operation, c, r));
  }
  void set_policy(const Call& c, v1::SetPolicyRequest r, Reply<v1::SetPolicyResponse> reply) override {
    reply(ask_all(&Service::set_policy, c, r));
  }
  void get_policy(const Call& c, v1::GetPolicyRequest r, Reply<v1::GetPolicyResponse> reply) override {
    reply(ask_all(&Service::get_policy, c, r));
  }
  void rules(const Call& c, Reply<v1::GetRulesResponse> reply) override {
    reply(ask_all<v1::GetRulesResponse>([&c](Service& service, auto r) { service.rules(c, std::move(r)); }));
  }
  void activate_rules(const Call& c, Reply<v1::ActivateRulesResponse> reply) override {
    reply(ask_all<v1::ActivateRulesResponse>(
        [&c](Service& service, auto r) { service.activate_rules(c, std::move(r)); }));
  }

  Status ready_to_read() const override { return {}; }
  Status ready_to_write() const override { return {}; }

 private:
  template <typename Response, typename Request>
  Result<Response> look(const Request& request) {
    MNEMO_TRY(validate_scope(request.namespace_(), request.agent_id()));
    MNEMO_TRY(check(request));
    MNEMO_ASSIGN(const auto view, session_.view(request.namespace_(), request.agent_id()));
    MNEMO_ASSIGN(Response response, answer(session_.engine(), *view, request));
    if constexpr (requires { response.degraded(); }) {
      response.set_degraded(session_.behind(view->partition()).has_value());
    }
    return response;
  }

  Result<v1::RetrieveResponse> answer_retrieve(v1::RetrieveRequest message) {
    MNEMO_TRY(validate_scope(message.namespace_(), message.agent_id()));
    MNEMO_ASSIGN(const RetrieveRequest request, request_from(std::move(message)));
    MNEMO_ASSIGN(const auto view, session_.view(request.name_space, request.agent_id));
    MNEMO_ASSIGN(Answer answer, session_.engine().retrieve(*view, request));
    v1::RetrieveResponse response = message_from(std::move(answer), request.explain);
    response.set_degraded(session_.behind(view->partition()).has_value());
    return response;
  }

  // Of what is applied now, whether or not it is all that the log holds.
  Result<v1::GetStatusResponse> answer_status() {
    v1::GetStatusResponse response;
    response.set_log("embedded");
    response.set_projection_version(projection_version());
    response.set_ranking_profile(session_.engine().profile_hash());
    const bool logged = !session_.dir().log_error().has_value();
    for (uint32_t p = 0; p < session_.partitions(); ++p) {
      const PartitionId partition(p);
      MNEMO_ASSIGN(const auto view, session_.view(partition));
      response.set_log_id(to_hex(view->meta().log_id));
      v1::GetStatusResponse::Partition& out = *response.add_partitions();
      out = logged ? status_of(session_.node(), partition) : status_of(partition, view->meta());
      if (const auto why = session_.behind(partition)) {
        out.set_halted(why->message);
        out.set_halted_code(std::string(code_name(why->code)));
      }
    }
    if (logged) response.set_rules_version(session_.node().projection(PartitionId(0)).rules()->version);
    return response;
  }

  Result<v1::GetDigestsResponse> answer_digests() {
    v1::GetDigestsResponse response;
    for (uint32_t p = 0; p < session_.partitions(); ++p) {
      MNEMO_ASSIGN(const auto view, session_.view(PartitionId(p)));
      *response.add_partitions() = digests_of(PartitionId(p), view->meta());
    }
    return response;
  }

  template <typename Request, typename Response>
  Result<Response> write(void (Service::*method)(const Call&, Request, Reply<Response>), const Call& call,
                         const Request& request) {
    return write(method, call, request, {request.namespace_(), request.agent_id()}, !request.idempotency_key().empty());
  }

  // `safe`: doing it twice is as doing it once.
  template <typename Request, typename Response>
  Result<Response> write(void (Service::*method)(const Call&, Request, Reply<Response>), Call call,
                         const Request& request, const Scope& scope, bool safe) {
    MNEMO_TRY(validate_scope(scope.name_space, scope.agent_id));
    MNEMO_TRY(session_.catch_up(session_.partition_for(std::string(scope.name_space), std::string(scope.agent_id))));
    if (!writer_) writer_ = std::make_unique<Writer>(session_, clock_);
    if (!safe && call.idempotency_key.empty()) call.idempotency_key = new_key();
    call.deadline = soon();  // catching up took none of it
    return retried(retries_, clock_, call.deadline, [&] {
      return writer_->ask<Response>(
          [&](Service& service, Reply<Response> reply) { (service.*method)(call, request, std::move(reply)); });
    });
  }

  // What concerns every partition: those that may be written come to the log's end first.
  template <typename Response, typename Request>
  Result<Response> ask_all(const Request& request) {
    if (const auto& why = session_.dir().log_error()) return fail(*why);
    for (uint32_t p = 0; p < session_.partitions(); ++p) {
      if (session_.reads_only()) {
        MNEMO_ASSIGN(const auto view, session_.view(PartitionId(p)));  // warns of one that stands still
        MNEMO_CHECK(view != nullptr);
      } else {
        MNEMO_TRY(session_.catch_up(PartitionId(p)));
      }
    }
    if (!writer_) writer_ = std::make_unique<Writer>(session_, clock_);
    return writer_->ask<Response>(request);
  }

  template <typename Request, typename Response>
  Result<Response> ask_all(void (Service::*method)(const Call&, Request, Reply<Response>), Call call,
                           const Request& request) {
    call.deadline = soon();
    return ask_all<Response>(
        [&](Service& service, Reply<Response> reply) { (service.*method)(call, request, std::move(reply)); });
  }

  Session& session_;
  const MonotonicClock& clock_;
  std::unique_ptr<Writer> writer_;  // once something is written
  Retries retries_{{}, randombytes_random()};
};

}  // namespace

std::unique_ptr<Service> serve_locally(Session& session, const MonotonicClock& clock) {
  return std::make_unique<LocalService>(session, clock);
}

}  // namespace mnemo
