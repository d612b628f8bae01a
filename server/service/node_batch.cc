// remember_batch: one append for all that are valid, each with a result of its own.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "events/limits.h"
#include "server/service/asked.h"
#include "server/service/error_info.h"
#include "server/service/events.h"
#include "server/service/known_fields.h"
#include "server/service/work.h"

namespace mnemo {

// In the order of the request: the refusal of each that is not valid, and the events of the others.
struct NodeService::Batch {
  OpenReply<v1::RememberBatchResponse> answer;
  MonotonicTime deadline;
  std::vector<std::optional<Error>> refused;
  std::vector<Asked> asked;  // of the events
  std::vector<PreparedEvent> events;
  uint64_t bytes = 0;
};

namespace {

Status check_batch(const Call& call, const v1::RememberBatchRequest& request) {
  MNEMO_TRY(call.principal->check(Right::kWrite));
  const int memories = request.memories_size();
  if (memories < 1 || memories > kBatchMemoriesMax) {
    return fail(Code::kInvalidArgument,
                fmt::format("memories has {} entries: give 1 to {}", memories, kBatchMemoriesMax));
  }
  if (call.idempotency_key.empty()) return {};
  return fail(Code::kInvalidArgument,
              "an idempotency key beside the request would be that of every memory: give each its own idempotency_key");
}

}  // namespace

void NodeService::remember_batch(const Call& call, v1::RememberBatchRequest request,
                                 Reply<v1::RememberBatchResponse> reply) {
  if (const Status fine = check_batch(call, request); !fine) return reply(fail(fine.error()));
  const auto shared = std::make_shared<Batch>();
  Batch& batch = *shared;
  batch.deadline = call.deadline;
  for (v1::MemoryInput& memory : *request.mutable_memories()) {
    const Status known = check_known_fields(memory);
    Result<v1::Envelope> envelope = known ? event_from(call, std::move(memory)) : fail(known.error());
    Result<PreparedEvent> event = envelope ? prepare(*envelope) : fail(envelope.error());
    batch.refused.push_back(event ? std::nullopt : std::optional(event.error()));
    if (!event) continue;
    batch.asked.emplace_back(call, envelope);
    batch.bytes += event->record.value.size();
    batch.events.push_back(*std::move(event));
  }
  if (batch.events.empty()) return reply(answer_batch(batch, {}));
  if (batch.bytes > limits::kAppendGroupBytesMax) {
    return reply(fail(Code::kInvalidArgument, fmt::format("the memories have {} bytes, and what is written together {} "
                                                          "at most: send them in several batches",
                                                          batch.bytes, limits::kAppendGroupBytesMax)));
  }
  batch.answer = calls_.count(std::move(reply));
  // Of the agent of the first: a batch is mostly of one.
  Work work{TaskClass::kWrite,
            batch.asked.front().name_space,
            batch.asked.front().agent_id,
            {batch.events.size(), batch.bytes},
            call.deadline};
  enqueue<v1::RememberBatchResponse>(std::move(work), batch.answer,
                                     [this, shared](const Running& running) { run_batch(shared, running); });
}

void NodeService::run_batch(const std::shared_ptr<Batch>& batch, const Running& running) {
  write_within(waiting_, std::move(batch->events), batch->deadline,
               [this, batch, running](Result<std::vector<Result<Settled>>> written) {
                 if (!written) return (*batch->answer)(fail(std::move(written).error()));
                 (*batch->answer)(answer_batch(*batch, *written));
               });
}

v1::RememberBatchResponse NodeService::answer_batch(const Batch& batch, const std::vector<Result<Settled>>& results) {
  v1::RememberBatchResponse response;
  Views views(node_);
  size_t event = 0;
  for (const std::optional<Error>& refused : batch.refused) {
    v1::RememberBatchResponse::Result& out = *response.add_results();
    if (refused) {
      *out.mutable_error() = error_info(*refused);
      continue;
    }
    const Result<Settled>& settled = results[event];
    if (settled) {
      *out.mutable_remembered() = remembered(batch.asked[event], *settled, views);
    } else {
      *out.mutable_error() = error_info(settled.error());
    }
    ++event;
  }
  return response;
}

}  // namespace mnemo
