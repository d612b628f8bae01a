#include "server/service/node_service.h"

#include <fmt/format.h>

#include "events/envelope.h"

namespace mnemo {
namespace {

constexpr uint32_t kRetryAfterMs = 100;

}  // namespace

NodeService::NodeService(Node& node, Scheduler& scheduler, const Engine& engine, const MonotonicClock& clock,
                         NodeServiceOptions options)
    : node_(node),
      scheduler_(scheduler),
      engine_(engine),
      clock_(clock),
      options_(std::move(options)),
      places_(node.partitions()),
      timer_(clock),
      executor_(options_.reply_threads),
      operations_(node, clock) {
  for (uint32_t p = 0; p < node_.partitions(); ++p) {
    // Out of reach, it holds nothing that is known to be missing.
    ends_at_start_.push_back(node_.log().end(PartitionId(p)).value_or(0));
  }
  if (options_.resume) operations_.resume();
}

NodeService::~NodeService() {
  stop(clock_.now());
  calls_.wait_for_none();
}

void NodeService::stop(MonotonicTime deadline) {
  operations_.stop(deadline);
  const Status drained = scheduler_.drain(deadline);
  if (!drained) timer_.finish();
}

// What was on the log at the start is applied, or will never be by itself.
Status NodeService::caught_up(PartitionId partition) const {
  if (const std::optional<Error> why = node_.halted(partition)) {
    return fail(Error{Code::kUnavailable, fmt::format("partition {} stands still: {}", partition.value, why->message),
                      true, kRetryAfterMs});
  }
  const uint64_t applied = node_.projection(partition).applied().next_offset;
  const uint64_t end = ends_at_start_[partition.value];
  if (applied >= end) return {};
  return fail(Error{Code::kUnavailable,
                    fmt::format("partition {} has applied {} of the {} records that the log held at the start: wait",
                                partition.value, applied, end),
                    true, kRetryAfterMs});
}

// Before that, the rules in force are not known, and neither is what its keys have done.
Result<PreparedEvent> NodeService::prepare(v1::Envelope& envelope) const {
  if (validate_scope(envelope.namespace_(), envelope.agent_id())) {
    MNEMO_TRY(caught_up(node_.partition_for(envelope.namespace_(), envelope.agent_id())));
  }
  return node_.prepare(envelope);
}

Status NodeService::ready_to_read() const {
  for (uint32_t p = 0; p < node_.partitions(); ++p) MNEMO_TRY(caught_up(PartitionId(p)));
  return {};
}

// A write is answered when it has been applied, so it waits for what comes before it.
Status NodeService::ready_to_write() const {
  if (scheduler_.statistics().draining) {
    return fail(Code::kUnavailable, "this server is stopping: ask another, or again when it is back", true);
  }
  if (const std::optional<Error> why = log_watch_.stopped()) return fail(*why);
  return ready_to_read();
}

}  // namespace mnemo
