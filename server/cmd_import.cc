// import, export.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "events/limits.h"
#include "events/tell_aside.h"
#include "query/request.h"
#include "server/answerer.h"
#include "server/export.h"
#include "server/file.h"
#include "server/import.h"
#include "server/import_present.h"
#include "server/import_tally.h"
#include "server/interrupt.h"
#include "server/output_file.h"
#include "server/pages.h"
#include "server/retried.h"
#include "server/usage.h"

namespace mnemo {
namespace {

constexpr size_t kBatchEvents = 200;
constexpr size_t kBatchBytes = 4 << 20;
constexpr size_t kInFlightMax = 20000;  // events appended and not yet applied
// What becomes of an event on its way into the log: its key, and the fields that the door sets.
constexpr size_t kAddedBytesMax = 1024;
static_assert(kBatchBytes + limits::kEventBytesMax + kBatchEvents * kAddedBytesMax <= limits::kAppendGroupBytesMax,
              "a batch, with the event that fills it, fits one append");

// An import fills the log's queue by itself, so being refused is how it goes, and no sign of trouble.
constexpr RetryOptions kPatient = {
    .attempts_max = UINT32_MAX, .budget_per_request_permille = 100'000, .budget_max = 1000};

struct Line {
  v1::Envelope envelope;
  PreparedEvent event;
};

struct Batch {
  std::vector<PreparedEvent> events;
  std::vector<Sent> sent;
  size_t bytes = 0;

  void add(PreparedEvent event, Sent as) {
    bytes += event.record.value.size();
    sent.push_back(std::move(as));
    events.push_back(std::move(event));
  }
  bool full() const { return events.size() >= kBatchEvents || bytes >= kBatchBytes; }
};

// `last`: the last place of the input that the batch and those before it cover.
// What the log has no room for now waits its turn.
Status send(Session& session, Batch batch, const std::string& last, Tally& tally, Retries& retries) {
  const SteadyClock clock;
  const auto sent = std::make_shared<const std::vector<Sent>>(std::move(batch.sent));
  return retried(retries, clock, soon(), [&]() -> Status {
    const uint64_t number = tally.begin(sent->size(), last);
    const auto writes =
        session.node().start_write(batch.events, [&tally, sent, number](size_t event, const Result<Written>& written) {
          tally.add(number, (*sent)[event], written);
        });
    if (writes) return {};
    tally.withdraw();
    return fail(writes.error());
  });
}

// The next event, if the log would take it; so that a refusal names its line and costs no other event.
Result<std::optional<Line>> next_checked(Session& session, ImportSource& source) {
  Result<std::optional<v1::Envelope>> next = source.next();
  // A line that was cut off while it was read is none.
  if (Interrupt::asked()) return fail(Code::kCancelled, "the import was stopped", true);
  if (!next) return fail(std::move(next).error());
  if (!*next) return std::nullopt;
  v1::Envelope& envelope = **next;
  const Status caught_up = session.catch_up(session.partition_for(envelope.namespace_(), envelope.agent_id()));
  Result<PreparedEvent> event = caught_up ? session.node().prepare(envelope) : fail(caught_up.error());
  if (event) return Line{std::move(envelope), *std::move(event)};
  return fail(event.error().code, fmt::format("{}: {}", source.where(), event.error().message));
}

// One pass over the input.
class Import {
 public:
  Import(Session& session, ImportSource& source, Tally& tally)
      : session_(session), source_(source), tally_(tally), present_(session) {}

  // Until the input ends or is wrong, or somebody stops it; what came before that is applied either way.
  Status run() {
    while (true) {
      const std::string before = source_.where();
      Result<std::optional<Line>> next = next_checked(session_, source_);
      const bool end = !next || !*next;
      if (!end) MNEMO_TRY(take(**std::move(next)));
      const std::string covered = end ? before : source_.where();
      if (batch_.full() || (end && !batch_.events.empty())) MNEMO_TRY(send_batch(covered));
      if (!end) continue;
      MNEMO_TRY(tally_.wait_below(1));
      if (read_ > 0) tally_.cover(covered);
      return next ? Status{} : Status(fail(next.error()));
    }
  }

 private:
  Status take(Line line) {
    if (read_++ % kBatchEvents == 0) present_.forget_views();
    MNEMO_ASSIGN(LineFinding found, present_.find(line.envelope));
    if (found.there) {
      tally_.add_present();
    } else {
      const v1::Envelope::EventCase kind = line.envelope.event_case();
      batch_.add(std::move(line.event), {source_.where(), kind, std::move(found.why)});
    }
    return {};
  }

  Status send_batch(const std::string& covered) {
    MNEMO_TRY(tally_.wait_below(kInFlightMax));
    MNEMO_TRY(send(session_, std::exchange(batch_, {}), covered, tally_, retries_));
    if (drawn_) tell_aside(fmt::format("\r{}", progress_bar(source_.progress_permille(), read_)));
    return {};
  }

  Session& session_;
  ImportSource& source_;
  Tally& tally_;
  PresentLines present_;
  Batch batch_;
  uint64_t read_ = 0;
  const bool drawn_ = isatty(STDERR_FILENO) != 0;
  Retries retries_{kPatient, randombytes_random()};
};

struct ImportOptions {
  std::string path;
  std::string format = "jsonl";
  std::string name_space;
};

Json counts_json(const ImportCounts& counts) {
  Json json = {{"remembered", counts.remembered}, {"expired", counts.expired},    {"linked", counts.linked},
               {"attached", counts.attached},     {"duplicates", counts.present}, {"forgotten", counts.forgotten},
               {"refused", counts.refused},       {"refusals", counts.refusals}};
  if (!counts.refusals.empty()) json["first_refusal"] = counts.refusals.front();
  if (!counts.durable.empty()) json["durable_up_to"] = counts.durable;
  return json;
}

void print_counts(const ImportCounts& counts) {
  fmt::print("{} remembered{}, ", counts.remembered,
             counts.expired > 0 ? fmt::format(" (of which {} had expired already)", counts.expired) : "");
  if (counts.linked > 0) fmt::print("{} linked, ", counts.linked);
  if (counts.attached > 0) fmt::print("{} embeddings attached, ", counts.attached);
  fmt::print("{} already there, ", counts.present);
  if (counts.forgotten > 0) fmt::print("{} forgotten or expired since, which stay so, ", counts.forgotten);
  fmt::print("{} refused\n", counts.refused);
  for (const std::string& refusal : counts.refusals) fmt::print("refused: {}\n", one_line(refusal));
  if (counts.refused > counts.refusals.size()) {
    fmt::print("refused: {} more\n", counts.refused - counts.refusals.size());
  }
}

// What comes again would stop it again: unlike a stop, or a server that is away, it must be mended first.
std::string_view what_to_do(const Error& error) {
  if (error.retryable) return "run the import again, and it goes on from there";
  return "see to that, in the file where it is a line's fault, and run the import again: what is there stays as it is";
}

// What it came to, and for one that ended early where to go on.
Result<int> report(const CommonOptions& common, const ImportCounts& counts, const Status& done) {
  Error error = done ? Error{} : done.error();
  if (!done) {
    error.message = in_typed_names(std::move(error.message));
    error.message += counts.durable.empty()
                         ? "; nothing was imported"
                         : fmt::format("; all up to {} is durable: {}", counts.durable, what_to_do(error));
  }
  if (common.json) {
    Json json = done ? Json::object() : json_from(error);
    json.update(counts_json(counts));
    print_json(json);
    return !done ? kExitFailed : counts.refused == 0 ? kExitDone : kExitNegative;
  }
  print_counts(counts);
  if (!done) return fail(error);
  return counts.refused == 0 ? kExitDone : kExitNegative;
}

Result<int> run_import(const CommonOptions& common, const ImportOptions& o) {
  const bool locomo = o.format == "locomo";
  const std::string name_space = !o.name_space.empty() ? o.name_space : locomo ? "locomo" : "default";
  MNEMO_ASSIGN(const auto source, locomo ? open_locomo(o.path, name_space) : open_jsonl(o.path, name_space));
  if (common.on_server) {
    ImportCounts counts;
    const Status imported = import_remotely(common, *source, counts);
    return report(common, counts, imported);
  }
  Tally tally;  // outlives the session: should the import fail half-way, appends under way still end in it
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kWrite));
  const Interrupt interrupt;
  const Status imported = Import(*session, *source, tally).run();
  if (isatty(STDERR_FILENO) != 0) tell_aside("\n");
  const Status closed = session->close();
  return report(common, tally.counts(), imported ? closed : imported);
}

// The agents that an export is of; an empty part of the scope stands for all.
Result<std::vector<ScopeOptions>> agents_of(Answerer& answerer, const ScopeOptions& scope, bool& degraded) {
  if (!scope.agent_id.empty()) return std::vector{scope};
  std::vector<ScopeOptions> agents;
  v1::ListAgentsRequest request;
  request.set_namespace_(scope.name_space);
  request.set_limit(kResultsMax);
  MNEMO_TRY(for_each_page(answerer, &Service::agents, std::move(request), [&](const v1::ListAgentsResponse& page) {
    for (const auto& agent : page.agents()) agents.push_back({agent.namespace_(), agent.agent_id()});
    degraded = degraded || page.degraded();
    return Status();
  }));
  return agents;
}

// Returns how many memories there were.
Result<uint64_t> export_agent(Answerer& answerer, const ScopeOptions& agent, std::ostream& out, bool& degraded) {
  const auto put = [&out](const Json& line) {
    out << line.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  };
  uint64_t count = 0;
  v1::ExportMemoriesRequest request;
  request.set_namespace_(agent.name_space);
  request.set_agent_id(agent.agent_id);
  request.set_limit(kResultsMax);
  const auto write = [&](const v1::ExportMemoriesResponse& page) {
    for (const auto& memory : page.memories()) {
      for (const Json& line : export_lines(memory)) put(line);
    }
    for (const v1::MemoryLink& link : page.links()) put(export_line({agent.name_space, agent.agent_id}, link));
    count += static_cast<uint64_t>(page.memories_size());
    degraded = degraded || page.degraded();
    return Status();
  };
  MNEMO_TRY(for_each_page(answerer, &Service::export_memories, std::move(request), write));
  return count;
}

// In the data directory, it could be the log that is replaced.
Result<std::unique_ptr<OutputFile>> open_export(const CommonOptions& common, const std::string& path) {
  if (!common.on_server && is_inside(path, common.data)) {
    return fail(Code::kInvalidArgument,
                fmt::format("--out: {} lies in the data directory, where every file is mnemo's: name another", path));
  }
  return OutputFile::make(path);
}

// Says so where a person sees it: an empty output looks like an agent without memories.
void tell_of_none(const ScopeOptions& scope) {
  const std::string whose =
      scope.agent_id.empty() ? std::string("anybody") : fmt::format("agent {}", one_line(scope.agent_id));
  tell_aside(fmt::format("mnemo: nothing is remembered of {} in namespace {}; `mnemo agents` lists who is there\n",
                         whose, one_line(scope.name_space)));
}

Result<int> run_export(const CommonOptions& common, const ScopeOptions& scope, const std::string& path) {
  std::unique_ptr<OutputFile> file;
  if (!path.empty()) {
    MNEMO_ASSIGN(file, open_export(common, path));
  }
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, Access::kRead));
  std::ostream& out = file == nullptr ? std::cout : file->stream();
  bool degraded = false;
  uint64_t count = 0;
  MNEMO_ASSIGN(const auto agents, agents_of(answerer, scope, degraded));
  for (const ScopeOptions& agent : agents) {
    MNEMO_ASSIGN(const uint64_t exported, export_agent(answerer, agent, out, degraded));
    count += exported;
  }
  out.flush();
  if (!out) return fail(Code::kUnavailable, "the output could not be written: is the disk full?", true);
  MNEMO_TRY(answerer.close());
  if (file != nullptr) MNEMO_TRY(file->put_in_place());
  if (!path.empty() && common.json) print_json({{"memories", count}});
  if (!path.empty() && !common.json) fmt::print("{} written to {}\n", memories(count), path);
  const bool sought = !scope.name_space.empty() || !scope.agent_id.empty();
  if (sought && count == 0) tell_of_none(scope);
  // What a partition has yet to apply is missing.
  if (degraded && common.on_server) {
    tell_aside("mnemo: warning: a partition stands still on the server: what it has yet to apply is missing\n");
  }
  return degraded || (sought && count == 0) ? kExitNegative : kExitDone;
}

}  // namespace

void add_import_commands(Cli& cli) {
  auto import = std::make_shared<ImportOptions>();
  CLI::App* command = cli.add(
      cli.app, "import", "Import memories from a file; what is there already stays as it is",
      [&cli, import] { return run_import(cli.common, *import); }, Reach::kServerToo);
  add_text(command, "file", import->path, "the file; - for standard input")->required();
  add_text(command, "--format", import->format, "jsonl: one JSON object a line; locomo: LoCoMo's conversations")
      ->check(one_of({"jsonl", "locomo"}))
      ->capture_default_str();
  add_text(command, "--namespace", import->name_space,
           "namespace of lines that name none; when absent, default, or locomo for that format")
      ->envname("MNEMO_NAMESPACE");

  auto scope = std::make_shared<ScopeOptions>();
  scope->name_space.clear();
  auto path = std::make_shared<std::string>();
  command = cli.add(
      cli.app, "export", "Export what is remembered now as JSON lines that import takes",
      [&cli, scope, path]() -> Result<int> {
        if (!scope->agent_id.empty() && scope->name_space.empty()) scope->name_space = "default";
        return run_export(cli.common, *scope, *path == kStandardFile ? std::string() : *path);
      },
      Reach::kServerToo);
  add_text(command, "--namespace", scope->name_space, "only this namespace; all when absent, or default with --agent");
  add_text(command, "--agent", scope->agent_id, "only this agent");
  add_path(command, "--out", *path, "file to write; standard output when absent, or -");
}

}  // namespace mnemo
