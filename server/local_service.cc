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

// Whoever writes: a service over the session's node, with a worker of its own.
class Writer {
 public:
  Writer(Session& session, const MonotonicClock& clock)
      : scheduler_({.workers = 1}, clock), service_(session.node(), scheduler_, session.engine(), clock, {}) {}

  template <typename Request, typename Response>
  Result<Response> ask(void (Service::*method)(const Call&, Request, Reply<Response>), const Call& call,
                       const Request& request) {
    std::promise<Result<Response>> promise;
    std::future<Result<Response>> answer = promise.get_future();
    (static_cast<Service&>(service_).*method)(
        call, request, [&promise](Result<Response> reply) { promise.set_value(std::move(reply)); });
    return answer.get();
  }

 private:
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
    if (logged) response.set_rules_version(session_.node().projection(PartitionId(0)).rules().version);
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
    return retried(retries_, clock_, call.deadline, [&] { return writer_->ask(method, call, request); });
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
