#include "server/service/node_service.h"

#include <fmt/format.h>

namespace mnemo {

NodeService::NodeService(Node& node, Scheduler& scheduler, const Engine& engine, const MonotonicClock& clock,
                         NodeServiceOptions options)
    : node_(node),
      scheduler_(scheduler),
      engine_(engine),
      clock_(clock),
      options_(std::move(options)),
      timer_(clock),
      executor_(options_.reply_threads) {
  for (uint32_t p = 0; p < node_.partitions(); ++p) {
    // Out of reach, it holds nothing that is known to be missing.
    ends_at_start_.push_back(node_.log().end(PartitionId(p)).value_or(0));
  }
}

NodeService::~NodeService() {
  stop(clock_.now());
  calls_.wait_for_none();
}

void NodeService::stop(MonotonicTime deadline) {
  const Status drained = scheduler_.drain(deadline);
  if (!drained) timer_.finish();
}

Status NodeService::ready_to_read() const {
  for (uint32_t p = 0; p < node_.partitions(); ++p) {
    const PartitionId partition(p);
    if (const std::optional<Error> why = node_.halted(partition)) {
      return fail(Code::kUnavailable, fmt::format("partition {} stands still: {}", p, why->message), true);
    }
    const uint64_t applied = node_.projection(partition).applied().next_offset;
    if (applied >= ends_at_start_[p]) continue;
    return fail(Code::kUnavailable,
                fmt::format("partition {} has applied {} of the {} records that the log held at the start: wait", p,
                            applied, ends_at_start_[p]),
                true);
  }
  return {};
}

// A write is answered when it has been applied, so it waits for what comes before it.
Status NodeService::ready_to_write() const {
  if (scheduler_.statistics().draining) {
    return fail(Code::kUnavailable, "this server is stopping: ask another, or again when it is back", true);
  }
  return ready_to_read();
}

}  // namespace mnemo
