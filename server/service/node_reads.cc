// get, history, list, agents, export, retrieve.
#include <google/protobuf/repeated_field.h>

#include "query/retrieve_cached.h"
#include "server/service/agents_page.h"
#include "server/service/answers.h"
#include "server/service/messages.h"
#include "server/service/positions.h"
#include "server/service/work.h"

namespace mnemo {
namespace {

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

template <typename Request, typename Response>
void NodeService::look(const Call& call, Request request, Reply<Response> reply) {
  Result<Read> checked = check_read(call, request);
  if (!checked) return reply(fail(std::move(checked).error()));
  if (const Status fine = check(request); !fine) return reply(fail(fine.error()));
  const PartitionId partition = checked->partition;
  read_when_applied<Response>(*std::move(checked), std::move(reply),
                              [this, partition, request = std::move(request)]() -> Result<Response> {
                                MNEMO_ASSIGN(const auto view, node_.view(partition));
                                MNEMO_ASSIGN(Response response, answer(engine_, *view, request));
                                if constexpr (requires { response.degraded(); }) {
                                  response.set_degraded(!caught_up(partition));
                                }
                                return response;
                              });
}

void NodeService::get(const Call& call, v1::GetMemoryRequest request, Reply<v1::GetMemoryResponse> reply) {
  look(call, std::move(request), std::move(reply));
}
void NodeService::history(const Call& call, v1::GetHistoryRequest request, Reply<v1::GetHistoryResponse> reply) {
  look(call, std::move(request), std::move(reply));
}
void NodeService::list(const Call& call, v1::ListMemoriesRequest request, Reply<v1::ListMemoriesResponse> reply) {
  look(call, std::move(request), std::move(reply));
}
void NodeService::export_memories(const Call& call, v1::ExportMemoriesRequest request,
                                  Reply<v1::ExportMemoriesResponse> reply) {
  look(call, std::move(request), std::move(reply));
}
// Only looks, so it is a read: of whom may read.
void NodeService::dry_run(const Call& call, v1::ForgetByFilterRequest request,
                          Reply<v1::ForgetByFilterResponse> reply) {
  look(call, std::move(request), std::move(reply));
}

// Of every partition: one that stands still shows what it has.
void NodeService::agents(const Call& call, v1::ListAgentsRequest request, Reply<v1::ListAgentsResponse> reply) {
  const Principal& principal = *call.principal;
  const Status may = request.namespace_().empty() ? principal.check_everywhere(Right::kRead)
                                                  : principal.check(Right::kRead, request.namespace_());
  if (!may) return reply(fail(may.error()));
  if (const Status fine = check(request); !fine) return reply(fail(fine.error()));
  const OpenReply<v1::ListAgentsResponse> answer = calls_.count(std::move(reply));
  Work work{TaskClass::kRead, request.namespace_(), {}, {1, request.ByteSizeLong()}, call.deadline};
  enqueue<v1::ListAgentsResponse>(
      std::move(work), answer, [this, answer, request = std::move(request)](const Running& /*running*/) {
        (*answer)(agents_page(node_.partitions(), request, [this](PartitionId partition) -> Result<PartitionView> {
          MNEMO_ASSIGN(auto view, node_.view(partition));
          return PartitionView{std::move(view), !caught_up(partition)};
        }));
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
  response.set_degraded(!caught_up(partition));
  return response;
}

}  // namespace mnemo
