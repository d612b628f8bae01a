#include "server/service/metric_families.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace mnemo {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// The bounds of the waiting times that are told, as powers of two of microseconds: 64 us to 67 s, by fours.
constexpr size_t kWaitFirst = 6;
constexpr size_t kWaitLast = 26;
constexpr size_t kWaitStep = 2;

ClientMetric gauge(Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

ClientMetric counter(Labels labels, uint64_t value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
  return metric;
}

ClientMetric waits(Labels labels, const WaitHistogram& waited) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.histogram.sample_count = waited.count;
  metric.histogram.sample_sum = static_cast<double>(waited.sum_us) / 1e6;
  uint64_t below = 0;
  size_t next = 0;
  for (size_t power = kWaitFirst; power <= kWaitLast; power += kWaitStep) {
    for (; next <= power; ++next) below += waited.buckets[next];
    metric.histogram.bucket.push_back({below, static_cast<double>(uint64_t{1} << power) / 1e6});
  }
  return metric;
}

constexpr std::array<TaskClass, kTaskClasses> kClasses = {TaskClass::kRead, TaskClass::kWrite, TaskClass::kMaintenance};

Labels of(TaskClass task_class) { return {{"class", std::string(task_class_name(task_class))}}; }

template <typename Make>
MetricFamily by_class(std::string name, std::string help, MetricType type, const Make& make) {
  MetricFamily family{std::move(name), std::move(help), type, {}};
  for (const TaskClass task_class : kClasses) family.metric.push_back(make(task_class));
  return family;
}

// Those that have happened: most never do.
MetricFamily by_cause(std::string name, std::string help, const Statistics& statistics,
                      std::array<uint64_t, kNotRunCauses> ClassStatistics::* counts) {
  MetricFamily family{std::move(name), std::move(help), MetricType::Counter, {}};
  for (const TaskClass task_class : kClasses) {
    for (size_t i = 0; i < kNotRunCauses; ++i) {
      const uint64_t count = (statistics.of(task_class).*counts)[i];
      Labels labels = of(task_class);
      labels.push_back({"cause", std::string(not_run_cause_name(static_cast<NotRunCause>(i)))});
      if (count != 0) family.metric.push_back(counter(std::move(labels), count));
    }
  }
  return family;
}

uint64_t waiting(const ClassStatistics& of_class) {
  uint64_t dropped = 0;
  for (const uint64_t count : of_class.dropped) dropped += count;
  return of_class.admitted - of_class.started - dropped;
}

void add_scheduler(const Statistics& now, std::vector<MetricFamily>& all) {
  const auto counted = [&](std::string name, std::string help, uint64_t ClassStatistics::* count) {
    all.push_back(by_class(std::move(name), std::move(help), MetricType::Counter,
                           [&](TaskClass c) { return counter(of(c), now.of(c).*count); }));
  };
  const auto gauged = [&](std::string name, std::string help, double value) {
    all.push_back({std::move(name), std::move(help), MetricType::Gauge, {gauge({}, value)}});
  };
  all.push_back(by_class("mnemo_scheduler_waiting_tasks", "Tasks that wait for their turn.", MetricType::Gauge,
                         [&](TaskClass c) { return gauge(of(c), static_cast<double>(waiting(now.of(c)))); }));
  gauged("mnemo_scheduler_waiting_items", "Memories that the waiting tasks are about.",
         static_cast<double>(now.waiting.items));
  gauged("mnemo_scheduler_waiting_bytes", "Memory that the waiting tasks hold.",
         static_cast<double>(now.waiting.bytes));
  gauged("mnemo_scheduler_in_flight_tasks", "Tasks that run, or wait for the log.", static_cast<double>(now.in_flight));
  gauged("mnemo_scheduler_draining", "1 when nothing is taken any more.", now.draining ? 1 : 0);
  counted("mnemo_scheduler_admitted_tasks_total", "Tasks that were taken.", &ClassStatistics::admitted);
  counted("mnemo_scheduler_started_tasks_total", "Tasks that began to run.", &ClassStatistics::started);
  counted("mnemo_scheduler_finished_tasks_total", "Tasks that have ended.", &ClassStatistics::finished);
  all.push_back(by_cause("mnemo_scheduler_refused_tasks_total", "Tasks that were not taken, by cause.", now,
                         &ClassStatistics::refused));
  all.push_back(by_cause("mnemo_scheduler_dropped_tasks_total", "Tasks that were taken and never ran, by cause.", now,
                         &ClassStatistics::dropped));
  all.push_back(by_class("mnemo_scheduler_wait_seconds", "How long tasks waited before they began.",
                         MetricType::Histogram, [&](TaskClass c) { return waits(of(c), now.of(c).waited); }));
}

void add_partitions(const std::vector<PartitionNumbers>& now, std::vector<MetricFamily>& all) {
  const auto add = [&](std::string name, std::string help, MetricType type, uint64_t PartitionNumbers::* value) {
    MetricFamily family{std::move(name), std::move(help), type, {}};
    for (const PartitionNumbers& one : now) {
      Labels labels = {{"partition", std::to_string(one.partition)}};
      family.metric.push_back(type == MetricType::Counter ? counter(std::move(labels), one.*value)
                                                          : gauge(std::move(labels), static_cast<double>(one.*value)));
    }
    all.push_back(std::move(family));
  };
  using P = PartitionNumbers;
  add("mnemo_partition_applied_offset", "Next offset to apply.", MetricType::Gauge, &P::applied);
  add("mnemo_partition_durable_offset", "The same, of what a flush has kept.", MetricType::Gauge, &P::durable);
  add("mnemo_partition_log_end_offset", "Offset after the log's last record.", MetricType::Gauge, &P::log_end);
  add("mnemo_partition_lag_events", "Events on the log and not applied.", MetricType::Gauge, &P::lag);
  add("mnemo_partition_memories", "Memories that are kept.", MetricType::Gauge, &P::memories);
  add("mnemo_partition_pending_units", "Units of work that events left behind.", MetricType::Gauge, &P::pending);
  add("mnemo_partition_skipped_records_total", "Records that no event could be made of.", MetricType::Counter,
      &P::skipped);
  MetricFamily halted{"mnemo_partition_halted", "1 when it stands still; /v1/status says why.", MetricType::Gauge, {}};
  for (const P& one : now) {
    halted.metric.push_back(gauge({{"partition", std::to_string(one.partition)}}, one.halted ? 1 : 0));
  }
  all.push_back(std::move(halted));
}

void add_number(std::vector<MetricFamily>& all, std::string name, std::string help, MetricType type, uint64_t value) {
  const bool counted = type == MetricType::Counter;
  all.push_back(
      {std::move(name), std::move(help), type, {counted ? counter({}, value) : gauge({}, static_cast<double>(value))}});
}

void add_http(const HttpNumbers& now, std::vector<MetricFamily>& all) {
  using enum MetricType;
  add_number(all, "mnemo_http_requests_total", "Requests that were read whole.", Counter, now.requests);
  add_number(all, "mnemo_http_refused_total", "Requests and connections that the transport refused.", Counter,
             now.refused);
  add_number(all, "mnemo_http_connections_accepted_total", "Connections.", Counter, now.accepted);
  add_number(all, "mnemo_http_received_bytes_total", "Bytes that clients sent, without TLS.", Counter,
             now.received_bytes);
  add_number(all, "mnemo_http_sent_bytes_total", "Bytes of answers.", Counter, now.sent_bytes);
  add_number(all, "mnemo_http_connections", "Connections that are open.", Gauge, now.connections);
  add_number(all, "mnemo_http_body_bytes", "Memory that requests take that are not answered yet.", Gauge,
             now.body_bytes);
}

void add_cache(const CacheNumbers& now, std::vector<MetricFamily>& all) {
  add_number(all, "mnemo_result_cache_hits_total", "Answers that were kept and still right.", MetricType::Counter,
             now.hits);
  add_number(all, "mnemo_result_cache_misses_total", "Answers that had to be made.", MetricType::Counter, now.misses);
  add_number(all, "mnemo_result_cache_evictions_total", "Answers that left for want of room.", MetricType::Counter,
             now.evictions);
  add_number(all, "mnemo_result_cache_entries", "Answers that are kept.", MetricType::Gauge, now.entries);
  add_number(all, "mnemo_result_cache_bytes", "Memory that they take.", MetricType::Gauge, now.bytes);
}

}  // namespace

std::vector<MetricFamily> collect(const MetricsSources& sources) {
  std::vector<MetricFamily> all;
  all.push_back({"mnemo_build_info",
                 "1, with the version of the binary.",
                 MetricType::Gauge,
                 {gauge({{"version", sources.version}}, 1)}});
  all.push_back({"mnemo_process_start_time_seconds",
                 "When the process started, since 1970.",
                 MetricType::Gauge,
                 {gauge({}, static_cast<double>(sources.started) / 1000)}});
  if (sources.scheduler) add_scheduler(sources.scheduler(), all);
  if (sources.partitions) add_partitions(sources.partitions(), all);
  if (sources.result_cache) add_cache(sources.result_cache(), all);
  if (sources.http) add_http(sources.http(), all);
  return all;
}

}  // namespace mnemo
