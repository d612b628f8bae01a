// status, verify.
#include <fmt/format.h>

#include <algorithm>

#include "consumers/verify.h"
#include "events/envelope.h"
#include "server/cli.h"
#include "server/progress_line.h"

namespace mnemo {
namespace {

constexpr auto kSettleMax = std::chrono::minutes(10);

Json counters_json(const Counters& c) {
  Json skipped = Json::object();
  for (size_t i = 1; i < c.skipped.size(); ++i) {
    skipped[std::string(skip_reason_name(static_cast<SkipReason>(i)))] = c.skipped[i];
  }
  return {{"memories", c.memories},     {"applied", c.applied},     {"rejected", c.rejected},
          {"duplicates", c.duplicates}, {"conflicts", c.conflicts}, {"control", c.control},
          {"forgotten", c.forgotten},   {"expired", c.expired},     {"skipped", skipped}};
}

Json error_json(const Error& why) { return {{"code", code_name(why.code)}, {"message", why.message}}; }

// What a view shows; the rest is known of a partition that follows its log.
Json partition_json(Session& session, PartitionId partition, const Meta& meta) {
  Json json = {{"partition", partition.value},
               {"position", to_string(Position{partition, meta.epoch, meta.next_offset})},
               {"seq", meta.seq},
               {"state", to_hex(meta.state)},
               {"content", to_hex(meta.content)},
               {"settled", meta.settled()},
               {"pending", meta.pending_next - meta.pending_first},
               {"counters", counters_json(meta.counters)}};
  if (const auto why = session.behind(partition)) json["halted"] = error_json(*why);
  return json;
}

Status add_live(Node& node, PartitionId partition, Json& json) {
  const Projection& projection = node.projection(partition);
  MNEMO_ASSIGN(const Meta durable, projection.durable());
  MNEMO_ASSIGN(const uint64_t end, node.log().end(partition));
  json["durable"] = to_string(Position{partition, durable.epoch, durable.next_offset});
  json["log_end"] = end;
  json["disk_bytes"] = projection.disk_bytes();
  json["rerouted"] = node.emitter().rerouted(partition);
  return {};
}

void print_partition(const Json& p) {
  const std::string end = p.contains("log_end") ? std::to_string(p["log_end"].get<uint64_t>()) : "?";
  fmt::print("{:>4} {:>12} {:>12} {:>10} {:>10}  {}  {}\n", p["partition"].get<uint32_t>(),
             p["position"].get<std::string>(), end, p["seq"].get<uint64_t>(), p["counters"]["memories"].get<uint64_t>(),
             p["state"].get<std::string>(),
             p.contains("halted")       ? "HALTED"
             : p["settled"].get<bool>() ? "settled"
                                        : "working");
}

// Waits until no partition has work pending: what digests of different logs are compared at.
Status settle(Session& session) {
  const Deadline deadline = std::chrono::steady_clock::now() + kSettleMax;
  for (uint32_t p = 0; p < session.partitions(); ++p) {
    MNEMO_TRY(session.catch_up(PartitionId(p)));
    MNEMO_TRY(session.node().projection(PartitionId(p)).wait_settled(deadline));
  }
  return {};
}

// Of what is applied now, whether or not it is all that the log holds.
Result<Json> status_json(Session& session) {
  Json partitions = Json::array();
  Digest content;
  uint64_t memories = 0;
  bool settled = true;
  bool halted = false;
  Meta meta;
  for (uint32_t p = 0; p < session.partitions(); ++p) {
    const PartitionId partition(p);
    MNEMO_ASSIGN(const auto view, session.view(partition));
    meta = view->meta();
    Json json = partition_json(session, partition, meta);
    if (!session.dir().log_error()) MNEMO_TRY(add_live(session.node(), partition, json));
    halted = halted || json.contains("halted");
    partitions.push_back(std::move(json));
    content += meta.content;
    memories += meta.counters.memories;
    settled = settled && meta.settled();
  }
  Json json = {{"log_id", to_hex(meta.log_id)}, {"epoch", meta.epoch}, {"memories", memories},
               {"content", to_hex(content)},    {"settled", settled},  {"halted", halted},
               {"partitions", partitions}};
  if (const auto& why = session.dir().log_error()) json["log_error"] = error_json(*why);
  return json;
}

void print_status(const Json& json) {
  fmt::print("log {}, epoch {}, {} memories, content {}{}\n\n", json["log_id"].get<std::string>(),
             json["epoch"].get<uint32_t>(), json["memories"].get<uint64_t>(), json["content"].get<std::string>(),
             json["settled"].get<bool>() ? "" : " (work pending)");
  fmt::print("{:>4} {:>12} {:>12} {:>10} {:>10}  {:<32}\n", "part", "position", "log end", "seq", "memories", "state");
  for (const Json& p : json["partitions"]) print_partition(p);
}

Result<int> run_status(const CommonOptions& common, bool settled_first) {
  const Access access = settled_first ? Access::kKnown : Access::kRead;
  MNEMO_ASSIGN(const auto session, Session::open(common, access));
  if (settled_first) MNEMO_TRY(settle(*session));
  MNEMO_ASSIGN(const Json json, status_json(*session));
  MNEMO_TRY(session->close());
  if (common.json) {
    print_json(json);
  } else {
    print_status(json);
  }
  return json["halted"].get<bool>() ? kExitNegative : kExitDone;
}

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
  if (common.json) {
    print_json(verify_json(report));
  } else {
    print_verify(report);
  }
  return report.good() ? kExitDone : kExitNegative;
}

}  // namespace

void add_admin_commands(Cli& cli) {
  auto settled = std::make_shared<bool>(false);
  CLI::App* status = cli.add(cli.app, "status", "Positions, counts and digests",
                             [&cli, settled] { return run_status(cli.common, *settled); });
  status->add_flag("--settle", *settled,
                   "wait until no work is pending, so that digests can be compared with another log's");

  auto scratch = std::make_shared<std::string>();
  CLI::App* command =
      cli.add(cli.app, "verify", "Replay the log from zero and compare with the live state; changes nothing",
              [&cli, scratch] { return run_verify(cli.common, *scratch); });
  leave_out(command, {"--partitions", "--batch"});
  add_text(command, "--scratch", *scratch,
           "directory in which the replay makes one of its own, and removes it at the end");
}

}  // namespace mnemo
