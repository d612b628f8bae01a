#include "server/service/partition_status.h"

#include "server/service/messages.h"

namespace mnemo {
namespace {

std::string printed(PartitionId partition, uint32_t epoch, uint64_t offset) {
  return to_string(Position{partition, epoch, offset});
}

v1::GetStatusResponse::Counters message_from(const Counters& c) {
  v1::GetStatusResponse::Counters out;
  out.set_applied(c.applied);
  out.set_rejected(c.rejected);
  out.set_duplicates(c.duplicates);
  out.set_conflicts(c.conflicts);
  out.set_control(c.control);
  out.set_forgotten(c.forgotten);
  out.set_expired(c.expired);
  for (size_t i = 1; i < c.skipped.size(); ++i) {
    (*out.mutable_skipped())[std::string(skip_reason_name(static_cast<SkipReason>(i)))] = c.skipped[i];
  }
  return out;
}

}  // namespace

v1::GetStatusResponse::Partition status_of(PartitionId partition, const Meta& meta) {
  v1::GetStatusResponse::Partition out;
  out.set_partition(partition.value);
  out.set_memories(meta.counters.memories);
  out.set_applied(printed(partition, meta.epoch, meta.next_offset));
  out.set_pending(meta.pending_next - meta.pending_first);
  uint64_t skipped = 0;
  for (const uint64_t count : meta.counters.skipped) skipped += count;
  out.set_skipped(skipped);
  if (meta.event_time_ms != 0) set_time(meta.event_time_ms, *out.mutable_event_time());
  *out.mutable_counters() = message_from(meta.counters);
  return out;
}

v1::GetStatusResponse::Partition status_of(Node& node, PartitionId partition) {
  const Projection& projection = node.projection(partition);
  const Meta meta = projection.applied();
  v1::GetStatusResponse::Partition out = status_of(partition, meta);
  if (const auto durable = projection.durable()) {
    out.set_durable(printed(partition, durable->epoch, durable->next_offset));
  }
  if (const auto end = node.log().end(partition)) {
    out.set_log_end(printed(partition, node.log().identity().epoch, *end));
    out.set_lag(*end - std::min(*end, meta.next_offset));
  }
  if (const auto why = node.halted(partition)) {
    out.set_halted(why->message);
    out.set_halted_code(std::string(code_name(why->code)));
  }
  out.set_disk_bytes(projection.disk_bytes());
  out.set_rerouted(node.emitter().rerouted(partition));
  return out;
}

v1::GetDigestsResponse::Partition digests_of(PartitionId partition, const Meta& meta) {
  v1::GetDigestsResponse::Partition out;
  out.set_partition(partition.value);
  out.set_seq(meta.seq);
  out.set_position(printed(partition, meta.epoch, meta.next_offset));
  out.set_state(to_hex(meta.state));
  out.set_content(to_hex(meta.content));
  out.set_settled(meta.settled());
  return out;
}

}  // namespace mnemo
