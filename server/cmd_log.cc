// log copy, deadletters, skip.
#include <fmt/format.h>

#include <deque>

#include "consumers/copy.h"
#include "events/envelope.h"
#include "projector/store/outbox.h"
#include "server/cli.h"
#include "server/file.h"
#include "server/progress_line.h"
#include "server/retried.h"

namespace mnemo {
namespace {

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
  if (is_inside(o.from, o.to) || is_inside(o.to, o.from)) {
    return fail(Code::kInvalidArgument,
                fmt::format("{} and {} are one directory, or one lies in the other: name another --to", o.from, o.to));
  }
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
  const SteadyClock steady;
  Retries retries({}, randombytes_random());
  MNEMO_ASSIGN(const auto appended, retried(retries, steady, soon(), [&] {
                 return append_and_wait(session->dir().log(), {make_record(envelope, session->partitions())});
               }));
  MNEMO_TRY(session->close());
  const std::string decided_at = to_string(appended.front().position);
  if (common.json) {
    print_json({{"position", o.position}, {"decided_at", decided_at}});
  } else {
    fmt::print("{} will not be applied, here or in any replay; decided at {}\n", o.position, decided_at);
  }
  return kExitDone;
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
    if (!common.json) fmt::print("{:<16} {:<16} {}\n", at, reason, one_line(letter.why));
  }
  if (common.json) print_json({{"dead_letters", json}});
  if (!common.json && all.empty()) fmt::print("no dead letters\n");
  return kExitDone;
}

}  // namespace

void add_log_commands(Cli& cli) {
  CLI::App* log = cli.app.add_subcommand("log", "Commands on the log itself");
  log->require_subcommand(1);
  auto copy = std::make_shared<CopyCommand>();
  CLI::App* command = cli.add(*log, "copy", "Copy the accepted events into another data directory; can be resumed",
                              [&cli, copy] { return run_copy(cli.common, *copy); });
  add_path(command, "--from", copy->from, "data directory to read")->required();
  add_path(command, "--to", copy->to, "data directory to fill")->required();
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
