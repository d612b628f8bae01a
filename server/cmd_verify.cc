// verify.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "consumers/verify.h"
#include "server/cli.h"
#include "server/progress_line.h"

namespace mnemo {
namespace {

// A server compares nothing: the replay needs the log, and the directory is the server's alone.
constexpr const char* kNeedsDirectory =
    "verify replays the log beside the live state, for which it needs the directory: stop the server and run `mnemo "
    "verify --data DIR` on its directory, or on a copy of it. What two servers have can be compared while they run, by "
    "the digests that `mnemo status --json` shows of each";

// What to do about the findings; empty when there are none. Those about the log itself say so themselves.
std::string advice(const VerifyReport& report) {
  const auto about = [&report](std::string_view check) {
    return std::ranges::any_of(report.findings, [check](const Finding& f) { return f.check == check; });
  };
  if (report.good() || about("log")) return {};
  if (about("position")) {
    return "the projection was made from another log, or from a newer copy of this one: put the log that belongs here "
           "back, with its fingerprint.key; or, if this log is the right one, delete the directory state-*, and it is "
           "made "
           "again from the log";
  }
  return "keep a copy of the directory for a report, then delete its state-*: it is made again from the log, and "
         "nothing is "
         "lost with it";
}

Json verify_json(const VerifyReport& report) {
  Json json = {{"good", report.good()}, {"partitions", Json::array()}, {"findings", Json::array()}};
  for (const PartitionReport& p : report.partitions) {
    json["partitions"].push_back({{"partition", p.partition},
                                  {"events", p.events},
                                  {"applied", p.applied},
                                  {"log_end", p.log_end},
                                  {"rows", p.rows},
                                  {"points", p.points},
                                  {"agents", p.agents},
                                  {"state", to_hex(p.live.state)},
                                  {"content", to_hex(p.live.content)}});
  }
  for (const Finding& f : report.findings) {
    const Json partition = f.partition ? Json(*f.partition) : Json();
    json["findings"].push_back(
        {{"partition", partition}, {"check", f.check}, {"where", f.where}, {"message", f.message}});
  }
  if (const std::string what = advice(report); !what.empty()) json["advice"] = what;
  return json;
}

// A comparison with nothing proves nothing. A process that was killed may have left it so.
Status check_compared(const VerifyReport& report) {
  const auto sum = [&report](auto of) {
    return std::transform_reduce(report.partitions.begin(), report.partitions.end(), uint64_t{0}, std::plus<>(), of);
  };
  const uint64_t applied = sum([](const PartitionReport& p) { return p.applied; });
  const uint64_t on_log = sum([](const PartitionReport& p) { return p.log_end; });
  if (applied > 0 || on_log == 0 || !report.good()) return {};
  return fail(Code::kFailedPrecondition,
              fmt::format("nothing was compared: the projection has applied none of the {} records of the log. Run "
                          "`mnemo status` with the same --data, which applies them, and verify again",
                          on_log));
}

void print_verify(const VerifyReport& report) {
  uint64_t events = 0;
  uint64_t rows = 0;
  uint64_t points = 0;
  uint64_t agents = 0;
  uint64_t behind = 0;
  for (const PartitionReport& p : report.partitions) {
    behind += p.log_end - std::min(p.applied, p.log_end);
    events += p.events;
    rows += p.rows;
    points += p.points;
    agents += p.agents;
  }
  for (const Finding& f : report.findings) {
    const std::string partition = f.partition ? fmt::format("partition {}: ", *f.partition) : std::string();
    fmt::print("{}{}: {}: {}\n", partition, f.check, f.where, f.message);
  }
  if (behind > 0) {
    fmt::print("the projection has yet to apply {} records of the log: `mnemo status` applies them\n", behind);
  }
  fmt::print("{}: {} events replayed, {} rows and {} digest points compared, {} checked\n",
             report.good() ? "the state is what the log says" : "THE STATE IS NOT WHAT THE LOG SAYS", events, rows,
             points, agents == 1 ? "the index of 1 agent" : fmt::format("the indexes of {} agents", agents));
  if (const std::string what = advice(report); !what.empty()) fmt::print("{}\n", what);
}

// Damage that the log tells is a finding; other failures are failures.
Result<VerifyReport> verify_dir(const CommonOptions& common, const std::string& scratch) {
  SystemClock clock;
  DataDirOptions dir_options;
  dir_options.read_only = true;
  VerifyReport damaged;
  const auto finding = [&](const Error& error) -> Result<VerifyReport> {
    if (error.code != Code::kDataLoss) return fail(error);
    damaged.findings.push_back({std::nullopt, "log", common.data + "/log", error.message});
    return damaged;
  };
  const auto dir = DataDir::open(common.data, dir_options, clock);
  if (!dir) return finding(dir.error());
  print_warnings(**dir);
  if (const Status log = (*dir)->log().verify_all(); !log) return finding(log.error());
  VerifyOptions options;
  options.state_dir = (*dir)->state_dir();
  options.scratch_dir = scratch.empty() ? (*dir)->scratch_dir() : std::filesystem::path(scratch);
  options.memory_bytes = common.memory_bytes;
  ProgressLine progress;
  options.progress = std::ref(progress);
  return verify((*dir)->log(), options);
}

Result<int> run_verify(const CommonOptions& common, const std::string& scratch) {
  MNEMO_ASSIGN(const VerifyReport report, verify_dir(common, scratch));
  MNEMO_TRY(check_compared(report));
  if (common.json) {
    print_json(verify_json(report));
  } else {
    print_verify(report);
  }
  return report.good() ? kExitDone : kExitNegative;
}

}  // namespace

void add_verify_command(Cli& cli) {
  struct Options {
    std::string scratch;
    std::string server;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command =
      cli.add(cli.app, "verify", "Replay the log from zero and compare with the live state; changes nothing",
              [&cli, o]() -> Result<int> {
                if (cli.typed("--server")) return fail(Code::kFailedPrecondition, kNeedsDirectory);
                return run_verify(cli.common, o->scratch);
              });
  leave_out(command, {"--partitions", "--batch"});
  add_path(command, "--scratch", o->scratch,
           "directory in which the replay makes one of its own, and removes it at the end");
  add_text(command, "--server", o->server,
           "refused with what to do instead: a server cannot be verified while it runs");
}

}  // namespace mnemo
