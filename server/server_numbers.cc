#include "server/server_numbers.h"

#include <algorithm>
#include <numeric>

namespace mnemo {
namespace {

PartitionNumbers numbers_of(Node& node, PartitionId partition) {
  const Projection& projection = node.projection(partition);
  const Meta meta = projection.applied();
  PartitionNumbers numbers;
  numbers.partition = partition.value;
  numbers.applied = meta.next_offset;
  if (const auto durable = projection.durable()) numbers.durable = durable->next_offset;
  if (const auto end = node.log().end(partition)) numbers.log_end = *end;
  numbers.lag = numbers.log_end - std::min(numbers.log_end, numbers.applied);
  numbers.memories = meta.counters.memories;
  numbers.pending = meta.pending_next - meta.pending_first;
  numbers.skipped = std::accumulate(meta.counters.skipped.begin(), meta.counters.skipped.end(), uint64_t{0});
  numbers.halted = node.halted(partition).has_value();
  return numbers;
}

}  // namespace

std::vector<PartitionNumbers> partition_numbers(Node& node) {
  std::vector<PartitionNumbers> all;
  for (uint32_t p = 0; p < node.partitions(); ++p) all.push_back(numbers_of(node, PartitionId(p)));
  return all;
}

CacheNumbers cache_numbers(const ResultCache& cache) {
  const ResultCache::Counters counters = cache.counters();
  CacheNumbers numbers;
  numbers.hits = counters.hit;
  numbers.misses = counters.miss;
  numbers.evictions = counters.evicted;
  numbers.entries = cache.entries();
  numbers.bytes = cache.bytes();
  return numbers;
}

HttpNumbers http_numbers(const HttpCounters& counters) {
  HttpNumbers numbers;
  numbers.requests = counters.requests;
  numbers.refused = counters.refused;
  numbers.accepted = counters.accepted;
  numbers.received_bytes = counters.received_bytes;
  numbers.sent_bytes = counters.sent_bytes;
  numbers.connections = counters.connections;
  numbers.body_bytes = counters.body_bytes;
  return numbers;
}

}  // namespace mnemo
