#include "query/epochs.h"

#include <string>

#include "events/coding.h"
#include "events/hash.h"

namespace mnemo {

EpochTable::Place EpochTable::place(PartitionId partition, std::string_view name_space,
                                    std::string_view agent_id) const {
  std::string name;
  put_bytes(name, name_space);
  name.append(agent_id);
  return {partition.value % static_cast<uint32_t>(kPartitions), static_cast<uint32_t>(xxh3_64(name) % rows_.size())};
}

Epochs EpochTable::read(const Place& place) const {
  Epochs epochs;
  epochs.partition = partitions_[place.partition].load();
  for (size_t tier = 0; tier < epochs.tiers.size(); ++tier) epochs.tiers[tier] = rows_[place.row][tier].load();
  return epochs;
}

void EpochTable::raise(PartitionId partition, const Touched& touched) {
  std::atomic<uint64_t>& whole = partitions_[partition.value % kPartitions];
  switch (touched.extent) {
    case Touched::Extent::kAgents: break;
    case Touched::Extent::kPartition: whole.store((whole.load() / 2 + 1) * 2); break;    // the next even number
    case Touched::Extent::kOpening: whole.store((whole.load() + 1) / 2 * 2 + 1); break;  // the next odd number
  }
  for (const Invalidation& each : touched.agents) {
    const Place at = place(partition, each.name_space, each.agent_id);
    rows_[at.row].at(each.tier - 1U).fetch_add(1);
  }
}

}  // namespace mnemo
