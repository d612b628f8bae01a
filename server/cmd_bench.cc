#include "server/cmd_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "events/ids.h"
#include "events/uuid.h"
#include "server/interrupt.h"
#include "server/load/load.h"
#include "server/load/report.h"

namespace mnemo {
namespace {

constexpr uint32_t kClientsMax = 1000;
constexpr uint32_t kRateMax = 1'000'000;
constexpr uint32_t kSecondsMax = 86'400;
constexpr uint32_t kMemoriesPerWriteMax = 1000;
constexpr uint32_t kAgentsMax = 1'000'000;
constexpr double kZipfMax = 5;
constexpr size_t kRunBytes = 4;
// Enough that a client does not wait for one to be made, and not so many that they fill the memory.
constexpr size_t kMemoriesAhead = 4000;

struct Bench {
  std::string phase;  // empty: each after the other
  std::string grpc;   // empty: HTTP
  uint32_t rate = 0;
  uint32_t clients = 16;
  uint32_t seconds = 10;
  uint32_t batch = 1;
  uint32_t memories = 0;  // to write; 0: until the time is over
  uint32_t reads = 50;
  uint32_t limit = 10;
  uint32_t agents = 1000;
  uint32_t seed = 1;
  double zipf = 0;
  bool no_cache = false;
  std::string name_space = "bench";
};

std::vector<LoadPhase> phases_of(const Bench& o) {
  const std::vector<LoadPhase> all = {LoadPhase::kIngest, LoadPhase::kRetrieve, LoadPhase::kMixed};
  const auto named = std::ranges::find_if(all, [&o](LoadPhase phase) { return phase_name(phase) == o.phase; });
  return named == all.end() ? all : std::vector<LoadPhase>{*named};
}

std::string address_of(const CommonOptions& common, const Bench& o) { return o.grpc.empty() ? common.server : o.grpc; }

Result<std::unique_ptr<LoadTarget>> target_of(const CommonOptions& common, const Bench& o) {
  const LoadTargetOptions options{address_of(common, o), common.api_key, common.ca_cert};
  return o.grpc.empty() ? http_load_target(options) : grpc_load_target(options);
}

Json configuration_json(const CommonOptions& common, const Bench& o, const std::string& run) {
  return {{"door", o.grpc.empty() ? "http" : "grpc"},
          {"address", address_of(common, o)},
          {"loop", o.rate == 0 ? "closed" : "open"},
          {"rate", o.rate},
          {"clients", o.clients},
          {"seconds", o.seconds},
          {"batch", o.batch},
          {"memories", o.memories},
          {"reads_percent", o.reads},
          {"limit", o.limit},
          {"cache", !o.no_cache},
          {"namespace", o.name_space},
          {"agents", o.agents},
          {"zipf", o.zipf},
          {"seed", o.seed},
          {"run", run}};
}

std::string heading_of(const CommonOptions& common, const Bench& o, LoadPhase phase) {
  const std::string loop = o.rate == 0 ? "closed loop" : fmt::format("{} a second", o.rate);
  return fmt::format("{}: {}, {} client{}, {}{}", phase_name(phase), loop, o.clients, o.clients == 1 ? "" : "s",
                     o.grpc.empty() ? "" : "gRPC ", address_of(common, o));
}

// Requests of the phase, until as many memories have been written as were asked for.
RequestsAhead::Make requests_of(const Bench& o, LoadPhase phase, Traffic& traffic) {
  const bool counted = phase == LoadPhase::kIngest && o.memories > 0;
  return [&traffic, phase, counted, batch = o.batch, left = o.memories]() mutable -> std::optional<LoadRequest> {
    if (!counted) return traffic.next(phase);
    if (left < batch) return std::nullopt;
    left -= batch;
    return traffic.next(phase);
  };
}

Result<int> run_bench(const CommonOptions& common, const Bench& o) {
  SystemClock clock;
  UuidGenerator ids(clock);
  const Bytes16 id = ids.next();
  const std::string run =
      to_hex(std::string_view(reinterpret_cast<const char*>(id.data()), id.size()).substr(16 - kRunBytes));
  Traffic traffic({.workload = {.agents = o.agents, .seed = o.seed, .agents_zipf = o.zipf, .name_space = o.name_space},
                   .run = run,
                   .batch = o.batch,
                   .reads_percent = o.reads,
                   .limit = o.limit,
                   .cache = !o.no_cache});
  const Interrupt interrupt;
  Json phases = Json::array();
  bool negative = false;
  for (const LoadPhase phase : phases_of(o)) {
    if (Interrupt::asked()) break;
    MNEMO_ASSIGN(auto target, target_of(common, o));
    RequestsAhead requests(requests_of(o, phase, traffic), std::max<size_t>(2, kMemoriesAhead / o.batch));
    LoadOptions load;
    load.clients = o.clients;
    load.rate = o.rate;
    load.duration = std::chrono::seconds(o.seconds);
    MNEMO_ASSIGN(const LoadResult result, run_load(std::move(target), requests, load, Interrupt::asked));
    negative = negative || is_negative(result);
    phases.push_back(json_of_load(phase_name(phase), result));
    if (!common.json) fmt::print("{}", text_of_load(heading_of(common, o, phase), result));
  }
  if (common.json) print_json({{"configuration", configuration_json(common, o, run)}, {"phases", std::move(phases)}});
  return negative ? kExitNegative : kExitDone;
}

CLI::Validator known_phase() {
  return {[](const std::string& name) {
            const bool known = name == "ingest" || name == "retrieve" || name == "mixed";
            return known ? std::string() : fmt::format("'{}' is no phase: there are ingest, retrieve and mixed", name);
          },
          ""};
}

void add_zipf(CLI::App* command, double& zipf) {
  const auto parse = [](const std::string& text, double& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= kZipfMax;
  };
  command
      ->add_option_function<std::string>(
          "--zipf", [&zipf, parse](const std::string& text) { parse(text, zipf); },
          "exponent of Zipf's law over the agents, 0 to 5; 0, when not given: each as often as any other")
      ->check(CLI::Validator(
          [parse](const std::string& text) {
            double value = 0;
            return parse(text, value) ? std::string() : fmt::format("'{}' is no number from 0 to 5", text);
          },
          ""))
      ->type_name("NUMBER");
}

void add_options(CLI::App* command, Bench& o) {
  command->add_option("phase", o.phase, "ingest, retrieve or mixed; when not given, each after the other")
      ->check(known_phase());
  add_text(command, "--grpc", o.grpc, "HOST:PORT of the server for gRPC; without it, HTTP to --server");
  add_number(command, "--rate", o.rate, 0, kRateMax,
             "requests a second, started on time whatever becomes of those before, latency counted from when each was "
             "meant to start; 0, when not given: as fast as the clients go");
  add_number(command, "--clients", o.clients, 1, kClientsMax,
             "connections, each with one request at a time; 16 when not given");
  add_number(command, "--seconds", o.seconds, 1, kSecondsMax, "how long each phase takes; 10 when not given");
  add_number(command, "--batch", o.batch, 1, kMemoriesPerWriteMax, "memories a write; 1 when not given");
  add_number(command, "--memories", o.memories, 0, UINT32_MAX,
             "ingest ends when so many were sent; 0, when not given: when the time is over");
  add_number(command, "--reads", o.reads, 0, 100, "percent of questions in mixed; 50 when not given");
  add_number(command, "--limit", o.limit, 1, 1000, "memories that a question asks for; 10 when not given");
  command->add_flag("--no-cache", o.no_cache, "ask for answers that were not kept");
  add_number(command, "--agents", o.agents, 1, kAgentsMax, "agents; 1000 when not given");
  add_zipf(command, o.zipf);
  add_number(command, "--seed", o.seed, 0, UINT32_MAX,
             "of the texts: retrieve asks about what ingest wrote under the same; 1 when not given");
  add_text(command, "--namespace", o.name_space, "of the agents; bench when not given");
}

}  // namespace

void add_bench_command(Cli& cli) {
  auto bench = std::make_shared<Bench>();
  CLI::App* command = cli.add(
      cli.app, "bench", "Put a load on a server: generated memories, and questions about them",
      [&cli, bench]() -> Result<int> {
        if (!bench->grpc.empty() && cli.typed("--server")) {
          return fail(Code::kInvalidArgument, "--grpc and --server exclude each other: give one of them");
        }
        return run_bench(cli.common, *bench);
      },
      Reach::kServerToo);
  leave_out(command, {"--data", "--memory", "--partitions", "--batch"});
  add_options(command, *bench);
}

}  // namespace mnemo
