// import, export.
#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <iostream>
#include <mutex>

#include "events/limits.h"
#include "events/tell_aside.h"
#include "server/cli.h"
#include "server/export.h"
#include "server/file.h"
#include "server/import.h"
#include "server/output_file.h"

namespace mnemo {
namespace {

constexpr size_t kBatchEvents = 200;
constexpr size_t kBatchBytes = 4 << 20;
constexpr size_t kInFlightMax = 20000;  // events appended and not yet applied
// What becomes of an event on its way into the log: its key, and the fields that the door sets.
constexpr size_t kAddedBytesMax = 1024;
static_assert(kBatchBytes + limits::kEventBytesMax + kBatchEvents * kAddedBytesMax <= limits::kAppendGroupBytesMax,
              "a batch, with the event that fills it, fits one append");

// An event of the input, as the tally needs to know it.
struct Sent {
  std::string where;
  v1::Envelope::EventCase kind;
};

struct Batch {
  std::vector<v1::Envelope> events;
  std::vector<Sent> sent;
  size_t bytes = 0;

  void add(v1::Envelope event, std::string where) {
    bytes += event.ByteSizeLong();
    sent.push_back({std::move(where), event.event_case()});
    events.push_back(std::move(event));
  }
  bool full() const { return events.size() >= kBatchEvents || bytes >= kBatchBytes; }
};

// What the import came to so far; filled from other threads.
class Tally {
 public:
  void add(const Sent& sent, const Result<Written>& written) {
    const std::lock_guard lock(mutex_);
    --in_flight_;
    if (!written) {
      failure_ = written.error();
    } else {
      count(sent, written->outcome);
    }
    changed_.notify_all();
  }
  void sent(size_t events) {
    const std::lock_guard lock(mutex_);
    in_flight_ += events;
  }
  void unsent(size_t events) {
    const std::lock_guard lock(mutex_);
    in_flight_ -= events;
  }
  // Waits until fewer than `limit` are under way; the first failure, if there was one.
  Status wait_below(size_t limit) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ < limit || failure_.has_value(); });
    if (failure_) return fail(*failure_);
    return {};
  }

  uint64_t remembered = 0;
  uint64_t expired = 0;  // of those: by event time they had expired when they came
  uint64_t linked = 0;
  uint64_t attached = 0;
  uint64_t present = 0;
  uint64_t refused = 0;
  std::string first_refusal;

 private:
  void count(const Sent& sent, const Outcome& o) {
    const bool applied = o.kind == Outcome::Kind::kApplied;
    const bool late = sent.kind == v1::Envelope::kEmbeddingAttached && applied && o.count == 0;
    if (o.refused || o.kind == Outcome::Kind::kSkipped || late) {
      ++refused;
      const std::string why = late ? "there is no such version of this memory" : o.message;
      if (first_refusal.empty()) first_refusal = fmt::format("{}: {}", sent.where, why);
    } else if (!applied || (sent.kind == v1::Envelope::kLinked && o.count == 0)) {
      ++present;
    } else if (sent.kind == v1::Envelope::kLinked) {
      ++linked;
    } else if (sent.kind == v1::Envelope::kEmbeddingAttached) {
      ++attached;
    } else {
      ++remembered;
      expired += o.expired ? 1 : 0;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t in_flight_ = 0;
  std::optional<Error> failure_;
};

Status send(Session& session, Batch batch, Tally& tally) {
  const auto sent = std::make_shared<const std::vector<Sent>>(std::move(batch.sent));
  while (true) {
    tally.sent(sent->size());
    const Status queued = session.node().write_all(
        batch.events,
        [&tally, sent](size_t number, const Result<Written>& written) { tally.add((*sent)[number], written); });
    if (queued) return {};
    tally.unsent(sent->size());
    if (queued.error().code != Code::kResourceExhausted) return queued;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// The next event, if the log would take it; so that a refusal names its line and costs no other event.
Result<std::optional<v1::Envelope>> next_checked(Session& session, ImportSource& source) {
  MNEMO_ASSIGN(std::optional<v1::Envelope> next, source.next());
  if (!next) return next;
  Status checked = session.catch_up(session.partition_for(next->namespace_(), next->agent_id()));
  if (checked) checked = session.node().check(*next);
  if (checked) return next;
  return fail(checked.error().code, fmt::format("{}: {}", source.where(), checked.error().message));
}

// Until the input ends or is wrong; what came before that is applied either way.
Status import_events(Session& session, ImportSource& source, Tally& tally, bool drawn) {
  Batch batch;
  uint64_t read = 0;
  while (true) {
    Result<std::optional<v1::Envelope>> next = next_checked(session, source);
    const bool end = !next || !*next;
    if (!end) batch.add(**std::move(next), source.where());
    read += end ? 0 : 1;
    if (batch.full() || (end && !batch.events.empty())) {
      MNEMO_TRY(tally.wait_below(kInFlightMax));
      MNEMO_TRY(send(session, std::exchange(batch, {}), tally));
      if (drawn) tell_aside(fmt::format("\r{}", progress_bar(source.progress_permille(), read)));
    }
    if (!end) continue;
    MNEMO_TRY(tally.wait_below(1));
    return next ? Status{} : Status(fail(next.error()));
  }
}

struct ImportOptions {
  std::string path;
  std::string format = "jsonl";
  std::string name_space;
};

void report(const CommonOptions& common, const Tally& tally) {
  if (common.json) {
    Json json = {{"remembered", tally.remembered}, {"expired", tally.expired},    {"linked", tally.linked},
                 {"attached", tally.attached},     {"duplicates", tally.present}, {"refused", tally.refused}};
    if (!tally.first_refusal.empty()) json["first_refusal"] = tally.first_refusal;
    print_json(json);
    return;
  }
  fmt::print("{} remembered{}, ", tally.remembered,
             tally.expired > 0 ? fmt::format(" (of which {} had expired already)", tally.expired) : "");
  if (tally.linked > 0) fmt::print("{} linked, ", tally.linked);
  if (tally.attached > 0) fmt::print("{} embeddings attached, ", tally.attached);
  fmt::print("{} already there, {} refused\n", tally.present, tally.refused);
  if (!tally.first_refusal.empty()) fmt::print("first refusal: {}\n", tally.first_refusal);
}

Result<int> run_import(const CommonOptions& common, const ImportOptions& o) {
  const bool locomo = o.format == "locomo";
  const std::string name_space = !o.name_space.empty() ? o.name_space : locomo ? "locomo" : "default";
  MNEMO_ASSIGN(const auto source, locomo ? open_locomo(o.path, name_space) : open_jsonl(o.path, name_space));
  Tally tally;  // outlives the session: should the import fail half-way, appends under way still end in it
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kWrite));
  const bool drawn = isatty(STDERR_FILENO) != 0;
  const Status imported = import_events(*session, *source, tally, drawn);
  if (drawn) tell_aside("\n");
  const Status closed = session->close();
  MNEMO_TRY(imported);
  MNEMO_TRY(closed);
  report(common, tally);
  return tally.refused == 0 ? kExitDone : kExitNegative;
}

// Every agent of a partition, as namespace and agent id.
Result<std::vector<std::string>> agent_names(const View& view) {
  std::vector<std::string> names;
  const std::string from = keys::start(keys::Row::kAgentName);
  MNEMO_TRY(view.scan(from, prefix_end(from), [&names](std::string_view /*key*/, std::string_view name) {
    names.emplace_back(name);
    return true;
  }));
  return names;
}

// An empty part of the scope stands for all.
Result<uint64_t> export_all(Session& session, const ScopeOptions& scope, const LineSink& sink) {
  uint64_t count = 0;
  for (uint32_t p = 0; p < session.partitions(); ++p) {
    MNEMO_ASSIGN(const auto view, session.view(PartitionId(p)));
    MNEMO_ASSIGN(const auto names, agent_names(*view));
    for (const std::string& name : names) {
      const std::optional<Scope> agent = parse_message_key(name);
      if (!agent) return fail(Code::kDataLoss, "an agent's row is damaged: rebuild the projection from the log");
      const bool wanted = (scope.name_space.empty() || agent->name_space == scope.name_space) &&
                          (scope.agent_id.empty() || agent->agent_id == scope.agent_id);
      if (!wanted) continue;
      MNEMO_ASSIGN(const uint64_t exported, export_agent(*view, *agent, sink));
      count += exported;
    }
  }
  return count;
}

// In the data directory, it could be the log that is replaced.
Result<std::unique_ptr<OutputFile>> open_export(const CommonOptions& common, const std::string& path) {
  if (is_inside(path, common.data)) {
    return fail(Code::kInvalidArgument,
                fmt::format("--out: {} lies in the data directory, where every file is mnemo's: name another", path));
  }
  return OutputFile::make(path);
}

Result<int> run_export(const CommonOptions& common, const ScopeOptions& scope, const std::string& path) {
  std::unique_ptr<OutputFile> file;
  if (!path.empty()) {
    MNEMO_ASSIGN(file, open_export(common, path));
  }
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  std::ostream& out = file == nullptr ? std::cout : file->stream();
  MNEMO_ASSIGN(const uint64_t count, export_all(*session, scope, [&out](const Json& line) {
                 out << line.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
               }));
  out.flush();
  if (!out) return fail(Code::kUnavailable, "the output could not be written: is the disk full?", true);
  MNEMO_TRY(session->close());
  if (file != nullptr) MNEMO_TRY(file->put_in_place());
  if (!path.empty() && common.json) print_json({{"memories", count}});
  if (!path.empty() && !common.json) fmt::print("{} written to {}\n", memories(count), path);
  const bool sought = !scope.name_space.empty() || !scope.agent_id.empty();
  // What a partition has yet to apply is missing.
  return session->warned() || (sought && count == 0) ? kExitNegative : kExitDone;
}

}  // namespace

void add_import_commands(Cli& cli) {
  auto import = std::make_shared<ImportOptions>();
  CLI::App* command = cli.add(cli.app, "import", "Import memories from a file; what is there already stays as it is",
                              [&cli, import] { return run_import(cli.common, *import); });
  add_text(command, "file", import->path, "the file")->required();
  add_text(command, "--format", import->format, "jsonl: one JSON object a line; locomo: LoCoMo's conversations")
      ->check(CLI::IsMember({"jsonl", "locomo"}))
      ->capture_default_str();
  add_text(command, "--namespace", import->name_space,
           "namespace of lines that name none; when absent, default, or locomo for that format");

  auto scope = std::make_shared<ScopeOptions>();
  scope->name_space.clear();
  auto path = std::make_shared<std::string>();
  command = cli.add(cli.app, "export", "Export what is remembered now as JSON lines that import takes",
                    [&cli, scope, path]() -> Result<int> {
                      if (!scope->agent_id.empty() && scope->name_space.empty()) scope->name_space = "default";
                      return run_export(cli.common, *scope, *path);
                    });
  add_text(command, "--namespace", scope->name_space, "only this namespace; all when absent, or default with --agent");
  add_text(command, "--agent", scope->agent_id, "only this agent");
  add_text(command, "--out", *path, "file to write; standard output when absent");
}

}  // namespace mnemo
