// File: server/service/metrics.h
// What /metrics says: counts of the doors, kept here, and numbers of others, asked for at each scrape.
//
//   Metrics metrics({.version = "1.2.3", .scheduler = [&] { return scheduler.statistics(); }});
//   metrics.done({Door::kHttp, Method::kRemember, std::nullopt, took});
//   std::string body = metrics.text();  // of type Metrics::kContentType
//
// Labels are numbers of partitions and names of our own lists: nothing that a client chose. Each metric has its HELP.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/clock.h"
#include "manager/statistics.h"
#include "server/service/observer.h"

namespace mnemo {

// Of one partition, at one moment.
struct PartitionNumbers {
  uint32_t partition = 0;
  uint64_t applied = 0;  // next offset to apply, of its epoch
  uint64_t durable = 0;  // the same, of what a flush has kept
  uint64_t log_end = 0;
  uint64_t lag = 0;  // events on the log and not applied
  uint64_t memories = 0;
  uint64_t pending = 0;  // units of work that events left behind
  uint64_t skipped = 0;  // records, since the log was made
  bool halted = false;
};

// Of a cache, since the process started.
struct CacheNumbers {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t evictions = 0;
  uint64_t entries = 0;  // now
  uint64_t bytes = 0;    // now
};

// Of the HTTP door's transport: counts since the process started, and what is held now.
struct HttpNumbers {
  uint64_t requests = 0;  // read whole
  uint64_t refused = 0;   // requests and connections, before anything was asked
  uint64_t accepted = 0;  // connections
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  uint64_t connections = 0;  // now
  uint64_t body_bytes = 0;   // now, of requests that are not answered yet
};

// Each function is called at a scrape, from the thread that asks for the text, and must be quick; an empty one leaves
// its metrics out. They outlive the Metrics.
struct MetricsSources {
  std::string version{};
  TimestampMs started = 0;  // of the process
  std::function<Statistics()> scheduler{};
  std::function<std::vector<PartitionNumbers>()> partitions{};
  std::function<CacheNumbers()> result_cache{};
  std::function<HttpNumbers()> http{};
};

class Metrics final : public RequestObserver {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  explicit Metrics(MetricsSources sources);
  ~Metrics() override;

  void done(const RequestDone& request) override;

  // In Prometheus' text format.
  std::string text() const;

 private:
  class Requests;

  const MetricsSources sources_;
  const std::unique_ptr<Requests> requests_;
};

}  // namespace mnemo
