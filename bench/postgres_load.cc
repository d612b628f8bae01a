// File: bench/postgres_load.cc
// The load of `mnemo bench ingest` on a table of PostgreSQL: same texts, same clients, same clock. Prints the JSON of a
// phase.
//
//   postgres_load --connection 'host=DIR dbname=postgres' [--clients 64] [--seconds 10] [--batch 1] [--rate 0]
//                 [--agents 1000] [--zipf 0] [--seed 1]
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "bench/measure.h"
#include "bench/postgres_target.h"
#include "server/load/report.h"

namespace mnemo::bench {
namespace {

struct Options {
  std::string connection;
  LoadOptions load{.clients = 64};
  uint32_t seconds = 10;
  TrafficOptions traffic{.workload = {.agents = 1000}, .run = "peer"};
};

void run(Options options) {
  options.load.duration = std::chrono::seconds(options.seconds);
  Traffic traffic(options.traffic);
  RequestsAhead requests([&traffic] { return traffic.next(LoadPhase::kIngest); },
                         std::max<size_t>(2, 4000 / options.traffic.batch));
  const LoadResult result = must(run_load(postgres_target(options.connection, options.traffic.batch), requests,
                                          options.load, [] { return false; }));
  fmt::print("{}\n", json_text(json_of_load("ingest", result)));
}

}  // namespace
}  // namespace mnemo::bench

int main(int argc, char** argv) {
  mnemo::bench::Options options;
  CLI::App app("The load of `mnemo bench ingest` on a table of PostgreSQL");
  app.add_option("--connection", options.connection, "As libpq takes it")->required();
  app.add_option("--clients", options.load.clients)->check(CLI::Range(1U, 1000U));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(1U, 86400U));
  app.add_option("--rate", options.load.rate)->check(CLI::Range(0U, 1'000'000U));
  app.add_option("--batch", options.traffic.batch)->check(CLI::Range(1U, 1000U));
  app.add_option("--agents", options.traffic.workload.agents)->check(CLI::Range(1U, 1'000'000U));
  app.add_option("--zipf", options.traffic.workload.agents_zipf)->check(CLI::Range(0.0, 5.0));
  app.add_option("--seed", options.traffic.workload.seed);
  CLI11_PARSE(app, argc, argv);
  mnemo::bench::run(std::move(options));
  return 0;
}
