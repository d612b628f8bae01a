// get, history, list, retrieve.
#include <google/protobuf/repeated_field.h>

#include "query/request.h"
#include "query/retrieve_cached.h"
#include "server/service/messages.h"
#include "server/service/positions.h"
#include "server/service/work.h"

namespace mnemo {
namespace {

constexpr uint32_t kListLimitDefault = 100;

Status check_id(const std::string& id) {
  if (!id.empty()) return {};
  return fail(Code::kInvalidArgument, "id is empty: give the id of a memory");
}

tl::unexpected<Error> of_a_later_version(std::string_view field) {
  return fail(Code::kUnimplemented, std::string(field) + " is not implemented in this version: leave it out");
}

Status check_implemented(const v1::RetrieveRequest& request) {
  if (!request.tier_mode().empty()) return of_a_later_version("tier_mode");
  if (!request.as_of().empty()) return of_a_later_version("as_of");
  if (request.has_embedding()) return of_a_later_version("embedding");
  return {};
}

std::optional<v1::Filter> filter_from(bool given, const v1::Filter& filter) {
  return given ? std::optional(filter) : std::nullopt;
}

Result<RetrieveRequest> request_from(v1::RetrieveRequest message) {
  MNEMO_TRY(check_implemented(message));
  RetrieveRequest request;
  request.name_space = std::move(*message.mutable_namespace_());
  request.agent_id = std::move(*message.mutable_agent_id());
  request.query = std::move(*message.mutable_query());
  if (message.has_limit()) request.limit = message.limit();
  request.filter = filter_from(message.has_filter(), message.filter());
  if (message.has_reference_time()) {
    MNEMO_ASSIGN(request.reference_time_ms, time_from(message.reference_time(), "reference_time"));
  }
  request.context_token_budget = message.context_token_budget();
  request.explain = message.explain();
  MNEMO_TRY(check_request(request));
  return request;
}

// A partition of the node, for who keeps answers of it.
class NodePartition final : public AnswerSource {
 public:
  NodePartition(Node& node, PartitionId partition) : node_(node), partition_(partition) {}

  PartitionId partition() const override { return partition_; }
  Applied applied() const override {
    const Meta meta = node_.projection(partition_).applied();
    return {{partition_, meta.epoch, meta.next_offset}, meta.event_time_ms};
  }
  Result<std::unique_ptr<View>> view() const override { return node_.view(partition_); }

 private:
  Node& node_;
  const PartitionId partition_;
};

std::string position_of(const View& view) {
  return to_string(Position{view.partition(), view.meta().epoch, view.meta().next_offset});
}

}  // namespace

// A read that may be queued.
struct NodeService::Read {
  Work work;
  PartitionId partition;
  std::vector<Position> positions;
};

template <typename Request>
Result<NodeService::Read> NodeService::check_read(const Call& call, const Request& request) const {
  MNEMO_TRY(call.principal->check(Right::kRead, request.namespace_()));
  MNEMO_TRY(validate_scope(request.namespace_(), request.agent_id()));
  Read read;
  read.work = {TaskClass::kRead, request.namespace_(), request.agent_id(), {1, request.ByteSizeLong()}, call.deadline};
  read.partition = node_.partition_for(request.namespace_(), request.agent_id());
  if constexpr (requires { request.min_position(); }) {
    MNEMO_ASSIGN(read.positions, to_wait_for(node_, read.partition, request.min_position()));
  }
  return read;
}

template <typename Response>
void NodeService::read_when_applied(Read read, Reply<Response> reply, std::function<Result<Response>()> look) {
  const OpenReply<Response> answer = calls_.count(std::move(reply));
  const MonotonicTime deadline = read.work.deadline;
  enqueue<Response>(
      std::move(read.work), answer,
      [this, answer, look = std::move(look), positions = std::move(read.positions), deadline](const Running& running) {
        wait_for_all(waiting_, positions, deadline, [answer, look, running](const Status& applied) {
          (*answer)(applied ? look() : fail(applied.error()));
        });
      });
}

template <typename Response>
void NodeService::read(Read read, Reply<Response> reply, std::function<Result<Response>(const View&)> look) {
  const PartitionId partition = read.partition;
  read_when_applied<Response>(std::move(read), std::move(reply),
                              [this, partition, look = std::move(look)]() -> Result<Response> {
                                MNEMO_ASSIGN(const auto view, node_.view(partition));
                                return look(*view);
                              });
}

void NodeService::get(const Call& call, v1::GetMemoryRequest request, Reply<v1::GetMemoryResponse> reply) {
  Result<Read> checked = check_read(call, request);
  if (!checked) return reply(fail(std::move(checked).error()));
  if (const Status id = check_id(request.id()); !id) return reply(fail(id.error()));
  read<v1::GetMemoryResponse>(*std::move(checked), std::move(reply),
                              [this, request = std::move(request)](const View& view) -> Result<v1::GetMemoryResponse> {
                                MNEMO_ASSIGN(Memory memory,
                                             engine_.get(view, request.namespace_(), request.agent_id(), request.id()));
                                v1::GetMemoryResponse response;
                                *response.mutable_memory() = message_from(std::move(memory));
                                response.set_position(position_of(view));
                                return response;
                              });
}

void NodeService::history(const Call& call, v1::GetHistoryRequest request, Reply<v1::GetHistoryResponse> reply) {
  Result<Read> checked = check_read(call, request);
  if (!checked) return reply(fail(std::move(checked).error()));
  if (const Status id = check_id(request.id()); !id) return reply(fail(id.error()));
  read<v1::GetHistoryResponse>(
      *std::move(checked), std::move(reply),
      [this, request = std::move(request)](const View& view) -> Result<v1::GetHistoryResponse> {
        MNEMO_ASSIGN(auto versions, engine_.history(view, request.namespace_(), request.agent_id(), request.id()));
        v1::GetHistoryResponse response;
        for (Memory& version : versions) *response.add_versions() = message_from(std::move(version));
        response.set_position(position_of(view));
        return response;
      });
}

void NodeService::list(const Call& call, v1::ListMemoriesRequest request, Reply<v1::ListMemoriesResponse> reply) {
  Result<Read> checked = check_read(call, request);
  if (!checked) return reply(fail(std::move(checked).error()));
  const uint32_t limit = request.limit() == 0 ? kListLimitDefault : request.limit();
  if (const Status fine = check_limit(limit); !fine) return reply(fail(fine.error()));
  auto filter = filter_from(request.has_filter(), request.filter());
  if (const Status fine = check_filter(filter); !fine) return reply(fail(fine.error()));
  read<v1::ListMemoriesResponse>(
      *std::move(checked), std::move(reply),
      [this, limit, filter = std::move(filter),
       request = std::move(request)](const View& view) -> Result<v1::ListMemoriesResponse> {
        MNEMO_ASSIGN(Engine::Page page,
                     engine_.list(view, request.namespace_(), request.agent_id(), filter, limit, request.cursor()));
        v1::ListMemoriesResponse response;
        for (Memory& memory : page.memories) *response.add_memories() = message_from(std::move(memory));
        response.set_next_cursor(std::move(page.next_cursor));
        response.set_truncated(page.truncated);
        response.set_position(to_string(page.position));
        response.set_degraded(node_.halted(view.partition()).has_value());
        return response;
      });
}

void NodeService::retrieve(const Call& call, v1::RetrieveRequest message, Reply<v1::RetrieveResponse> reply) {
  Result<Read> checked = check_read(call, message);
  if (!checked) return reply(fail(std::move(checked).error()));
  const bool no_cache = message.no_cache();
  Result<RetrieveRequest> request = request_from(std::move(message));
  if (!request) return reply(fail(std::move(request).error()));
  const bool may_be_kept = options_.cache != nullptr && !no_cache;
  const PartitionId partition = checked->partition;
  read_when_applied<v1::RetrieveResponse>(*std::move(checked), std::move(reply),
                                          [this, partition, may_be_kept, request = *std::move(request)] {
                                            return answer_retrieve(partition, request, may_be_kept);
                                          });
}

// Only looks, so it is a read: of whom may read.
void NodeService::dry_run(const Call& call, v1::ForgetByFilterRequest request,
                          Reply<v1::ForgetByFilterResponse> reply) {
  Result<Read> checked = check_read(call, request);
  if (!checked) return reply(fail(std::move(checked).error()));
  if (!request.has_filter()) {
    return reply(fail(Code::kInvalidArgument, "filter is missing: say which memories are meant"));
  }
  std::optional<v1::Filter> filter = std::move(*request.mutable_filter());
  if (const Status fine = check_filter(filter); !fine) return reply(fail(fine.error()));
  read<v1::ForgetByFilterResponse>(
      *std::move(checked), std::move(reply),
      [this, filter = std::move(filter),
       request = std::move(request)](const View& view) -> Result<v1::ForgetByFilterResponse> {
        v1::ForgetByFilterResponse response;
        MNEMO_ASSIGN(const uint64_t count, engine_.count(view, request.namespace_(), request.agent_id(), filter));
        response.set_forgotten(count);
        response.set_position(position_of(view));
        response.set_dry_run(true);
        return response;
      });
}

// The one place where a retrieve is answered. What it was to wait for has been applied.
Result<v1::RetrieveResponse> NodeService::answer_retrieve(PartitionId partition, const RetrieveRequest& request,
                                                          bool cached) const {
  Answer answer;
  if (cached) {
    MNEMO_ASSIGN(answer, retrieve_cached(*options_.cache, engine_, NodePartition(node_, partition), request));
  } else {
    MNEMO_ASSIGN(const auto view, node_.view(partition));
    MNEMO_ASSIGN(answer, engine_.retrieve(*view, request));
  }
  v1::RetrieveResponse response = message_from(std::move(answer), request.explain);
  response.set_degraded(node_.halted(partition).has_value());
  return response;
}

}  // namespace mnemo
