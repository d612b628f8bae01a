// remember, update, forget, link, unlink: one event each.
#include "events/uuid.h"
#include "projector/store/memory_id.h"
#include "server/service/asked.h"
#include "server/service/events.h"
#include "server/service/messages.h"
#include "server/service/work.h"

namespace mnemo {

template <typename Response>
void NodeService::write(const Call& call, Result<v1::Envelope> envelope, Reply<Response> reply,
                        std::function<Response(const Settled&)> respond) {
  if (!envelope) return reply(fail(std::move(envelope).error()));
  Result<PreparedEvent> prepared = prepare(*envelope);
  if (!prepared) return reply(fail(std::move(prepared).error()));
  const OpenReply<Response> answer = calls_.count(std::move(reply));
  Work work{TaskClass::kWrite,
            envelope->namespace_(),
            envelope->agent_id(),
            {1, prepared->record.value.size()},
            call.deadline};
  auto run = [this, answer, respond = std::move(respond), event = *std::move(prepared),
              deadline = call.deadline](const Running& running) mutable {
    std::vector<PreparedEvent> events;
    events.push_back(std::move(event));
    write_within(waiting_, std::move(events), deadline,
                 [answer, respond, running](Result<std::vector<Result<Settled>>> written) {
                   if (!written) return (*answer)(fail(std::move(written).error()));
                   const Result<Settled>& settled = written->front();
                   (*answer)(settled ? Result<Response>(respond(*settled)) : fail(settled.error()));
                 });
  };
  enqueue<Response>(std::move(work), answer, std::move(run));
}

// What every answer to a write has.
template <typename Response>
Response response_to(const Settled& settled) {
  Response response;
  response.set_event_id(uuid_text(settled.event_id));
  response.set_position(to_string(settled.position));
  response.set_duplicate(settled.outcome.kind == Outcome::Kind::kDuplicate && !settled.pending);
  response.set_pending(settled.pending);
  return response;
}

// What the event wrote, without a look at the rows; of a duplicate, the memory as it is now. Nobody who waits for a
// write that was done is told that a look at it failed.
template <typename Response>
void NodeService::fill_memory(const Asked& asked, const Settled& settled, Views& views, Response& response) {
  const Outcome& outcome = settled.outcome;
  response.set_forgotten(outcome.forgotten);
  if (settled.pending || outcome.forgotten || outcome.expired || !asked.may_read) return;
  if (!outcome.record.empty()) {
    static thread_local Record record;
    if (!decode_record(outcome.record, record)) return;
    *response.mutable_memory() = message_from(memory_from(record, asked.name_space, asked.agent_id));
    return;
  }
  const View* const view = views.of(node_.partition_for(asked.name_space, asked.agent_id));
  if (view == nullptr) return;
  Result<Memory> memory = engine_.get(*view, asked.name_space, asked.agent_id, memory_id_text(outcome.memory_key));
  if (memory) *response.mutable_memory() = message_from(*std::move(memory));
}

v1::RememberResponse NodeService::remembered(const Asked& asked, const Settled& settled, Views& views) {
  auto response = response_to<v1::RememberResponse>(settled);
  const MemoryKey& key = settled.outcome.memory_key;
  response.set_memory_id(settled.pending ? asked.id_of(settled.event_id) : memory_id_text(key));
  fill_memory(asked, settled, views, response);
  return response;
}

void NodeService::remember(const Call& call, v1::RememberRequest request, Reply<v1::RememberResponse> reply) {
  Result<v1::Envelope> envelope = event_from(call, std::move(*request.mutable_memory()));
  const Asked asked(call, envelope);
  write<v1::RememberResponse>(call, std::move(envelope), std::move(reply), [this, asked](const Settled& settled) {
    Views views(node_);
    return remembered(asked, settled, views);
  });
}

void NodeService::update(const Call& call, v1::UpdateMemoryRequest request, Reply<v1::UpdateMemoryResponse> reply) {
  Result<v1::Envelope> envelope = event_from(call, std::move(request));
  const Asked asked(call, envelope);
  write<v1::UpdateMemoryResponse>(call, std::move(envelope), std::move(reply), [this, asked](const Settled& settled) {
    auto response = response_to<v1::UpdateMemoryResponse>(settled);
    Views views(node_);
    fill_memory(asked, settled, views, response);
    return response;
  });
}

void NodeService::forget(const Call& call, v1::ForgetMemoryRequest request, Reply<v1::ForgetMemoryResponse> reply) {
  write<v1::ForgetMemoryResponse>(call, event_from(call, std::move(request)), std::move(reply),
                                  [](const Settled& settled) {
                                    auto response = response_to<v1::ForgetMemoryResponse>(settled);
                                    response.set_forgotten(settled.outcome.count);
                                    return response;
                                  });
}

void NodeService::link(const Call& call, v1::LinkMemoriesRequest request, Reply<v1::LinkMemoriesResponse> reply) {
  write<v1::LinkMemoriesResponse>(call, event_from(call, std::move(request)), std::move(reply),
                                  response_to<v1::LinkMemoriesResponse>);
}

void NodeService::unlink(const Call& call, v1::UnlinkMemoriesRequest request, Reply<v1::UnlinkMemoriesResponse> reply) {
  write<v1::UnlinkMemoriesResponse>(call, event_from(call, std::move(request)), std::move(reply),
                                    response_to<v1::UnlinkMemoriesResponse>);
}

}  // namespace mnemo
