#include "server/service/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <atomic>
#include <chrono>
#include <utility>

#include "server/service/metric_families.h"

namespace mnemo {
namespace {

constexpr size_t kCodes = 17;  // gRPC's, OK among them

// A metric of a family, found once: the family looks it up under a lock. Thread-safe.
template <typename Metric>
class Found {
 public:
  template <typename Find>
  Metric& get(const Find& find) {
    Metric* metric = metric_.load(std::memory_order_acquire);
    if (metric == nullptr) {
      metric = &find();  // two threads that come first find the same one
      metric_.store(metric, std::memory_order_release);
    }
    return *metric;
  }

 private:
  std::atomic<Metric*> metric_{nullptr};
};

prometheus::Labels labels_of(const RequestDone& request) {
  return {{"door", std::string(door_name(request.door))}, {"method", std::string(method_name(request.method))}};
}

}  // namespace

class Metrics::Requests {
 public:
  void done(const RequestDone& request) {
    OfMethod& of = methods_.at(static_cast<size_t>(request.door)).at(static_cast<size_t>(request.method));
    const auto count = [&]() -> prometheus::Counter& {
      auto labels = labels_of(request);
      labels["code"] = request.error ? code_name(*request.error) : "OK";
      return counts_.Add(labels);
    };
    of.counts.at(request.error ? static_cast<size_t>(*request.error) : 0).get(count).Increment();
    const auto duration = [&]() -> prometheus::Histogram& { return durations_.Add(labels_of(request), kSeconds); };
    of.duration.get(duration).Observe(std::chrono::duration<double>(request.took).count());
  }

  std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

 private:
  struct OfMethod {
    std::array<Found<prometheus::Counter>, kCodes> counts;
    Found<prometheus::Histogram> duration;
  };
  // Reads take milliseconds, a write one sync, and the longest deadline is minutes.
  static inline const prometheus::Histogram::BucketBoundaries kSeconds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& counts_ =
      prometheus::BuildCounter().Name("mnemo_requests_total").Help("Requests that were answered.").Register(registry_);
  prometheus::Family<prometheus::Histogram>& durations_ = prometheus::BuildHistogram()
                                                              .Name("mnemo_request_duration_seconds")
                                                              .Help("From a request's arrival to its answer.")
                                                              .Register(registry_);
  std::array<std::array<OfMethod, kMethods>, kDoors> methods_;
};

Metrics::Metrics(MetricsSources sources) : sources_(std::move(sources)), requests_(std::make_unique<Requests>()) {}

Metrics::~Metrics() = default;

void Metrics::done(const RequestDone& request) { requests_->done(request); }

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> all = collect(sources_);
  for (prometheus::MetricFamily& family : requests_->collect()) all.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace mnemo
