// File: query/epochs.h
// How often answers about an agent may have changed: what tells a kept answer from one that is out of date.
//
// A fixed table of counters. Agents share rows of it by hash, so it has a size whatever the number of agents, and a
// collision costs an answer computed again, never a wrong one. Counters only grow.
//
// Thread-safe, without locks. What happened before a raise is seen by whoever reads the raised counters.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "events/ids.h"
#include "projector/store/outbox.h"

namespace mnemo {

// The counters that an answer about one agent depends on. It depends on all tiers, whatever its filter lets through: a
// filter changes no score, so memories of every tier count in the statistics behind the scores.
struct Epochs {
  uint64_t partition = 0;  // odd: its rows are being replaced, and nothing may be kept
  std::array<uint64_t, 3> tiers{};
  bool settled() const { return partition % 2 == 0; }
  bool operator==(const Epochs&) const = default;
};

class EpochTable {
 public:
  // Where an agent's counters are.
  struct Place {
    uint32_t partition = 0;
    uint32_t row = 0;
  };

  explicit EpochTable(uint32_t rows) : partitions_(kPartitions), rows_(rows) {}

  Place place(PartitionId partition, std::string_view name_space, std::string_view agent_id) const;
  Epochs read(const Place& place) const;
  // By the one thread that commits to the partition.
  void raise(PartitionId partition, const Touched& touched);

 private:
  static constexpr size_t kPartitions = 1024;  // as many as a log may have

  std::vector<std::atomic<uint64_t>> partitions_;
  std::vector<std::array<std::atomic<uint64_t>, 3>> rows_;  // by tier
};

}  // namespace mnemo
