#include "server/service/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <thread>

namespace mnemo {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

RequestDone request(Door door, Method method, std::optional<Code> error, MonotonicSpan took = 3ms) {
  return {door, method, error, took};
}

// Whether the text has this line.
bool has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, CountRequestsByDoorMethodAndCode) {
  Metrics metrics({});
  metrics.done(request(Door::kHttp, Method::kRemember, std::nullopt));
  metrics.done(request(Door::kHttp, Method::kRemember, std::nullopt));
  metrics.done(request(Door::kGrpc, Method::kRemember, Code::kNotFound));
  metrics.done(request(Door::kGrpc, Method::kOther, Code::kUnauthenticated));
  const std::string text = metrics.text();
  EXPECT_TRUE(has(text, R"(mnemo_requests_total{code="OK",door="http",method="Remember"} 2)")) << text;
  EXPECT_TRUE(has(text, R"(mnemo_requests_total{code="NOT_FOUND",door="grpc",method="Remember"} 1)")) << text;
  EXPECT_TRUE(has(text, R"(mnemo_requests_total{code="UNAUTHENTICATED",door="grpc",method="Other"} 1)")) << text;
  EXPECT_THAT(text, Not(HasSubstr("Retrieve"))) << "what never happened takes no line";
}

TEST(Metrics, MeasureRequestsInSeconds) {
  Metrics metrics({});
  metrics.done(request(Door::kHttp, Method::kRetrieve, std::nullopt, 3ms));
  metrics.done(request(Door::kHttp, Method::kRetrieve, Code::kInternal, 400s));
  const std::string text = metrics.text();
  const std::string of = R"({door="http",method="Retrieve")";
  EXPECT_TRUE(has(text, "mnemo_request_duration_seconds_bucket" + of + R"(,le="0.0025"} 0)")) << text;
  EXPECT_TRUE(has(text, "mnemo_request_duration_seconds_bucket" + of + R"(,le="0.005"} 1)")) << text;
  EXPECT_TRUE(has(text, "mnemo_request_duration_seconds_bucket" + of + R"(,le="+Inf"} 2)")) << text;
  EXPECT_TRUE(has(text, "mnemo_request_duration_seconds_sum" + of + "} 400.003")) << text;
}

TEST(Metrics, EveryMethodAndDoorHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kMethods; ++i) names.insert(method_name(static_cast<Method>(i)));
  EXPECT_EQ(names.size(), kMethods);
  EXPECT_NE(door_name(Door::kHttp), door_name(Door::kGrpc));
}

TEST(Metrics, CountFromManyThreads) {
  Metrics metrics({});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) metrics.done(request(Door::kGrpc, Method::kGetMemory, std::nullopt));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(has(metrics.text(), R"(mnemo_requests_total{code="OK",door="grpc",method="GetMemory"} 4000)"));
}

TEST(Metrics, WithoutSourcesSayWhatTheProcessIs) {
  const std::string text = Metrics({.version = "1.2.3", .started = 1'700'000'000'500}).text();
  EXPECT_TRUE(has(text, R"(mnemo_build_info{version="1.2.3"} 1)")) << text;
  EXPECT_TRUE(has(text, "mnemo_process_start_time_seconds 1700000000.5")) << text;
  EXPECT_THAT(text, Not(HasSubstr("mnemo_scheduler")));
  EXPECT_THAT(text, Not(HasSubstr("mnemo_partition")));
  EXPECT_THAT(text, Not(HasSubstr("mnemo_result_cache")));
}

TEST(Metrics, TellOfTheSchedulerByClassAndCause) {
  Statistics statistics;
  ClassStatistics& writes = statistics.of(TaskClass::kWrite);
  writes.admitted = 10;
  writes.started = 6;
  writes.finished = 5;
  writes.refused[static_cast<size_t>(NotRunCause::kAgentItems)] = 7;
  writes.dropped[static_cast<size_t>(NotRunCause::kExpired)] = 1;
  writes.waited.add(50us);
  writes.waited.add(200us);
  writes.waited.add(100s);
  statistics.waiting = {3, 30, 4096};
  statistics.in_flight = 1;
  const std::string text = Metrics({.scheduler = [&] { return statistics; }}).text();
  EXPECT_TRUE(has(text, R"(mnemo_scheduler_waiting_tasks{class="write"} 3)")) << text;
  EXPECT_TRUE(has(text, R"(mnemo_scheduler_waiting_tasks{class="read"} 0)")) << text;
  EXPECT_TRUE(has(text, "mnemo_scheduler_waiting_items 30"));
  EXPECT_TRUE(has(text, "mnemo_scheduler_waiting_bytes 4096"));
  EXPECT_TRUE(has(text, "mnemo_scheduler_in_flight_tasks 1"));
  EXPECT_TRUE(has(text, R"(mnemo_scheduler_finished_tasks_total{class="write"} 5)"));
  EXPECT_TRUE(has(text, R"(mnemo_scheduler_refused_tasks_total{class="write",cause="agent_items"} 7)")) << text;
  EXPECT_TRUE(has(text, R"(mnemo_scheduler_dropped_tasks_total{class="write",cause="expired"} 1)"));
  EXPECT_TRUE(has(text, R"(mnemo_scheduler_wait_seconds_bucket{class="write",le="6.4e-05"} 1)")) << text;
  EXPECT_TRUE(has(text, R"(mnemo_scheduler_wait_seconds_bucket{class="write",le="0.000256"} 2)")) << text;
  EXPECT_TRUE(has(text, R"(mnemo_scheduler_wait_seconds_bucket{class="write",le="+Inf"} 3)"));
  EXPECT_TRUE(has(text, R"(mnemo_scheduler_wait_seconds_count{class="write"} 3)"));
}

TEST(Metrics, TellOfEachPartitionOfTheCacheAndOfTheTransportAsTheyAreNow) {
  std::vector<PartitionNumbers> partitions(2);
  partitions[1] = {1, 90, 80, 100, 10, 55, 4, 2, true};
  CacheNumbers cache{5, 6, 7, 8, 9};
  HttpNumbers http{11, 12, 13, 14, 15, 16, 17};
  const Metrics metrics(
      {.partitions = [&] { return partitions; }, .result_cache = [&] { return cache; }, .http = [&] { return http; }});
  std::string text = metrics.text();
  for (const char* line : {R"(mnemo_partition_applied_offset{partition="1"} 90)",
                           R"(mnemo_partition_durable_offset{partition="1"} 80)",
                           R"(mnemo_partition_log_end_offset{partition="1"} 100)",
                           R"(mnemo_partition_lag_events{partition="1"} 10)",
                           R"(mnemo_partition_memories{partition="1"} 55)",
                           R"(mnemo_partition_pending_units{partition="1"} 4)",
                           R"(mnemo_partition_skipped_records_total{partition="1"} 2)",
                           R"(mnemo_partition_halted{partition="1"} 1)",
                           R"(mnemo_partition_halted{partition="0"} 0)",
                           "mnemo_result_cache_hits_total 5",
                           "mnemo_result_cache_misses_total 6",
                           "mnemo_result_cache_evictions_total 7",
                           "mnemo_result_cache_entries 8",
                           "mnemo_result_cache_bytes 9",
                           "mnemo_http_requests_total 11",
                           "mnemo_http_refused_total 12",
                           "mnemo_http_connections_accepted_total 13",
                           "mnemo_http_received_bytes_total 14",
                           "mnemo_http_sent_bytes_total 15",
                           "mnemo_http_connections 16",
                           "mnemo_http_body_bytes 17"}) {
    EXPECT_TRUE(has(text, line)) << line << "\n" << text;
  }
  partitions[1].lag = 0;
  EXPECT_TRUE(has(metrics.text(), R"(mnemo_partition_lag_events{partition="1"} 0)"));
}

TEST(Metrics, EachHasHelpAndAType) {
  Statistics statistics;
  Metrics metrics({.scheduler = [&] { return statistics; },
                   .partitions = [] { return std::vector<PartitionNumbers>(1); },
                   .result_cache = [] { return CacheNumbers(); },
                   .http = [] { return HttpNumbers(); }});
  metrics.done(request(Door::kHttp, Method::kMetrics, std::nullopt));
  const std::string text = metrics.text();
  std::istringstream lines(text);
  std::set<std::string> typed;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, what, name;
    if (line.starts_with("# TYPE ") && words >> hash >> what >> name) typed.insert(name);
    if (line.starts_with("#")) continue;
    name = line.substr(0, line.find_first_of("{ "));
    for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
      if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    }
    EXPECT_TRUE(typed.contains(name)) << line;
    EXPECT_THAT(text, HasSubstr("# HELP " + name + " ")) << line;
    EXPECT_TRUE(name.starts_with("mnemo_")) << line;
  }
}

}  // namespace
}  // namespace mnemo
