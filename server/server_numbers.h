// File: server/server_numbers.h
// What /metrics asks of the parts of a running server.
#pragma once

#include "consumers/node.h"
#include "query/result_cache.h"
#include "server/http/http_server.h"
#include "server/service/metrics.h"

namespace mnemo {

std::vector<PartitionNumbers> partition_numbers(Node& node);
CacheNumbers cache_numbers(const ResultCache& cache);
HttpNumbers http_numbers(const HttpCounters& counters);

}  // namespace mnemo
