// status, digests.
#include "projector/store/record_index.h"
#include "server/service/messages.h"
#include "server/service/node_service.h"

namespace mnemo {
namespace {

std::string printed(PartitionId partition, uint32_t epoch, uint64_t offset) {
  return to_string(Position{partition, epoch, offset});
}

v1::GetStatusResponse::Partition status_of(Node& node, PartitionId partition) {
  const Projection& projection = node.projection(partition);
  const Meta meta = projection.applied();
  v1::GetStatusResponse::Partition out;
  out.set_partition(partition.value);
  out.set_memories(meta.counters.memories);
  out.set_applied(printed(partition, meta.epoch, meta.next_offset));
  if (const auto durable = projection.durable()) {
    out.set_durable(printed(partition, durable->epoch, durable->next_offset));
  }
  if (const auto end = node.log().end(partition)) {
    out.set_log_end(printed(partition, node.log().identity().epoch, *end));
    out.set_lag(*end - std::min(*end, meta.next_offset));
  }
  if (const auto why = node.halted(partition)) out.set_halted(why->message);
  out.set_pending(meta.pending_next - meta.pending_first);
  uint64_t skipped = 0;
  for (const uint64_t count : meta.counters.skipped) skipped += count;
  out.set_skipped(skipped);
  if (meta.event_time_ms != 0) set_time(meta.event_time_ms, *out.mutable_event_time());
  return out;
}

}  // namespace

// Neither of the two takes a place in the queue: they are asked for most when it is full.
void NodeService::status(const Call& call, Reply<v1::GetStatusResponse> reply) {
  if (const Status may = call.principal->check_everywhere(Right::kRead); !may) return reply(fail(may.error()));
  executor_.post([this, answer = calls_.count(std::move(reply))] {
    v1::GetStatusResponse response;
    response.set_version(options_.version);
    response.set_log(options_.log);
    response.set_log_id(to_hex(node_.log().identity().log_id));
    response.set_rules_version(node_.projection(PartitionId(0)).rules().version);
    response.set_projection_version(projection_version());
    response.set_ranking_profile(engine_.profile().hash());
    for (uint32_t p = 0; p < node_.partitions(); ++p) {
      *response.add_partitions() = status_of(node_, PartitionId(p));
    }
    (*answer)(std::move(response));
  });
}

void NodeService::digests(const Call& call, Reply<v1::GetDigestsResponse> reply) {
  if (const Status may = call.principal->check_everywhere(Right::kRead); !may) return reply(fail(may.error()));
  executor_.post([this, answer = calls_.count(std::move(reply))] {
    v1::GetDigestsResponse response;
    for (uint32_t p = 0; p < node_.partitions(); ++p) {
      const Meta meta = node_.projection(PartitionId(p)).applied();
      v1::GetDigestsResponse::Partition& out = *response.add_partitions();
      out.set_partition(p);
      out.set_seq(meta.seq);
      out.set_position(printed(PartitionId(p), meta.epoch, meta.next_offset));
      out.set_state(to_hex(meta.state));
      out.set_content(to_hex(meta.content));
      out.set_settled(meta.settled());
    }
    (*answer)(std::move(response));
  });
}

}  // namespace mnemo
