#include "server/load/report.h"

#include <fmt/format.h>

#include <cmath>

namespace mnemo {
namespace {

struct Quantile {
  const char* name;   // in JSON
  const char* title;  // in the table
  double share;
};
constexpr Quantile kQuantiles[] = {
    {"p50", "p50", 0.5}, {"p90", "p90", 0.9}, {"p99", "p99", 0.99}, {"p99_9", "p99.9", 0.999}, {"max", "max", 1}};

double tenths(double value) { return std::round(value * 10) / 10; }

double per_second(uint64_t count, const LoadResult& result) {
  return result.seconds > 0 ? static_cast<double>(count) / result.seconds : 0;
}

Json latency_json(const Histogram& latency) {
  Json json;
  for (const Quantile& q : kQuantiles) json[q.name] = tenths(static_cast<double>(latency.percentile(q.share)) / 1e3);
  json["mean"] = tenths(latency.mean() / 1e3);
  return json;
}

Json operation_json(std::string_view name, const OperationResult& o, const LoadResult& result) {
  Json json = {{"operation", name}, {"requests", o.requests}};
  json["requests_per_second"] = tenths(per_second(o.requests, result));
  if (name == "retrieve") {
    json["results"] = o.results;
    json["empty"] = o.empty;
    json["cached"] = o.cached;
  } else {
    json["acknowledged"] = o.acknowledged;
    json["acknowledged_per_second"] = tenths(per_second(o.acknowledged, result));
    json["duplicates"] = o.duplicates;
    json["pending"] = o.pending;
  }
  json["latency_us"] = latency_json(o.latency);
  json["errors"] = Json::object();
  for (const auto& [code, times] : o.errors) json["errors"][std::string(code_name(code))] = times;
  return json;
}

// Three digits, and the unit in which that is a number to read.
std::string latency_text(uint64_t nanos) {
  const double micros = static_cast<double>(nanos) / 1e3;
  const double value = micros < 1e3 ? micros : micros < 1e6 ? micros / 1e3 : micros / 1e6;
  const char* const unit = micros < 1e3 ? "us" : micros < 1e6 ? "ms" : "s ";
  return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : value < 100 ? 1 : 0, unit);
}

std::string operation_text(std::string_view name, const OperationResult& o, const LoadResult& result) {
  const uint64_t memories = name == "retrieve" ? o.results : o.acknowledged;
  std::string line =
      fmt::format("  {:<15}{:>12.0f}{:>13.0f}", name, per_second(o.requests, result), per_second(memories, result));
  for (const Quantile& q : kQuantiles) line += fmt::format("{:>10}", latency_text(o.latency.percentile(q.share)));
  line += '\n';
  for (const auto& [code, times] : o.errors) line += fmt::format("    {} answered {}\n", times, code_name(code));
  if (o.duplicates > 0) line += fmt::format("    {} had been there before\n", o.duplicates);
  if (o.pending > 0) line += fmt::format("    {} durable and not yet applied when they were answered\n", o.pending);
  if (o.empty > 0) line += fmt::format("    {} found nothing: ingest with the same --agents and --seed\n", o.empty);
  return line;
}

}  // namespace

Json json_of_load(std::string_view phase, const LoadResult& result) {
  Json operations = Json::array();
  for (size_t i = 0; i < kLoadOperations.size(); ++i) {
    if (result.operations[i].requests == 0) continue;
    operations.push_back(operation_json(kLoadOperations[i], result.operations[i], result));
  }
  return {{"phase", phase},
          {"seconds", std::round(result.seconds * 1e3) / 1e3},
          {"operations", std::move(operations)},
          {"late_starts", result.late},
          {"missed_starts", result.missed},
          {"interrupted", result.interrupted}};
}

std::string text_of_load(std::string_view heading, const LoadResult& result) {
  std::string text = fmt::format("{}, {:.1f} s{}\n", heading, result.seconds, result.interrupted ? ", cut short" : "");
  text += fmt::format("  {:<15}{:>12}{:>13}", "", "requests/s", "memories/s");
  for (const Quantile& q : kQuantiles) text += fmt::format("{:>10}", q.title);
  text += '\n';
  for (size_t i = 0; i < kLoadOperations.size(); ++i) {
    if (result.operations[i].requests == 0) continue;
    text += operation_text(kLoadOperations[i], result.operations[i], result);
  }
  if (result.late > 0) text += fmt::format("  {} started over a millisecond late\n", result.late);
  if (result.missed > 0) text += fmt::format("  {} were due and never started: the rate is too high\n", result.missed);
  return text;
}

bool is_negative(const LoadResult& result) {
  bool negative = result.missed > 0;
  for (const OperationResult& o : result.operations) {
    const bool nothing_found = o.requests > 0 && o.empty == o.requests;
    negative = negative || !o.errors.empty() || nothing_found;
  }
  return negative;
}

}  // namespace mnemo
