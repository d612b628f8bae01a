// status, verify, log copy, deadletters, skip.
#include <fmt/format.h>
#include <unistd.h>

#include <deque>

#include "consumers/copy.h"
#include "consumers/verify.h"
#include "events/envelope.h"
#include "projector/store/outbox.h"
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
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
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
    const std::string partition = f.partition ? fmt::format("partition {}: ", *f.partition) : std::string();
    fmt::print("{}{}: {}: {}\n", partition, f.check, f.where, f.message);
  }
  fmt::print("{}: {} events replayed, {} rows and {} digest points compared, {} agents' indexes checked\n",
             report.good() ? "the state is what the log says" : "THE STATE IS NOT WHAT THE LOG SAYS", events, rows,
             points, agents);
}

void print_warnings(DataDir& dir) {
  for (const std::string& warning : dir.log().warnings()) fmt::print(stderr, "mnemo: warning: {}\n", warning);
}

// On a terminal, how much of the work is done.
class ProgressLine {
 public:
  ~ProgressLine() {
    if (drawn_) fmt::print(stderr, "\n");
  }
  void operator()(uint64_t done, uint64_t total) {
    if (!terminal_) return;
    drawn_ = true;
    fmt::print(stderr, "\r{:>3} %", total == 0 ? 100 : done * 100 / total);
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  bool drawn_ = false;
};

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

struct CopyCommand {
  std::string from;
  std::string to;
  uint32_t partitions = 0;  // 0: not said
};

Result<std::unique_ptr<DataDir>> open_target(const CopyCommand& o, DataDir& from, const Clock& clock) {
  DataDirOptions options;
  options.partitions = o.partitions != 0 ? o.partitions : from.log().identity().partitions;
  options.copy_of = &from.key();
  MNEMO_ASSIGN(auto to, DataDir::open(o.to, options, clock));
  print_warnings(*to);
  const uint32_t partitions = to->log().identity().partitions;
  if (o.partitions == 0 || o.partitions == partitions) return to;
  return fail(
      Code::kFailedPrecondition,
      fmt::format("the copy in {} was made with {} partitions, not {}: leave --partitions out to go on with it, "
                  "or name an empty directory",
                  o.to, partitions, o.partitions));
}

Result<int> run_copy(const CommonOptions& common, const CopyCommand& o) {
  SystemClock clock;
  DataDirOptions from_options;
  from_options.read_only = true;
  MNEMO_ASSIGN(const auto from, DataDir::open(o.from, from_options, clock));
  print_warnings(*from);
  MNEMO_ASSIGN(const auto to, open_target(o, *from, clock));
  CopyOptions options;
  options.scratch_dir = to->scratch_dir();
  options.memory_bytes = common.memory_bytes;
  const auto report = [&] {
    ProgressLine progress;
    options.progress = std::ref(progress);
    return copy_log(from->log(), to->log(), options);
  }();
  if (!report) return fail(report.error());
  if (common.json) {
    print_json({{"records", report->records}, {"present", report->present}, {"left_out", report->left_out}});
  } else {
    fmt::print("{} records copied, {} already there, {} left out (duplicates, skipped)\n", report->records,
               report->present, report->left_out);
  }
  return kExitDone;
}

struct SkipCommand {
  std::string position;
  std::string reason;
};

// Only the record at which the partition stands still now, and only if it is the record's own fault: a decision cannot
// be taken back, and what is acknowledged and healthy must not be lost by a mistyped number.
Status check_skippable(Session& session, const Position& position) {
  const Node& node = session.node();
  const LogIdentity& log = session.dir().log().identity();
  if (position.partition.value >= log.partitions || position.epoch != log.epoch) {
    return fail(Code::kOutOfRange, fmt::format("the log has {} partitions and epoch {}", log.partitions, log.epoch));
  }
  if (position.offset < kGenesisRecords) {
    return fail(Code::kFailedPrecondition,
                fmt::format("{} is one of the records that found its partition: without it no other could be applied",
                            to_string(position)));
  }
  const Status caught_up = session.catch_up(position.partition);
  const std::optional<Error> why = node.halted(position.partition);
  if (!why) {
    MNEMO_TRY(caught_up);
    return fail(
        Code::kFailedPrecondition,
        fmt::format("partition {} has applied all of its log: to undo what a record did, append an event that does",
                    position.partition.value));
  }
  const std::optional<uint64_t> refused = session.node().projection(position.partition).refused();
  if (refused == position.offset) return {};
  if (!refused) {
    return fail(Code::kFailedPrecondition,
                fmt::format("partition {} stands still for a reason that skipping a record does not mend: {}",
                            position.partition.value, why->message));
  }
  return fail(Code::kFailedPrecondition,
              fmt::format("partition {} stands still at {}, which alone may be skipped: {}", position.partition.value,
                          to_string(Position{position.partition, position.epoch, *refused}), why->message));
}

Result<int> run_skip(const CommonOptions& common, const SkipCommand& o) {
  MNEMO_ASSIGN(const Position position, parse_position(o.position));
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kKnown));
  MNEMO_TRY(check_skippable(*session, position));
  const SystemClock clock;
  UuidGenerator ids(clock);
  const Bytes16 id = ids.next();
  v1::Envelope envelope;
  envelope.set_event_id(std::string(id.begin(), id.end()));
  envelope.set_schema_version(kSchemaVersion);
  envelope.set_recorded_at_ms(clock.now_ms());
  v1::SkipRecorded& e = *envelope.mutable_skip_recorded();
  e.set_partition(position.partition.value);
  e.set_epoch(position.epoch);
  e.set_offset(position.offset);
  e.set_reason(o.reason);
  MNEMO_TRY(validate(envelope, Rules{}));
  MNEMO_ASSIGN(const auto appended,
               append_and_wait(session->dir().log(), {make_record(envelope, session->partitions())}));
  MNEMO_TRY(session->close());
  const std::string decided_at = to_string(appended.front().position);
  if (common.json) {
    print_json({{"position", o.position}, {"decided_at", decided_at}});
  } else {
    fmt::print("{} will not be applied, here or in any replay; decided at {}\n", o.position, decided_at);
  }
  return kExitDone;
}

// What would be taken and do nothing is not taken.
void leave_out(CLI::App* command, std::initializer_list<const char*> options) {
  for (const char* name : options) MNEMO_CHECK(command->remove_option(command->get_option(name)));
}

struct Reported {
  Position position;
  DeadLetter letter;
};

// Of the newest records of the partition that were not applied, `limit` at most, newest first.
Status read_dead_letters(const View& view, size_t limit, std::vector<Reported>& out) {
  std::deque<Reported> newest;
  Status decoded;
  const std::string from = keys::start(keys::Row::kSkip);
  MNEMO_TRY(view.scan(from, prefix_end(from), [&](std::string_view key, std::string_view row) {
    Reported& reported = newest.emplace_back();
    decoded = decode_skip(key, row, reported.letter);
    reported.position = {view.partition(), view.meta().epoch, reported.letter.offset};
    if (newest.size() > limit) newest.pop_front();
    return decoded.has_value();
  }));
  MNEMO_TRY(decoded);
  out.insert(out.end(), newest.rbegin(), newest.rend());
  return {};
}

Result<int> run_dead_letters(const CommonOptions& common, size_t limit) {
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  std::vector<Reported> all;
  for (uint32_t p = 0; p < session->partitions(); ++p) {
    MNEMO_ASSIGN(const auto view, session->view(PartitionId(p)));
    MNEMO_TRY(read_dead_letters(*view, limit, all));
  }
  MNEMO_TRY(session->close());
  Json json = Json::array();
  for (const auto& [position, letter] : all) {
    const std::string at = to_string(position);
    const std::string reason(skip_reason_name(letter.reason));
    json.push_back({{"position", at}, {"reason", reason}, {"why", letter.why}});
    if (!common.json) fmt::print("{:<16} {:<16} {}\n", at, reason, letter.why);
  }
  if (common.json) print_json({{"dead_letters", json}});
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
  leave_out(command, {"--partitions", "--batch"});
  add_text(command, "--scratch", *scratch,
           "directory in which the replay makes one of its own, and removes it at the end");

  CLI::App* log = cli.app.add_subcommand("log", "Commands on the log itself");
  log->require_subcommand(1);
  auto copy = std::make_shared<CopyCommand>();
  command = cli.add(*log, "copy", "Copy the accepted events into another data directory; can be resumed",
                    [&cli, copy] { return run_copy(cli.common, *copy); });
  add_text(command, "--from", copy->from, "data directory to read")->required();
  add_text(command, "--to", copy->to, "data directory to fill")->required();
  leave_out(command, {"--data", "--partitions", "--batch"});
  add_number(command, "--partitions", copy->partitions, 1, limits::kPartitionsMax,
             "partitions of a copy that is made now; else the source's");

  auto letters = std::make_shared<uint32_t>(100);
  command = cli.add(cli.app, "deadletters", "List records that were not applied, and why",
                    [&cli, letters] { return run_dead_letters(cli.common, *letters); });
  add_number(command, "--limit", *letters, 1, 10000, "of each partition, the newest")->capture_default_str();

  auto skip = std::make_shared<SkipCommand>();
  command = cli.add(cli.app, "skip", "Decide that the record at a position is never applied",
                    [&cli, skip] { return run_skip(cli.common, *skip); });
  add_text(command, "position", skip->position, "PARTITION-EPOCH-OFFSET, as errors name it")->required();
  add_text(command, "--reason", skip->reason, "why, for whoever reads the log")->required();
}

}  // namespace mnemo
