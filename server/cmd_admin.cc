// status, verify, log copy, skip.
#include <fmt/format.h>
#include <unistd.h>

#include "consumers/copy.h"
#include "consumers/verify.h"
#include "events/envelope.h"
#include "server/cli.h"

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

Json partition_json(Session& session, uint32_t p, const Meta& meta, const Meta& durable, uint64_t end) {
  return {{"partition", p},
          {"position", to_string(Position{PartitionId(p), meta.epoch, meta.next_offset})},
          {"durable", to_string(Position{PartitionId(p), durable.epoch, durable.next_offset})},
          {"log_end", end},
          {"seq", meta.seq},
          {"state", to_hex(meta.state)},
          {"content", to_hex(meta.content)},
          {"settled", meta.settled()},
          {"pending", meta.pending_next - meta.pending_first},
          {"disk_bytes", session.node().projection(PartitionId(p)).store().disk_bytes()},
          {"counters", counters_json(meta.counters)}};
}

void print_partition(const Json& p) {
  fmt::print("{:>4} {:>12} {:>12} {:>10} {:>10}  {}  {}\n", p["partition"].get<uint32_t>(),
             p["position"].get<std::string>(), p["log_end"].get<uint64_t>(), p["seq"].get<uint64_t>(),
             p["counters"]["memories"].get<uint64_t>(), p["state"].get<std::string>(),
             p["settled"].get<bool>() ? "settled" : "working");
}

// Waits until no partition has work pending: what digests of different logs are compared at.
Status settle(Node& node) {
  const Deadline deadline = std::chrono::steady_clock::now() + kSettleMax;
  for (uint32_t p = 0; p < node.partitions(); ++p) {
    while (!node.projection(PartitionId(p)).applied().settled()) {
      if (const auto why = node.halted(PartitionId(p))) return fail(*why);
      if (std::chrono::steady_clock::now() > deadline) {
        return fail(Code::kDeadlineExceeded, "there is still work pending; ask again", true);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  return {};
}

Result<int> run_status(const CommonOptions& common, bool settled_first) {
  MNEMO_ASSIGN(const auto session, Session::open(common));
  if (settled_first) MNEMO_TRY(settle(session->node()));
  Json partitions = Json::array();
  Digest content;
  uint64_t memories = 0;
  bool settled = true;
  for (uint32_t p = 0; p < session->node().partitions(); ++p) {
    const Projection& projection = session->node().projection(PartitionId(p));
    const Meta meta = projection.applied();
    MNEMO_ASSIGN(const Meta durable, projection.durable());
    MNEMO_ASSIGN(const uint64_t end, session->node().log().end(PartitionId(p)));
    partitions.push_back(partition_json(*session, p, meta, durable, end));
    content += meta.content;
    memories += meta.counters.memories;
    settled = settled && meta.settled();
  }
  const LogIdentity& log = session->node().log().identity();
  Json json = {{"log_id", to_hex(log.log_id)}, {"epoch", log.epoch}, {"memories", memories},
               {"content", to_hex(content)},   {"settled", settled}, {"partitions", partitions}};
  MNEMO_TRY(session->close());
  if (common.json) {
    print_json(json);
    return kExitDone;
  }
  fmt::print("log {}, epoch {}, {} memories, content {}{}\n\n", to_hex(log.log_id), log.epoch, memories,
             to_hex(content), settled ? "" : " (work pending)");
  fmt::print("{:>4} {:>12} {:>12} {:>10} {:>10}  {:<32}\n", "part", "position", "log end", "seq", "memories", "state");
  for (const Json& p : partitions) print_partition(p);
  return kExitDone;
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
    json["findings"].push_back(
        {{"partition", f.partition}, {"check", f.check}, {"where", f.where}, {"message", f.message}});
  }
  return json;
}

void print_verify(const VerifyReport& report) {
  uint64_t events = 0;
  uint64_t rows = 0;
  uint64_t points = 0;
  uint64_t agents = 0;
  for (const PartitionReport& p : report.partitions) {
    events += p.events;
    rows += p.rows;
    points += p.points;
    agents += p.agents;
  }
  for (const Finding& f : report.findings) {
    fmt::print("partition {}: {}: {}: {}\n", f.partition, f.check, f.where, f.message);
  }
  fmt::print("{}: {} events replayed, {} rows and {} digest points compared, {} agents' indexes checked\n",
             report.good() ? "the state is what the log says" : "THE STATE IS NOT WHAT THE LOG SAYS", events, rows,
             points, agents);
}

Result<int> run_verify(const CommonOptions& common, const std::string& scratch) {
  SystemClock clock;
  DataDirOptions dir_options;
  dir_options.read_only = true;
  MNEMO_ASSIGN(const auto dir, DataDir::open(common.data, dir_options, clock));
  VerifyReport report;
  const bool drawn = isatty(STDERR_FILENO) != 0;
  if (const Status log = dir->log().verify_all(); !log) {
    report.findings.push_back({0, "log", common.data + "/log", log.error().message});
  } else {
    VerifyOptions options;
    options.state_dir = dir->state_dir();
    options.scratch_dir = scratch.empty() ? dir->scratch_dir() : std::filesystem::path(scratch);
    options.memory_bytes = common.memory_bytes;
    options.progress = [drawn](uint64_t events, uint64_t total) {
      if (drawn) fmt::print(stderr, "\r{} of {} events", events, total);
    };
    MNEMO_ASSIGN(report, verify(dir->log(), options));
    if (drawn) fmt::print(stderr, "\n");
  }
  if (common.json) {
    print_json(verify_json(report));
  } else {
    print_verify(report);
  }
  return report.good() ? kExitDone : kExitNegative;
}

struct CopyCommand {
  std::string from;
  std::string to;
  uint32_t partitions = 0;
};

Result<int> run_copy(const CommonOptions& common, const CopyCommand& o) {
  SystemClock clock;
  DataDirOptions from_options;
  from_options.create = false;
  MNEMO_ASSIGN(const auto from, DataDir::open(o.from, from_options, clock));
  DataDirOptions to_options;
  to_options.partitions = o.partitions != 0 ? o.partitions : from->log().identity().partitions;
  to_options.copy_of = &from->key();
  MNEMO_ASSIGN(const auto to, DataDir::open(o.to, to_options, clock));
  CopyOptions options;
  options.scratch_dir = to->scratch_dir();
  options.memory_bytes = common.memory_bytes;
  const bool drawn = isatty(STDERR_FILENO) != 0;
  options.progress = [drawn](uint64_t records, uint64_t total) {
    if (drawn) fmt::print(stderr, "\r{} of {} records", records, total);
  };
  MNEMO_ASSIGN(const CopyReport report, copy_log(from->log(), to->log(), options));
  if (drawn) fmt::print(stderr, "\n");
  if (common.json) {
    print_json({{"records", report.records}, {"present", report.present}, {"left_out", report.left_out}});
  } else {
    fmt::print("{} records copied, {} already there, {} left out (duplicates, skipped)\n", report.records,
               report.present, report.left_out);
  }
  return kExitDone;
}

struct SkipCommand {
  std::string position;
  std::string reason;
};

// A decision about a record that the projection has applied already would make replays differ from it.
Status check_not_applied(const DataDir& dir, const Position& position) {
  StoreResources resources(64 << 20);
  StoreOptions options;
  options.dir = dir.state_dir() / fmt::format("p{}", position.partition.value);
  options.partition = position.partition;
  options.resources = &resources;
  options.read_only = true;
  std::error_code error;
  if (!std::filesystem::exists(options.dir / "CURRENT", error)) return {};
  MNEMO_ASSIGN(const auto store, Store::open(options));
  MNEMO_ASSIGN(const auto view, store->view());
  if (view->meta().next_offset <= position.offset) return {};
  return fail(
      Code::kFailedPrecondition,
      fmt::format("{} has been applied already: to undo what it did, append an event that does", to_string(position)));
}

// Works without a Node: the partition in question may be halted.
Result<int> run_skip(const CommonOptions& common, const SkipCommand& o) {
  MNEMO_ASSIGN(const Position position, parse_position(o.position));
  SystemClock clock;
  DataDirOptions dir_options;
  dir_options.create = false;
  MNEMO_ASSIGN(const auto dir, DataDir::open(common.data, dir_options, clock));
  const LogIdentity& log = dir->log().identity();
  if (position.partition.value >= log.partitions || position.epoch != log.epoch) {
    return fail(Code::kOutOfRange, fmt::format("the log has {} partitions and epoch {}", log.partitions, log.epoch));
  }
  MNEMO_ASSIGN(const uint64_t end, dir->log().end(position.partition));
  if (position.offset >= end) {
    return fail(Code::kOutOfRange, fmt::format("partition {} ends at offset {}", position.partition.value, end));
  }
  MNEMO_TRY(check_not_applied(*dir, position));
  v1::Envelope envelope;
  UuidGenerator ids(clock);
  const Bytes16 id = ids.next();
  envelope.set_event_id(std::string(id.begin(), id.end()));
  envelope.set_schema_version(kSchemaVersion);
  envelope.set_recorded_at_ms(clock.now_ms());
  v1::SkipRecorded& e = *envelope.mutable_skip_recorded();
  e.set_partition(position.partition.value);
  e.set_epoch(position.epoch);
  e.set_offset(position.offset);
  e.set_reason(o.reason);
  MNEMO_ASSIGN(const auto appended, append_and_wait(dir->log(), {make_record(envelope, log.partitions)}));
  const std::string decided_at = to_string(appended.front().position);
  if (common.json) {
    print_json({{"position", o.position}, {"decided_at", decided_at}});
  } else {
    fmt::print("{} will not be applied, here or in any replay; decided at {}\n", o.position, decided_at);
  }
  return kExitDone;
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
  add_text(command, "--scratch", *scratch, "directory for the replay; removed at the end");

  CLI::App* log = cli.app.add_subcommand("log", "Commands on the log itself");
  log->require_subcommand(1);
  auto copy = std::make_shared<CopyCommand>();
  command = cli.add(*log, "copy", "Copy the accepted events into another data directory; can be resumed",
                    [&cli, copy] { return run_copy(cli.common, *copy); });
  add_text(command, "--from", copy->from, "data directory to read")->required();
  add_text(command, "--to", copy->to, "data directory to fill")->required();
  add_number(command, "--to-partitions", copy->partitions, 1, limits::kPartitionsMax,
             "partitions of the copy; as the source's when absent");
  // --from, --to and --to-partitions say what these say elsewhere.
  for (const char* other : {"--data", "--partitions"}) command->remove_option(command->get_option(other));

  auto skip = std::make_shared<SkipCommand>();
  command = cli.add(cli.app, "skip", "Decide that the record at a position is never applied",
                    [&cli, skip] { return run_skip(cli.common, *skip); });
  add_text(command, "position", skip->position, "PARTITION-EPOCH-OFFSET, as errors name it")->required();
  add_text(command, "--reason", skip->reason, "why, for whoever reads the log")->required();
}

}  // namespace mnemo
