// import, export.
#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <iostream>
#include <mutex>

#include "events/clock.h"
#include "server/cli.h"
#include "server/import.h"

namespace mnemo {
namespace {

constexpr size_t kBatchMemories = 200;
constexpr size_t kInFlightMax = 20000;  // memories appended and not yet applied

// What the import came to so far; filled from other threads.
class Tally {
 public:
  void add(const Result<Written>& written) {
    const std::lock_guard lock(mutex_);
    --in_flight_;
    if (!written) {
      failure_ = written.error();
    } else {
      count(written->outcome);
    }
    changed_.notify_all();
  }
  void sent(size_t memories) {
    const std::lock_guard lock(mutex_);
    in_flight_ += memories;
  }
  void unsent(size_t memories) {
    const std::lock_guard lock(mutex_);
    in_flight_ -= memories;
  }
  // Waits until fewer than `limit` are under way; the first failure, if there was one.
  Status wait_below(size_t limit) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ < limit || failure_.has_value(); });
    if (failure_) return fail(*failure_);
    return {};
  }

  uint64_t remembered = 0;
  uint64_t duplicates = 0;
  uint64_t refused = 0;
  std::string first_refusal;

 private:
  void count(const Outcome& o) {
    if (o.kind == Outcome::Kind::kApplied) ++remembered;
    if (o.kind == Outcome::Kind::kDuplicate) ++duplicates;
    const bool bad = o.refused || o.kind == Outcome::Kind::kSkipped;
    if (!bad) return;
    ++refused;
    if (first_refusal.empty()) first_refusal = o.message;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t in_flight_ = 0;
  std::optional<Error> failure_;
};

Status send(Session& session, std::vector<v1::Envelope> batch, Tally& tally) {
  const size_t size = batch.size();
  while (true) {
    tally.sent(size);
    const Status queued = session.node().write_all(
        batch, [&tally](size_t /*number*/, const Result<Written>& written) { tally.add(written); });
    if (queued) return {};
    tally.unsent(size);
    if (queued.error().code != Code::kResourceExhausted) return queued;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void draw_progress(const ImportSource& source, uint64_t read) {
  static constexpr int kColumns = 40;
  const int filled = source.progress_permille() * kColumns / 1000;
  fmt::print(stderr, "\r[{:#<{}}{:.<{}}] {} memories", "", filled, "", kColumns - filled, read);
}

// The next memory, if the log would take it; so that a refusal names its line and costs no other memory.
Result<std::optional<v1::Envelope>> next_checked(Session& session, ImportSource& source) {
  MNEMO_ASSIGN(std::optional<v1::Envelope> next, source.next());
  if (!next) return next;
  Status checked = session.catch_up(session.partition_for(next->namespace_(), next->agent_id()));
  if (checked) checked = session.node().check(*next);
  if (checked) return next;
  return fail(checked.error().code, fmt::format("{}: {}", source.where(), checked.error().message));
}

Status import_all(Session& session, ImportSource& source, Tally& tally) {
  const bool drawn = isatty(STDERR_FILENO) != 0;
  std::vector<v1::Envelope> batch;
  uint64_t read = 0;
  Status failed;
  while (true) {
    const Result<std::optional<v1::Envelope>> next = next_checked(session, source);
    if (!next) failed = fail(next.error());
    const bool end = !next || !*next;
    if (!end) batch.push_back(**next);
    read += end ? 0 : 1;
    const bool full = batch.size() == kBatchMemories || (end && !batch.empty());
    if (full) {
      MNEMO_TRY(tally.wait_below(kInFlightMax));
      MNEMO_TRY(send(session, std::exchange(batch, {}), tally));
      if (drawn) draw_progress(source, read);
    }
    if (end) break;
  }
  const Status rest = tally.wait_below(1);
  if (drawn) fmt::print(stderr, "\n");
  MNEMO_TRY(rest);
  return failed;
}

struct ImportOptions {
  std::string path;
  std::string format = "jsonl";
  std::string name_space;
};

void report(const CommonOptions& common, const Tally& tally) {
  if (common.json) {
    print_json({{"remembered", tally.remembered}, {"duplicates", tally.duplicates}, {"refused", tally.refused}});
    return;
  }
  fmt::print("{} remembered, {} already there, {} refused\n", tally.remembered, tally.duplicates, tally.refused);
  if (!tally.first_refusal.empty()) fmt::print("first refusal: {}\n", tally.first_refusal);
}

Result<int> run_import(const CommonOptions& common, const ImportOptions& o) {
  const bool locomo = o.format == "locomo";
  const std::string name_space = !o.name_space.empty() ? o.name_space : locomo ? "locomo" : "default";
  MNEMO_ASSIGN(const auto source, locomo ? open_locomo(o.path, name_space) : open_jsonl(o.path, name_space));
  Tally tally;  // outlives the session: should the import fail half-way, appends under way still end in it
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kWrite));
  const Status imported = import_all(*session, *source, tally);
  const Status closed = session->close();
  MNEMO_TRY(imported);
  MNEMO_TRY(closed);
  report(common, tally);
  return tally.refused == 0 ? kExitDone : kExitNegative;
}

// Oldest first, so that an import of it gives the same order.
Status export_agent(Session& session, const std::string& name_space, const std::string& agent_id, std::ostream& out) {
  MNEMO_ASSIGN(const auto view, session.view(name_space, agent_id));
  MNEMO_ASSIGN(const auto agent, view->agent(name_space, agent_id));
  if (!agent) return {};
  MNEMO_ASSIGN(const auto index, view->index(*agent));
  MNEMO_ASSIGN(const DocSet visible, visible_documents(*view, *agent, *index, view->meta().event_time_ms));
  std::string holder;
  Record record;
  for (uint32_t doc = 0; doc < agent->docs; ++doc) {
    if (!visible.contains(doc)) continue;
    MNEMO_TRY(view->record(agent->ord, doc, holder, record));
    const Json memory = importable_json_from(memory_from(record, name_space, agent_id));
    out << memory.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  }
  return {};
}

Status export_all(Session& session, const ScopeOptions& scope, std::ostream& out) {
  if (!scope.agent_id.empty()) return export_agent(session, scope.name_space, scope.agent_id, out);
  for (uint32_t p = 0; p < session.partitions(); ++p) {
    MNEMO_ASSIGN(const auto view, session.view(PartitionId(p)));
    std::vector<std::string> names;
    const std::string from = keys::start(keys::Row::kAgentName);
    MNEMO_TRY(view->scan(from, prefix_end(from), [&names](std::string_view /*key*/, std::string_view name) {
      names.emplace_back(name);
      return true;
    }));
    for (const std::string& name : names) {
      const size_t split = name.find(kKeySeparator);
      const bool wanted = scope.name_space.empty() || name.substr(0, split) == scope.name_space;
      if (wanted) MNEMO_TRY(export_agent(session, name.substr(0, split), name.substr(split + 1), out));
    }
  }
  return {};
}

Result<int> run_export(const CommonOptions& common, const ScopeOptions& scope, const std::string& path) {
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  std::ofstream file;
  if (!path.empty()) file.open(path, std::ios::binary | std::ios::trunc);
  if (!path.empty() && !file) return fail(Code::kUnavailable, fmt::format("cannot write {}", path));
  std::ostream& out = path.empty() ? std::cout : file;
  MNEMO_TRY(export_all(*session, scope, out));
  out.flush();
  if (!out) return fail(Code::kUnavailable, "the output could not be written: is the disk full?", true);
  MNEMO_TRY(session->close());
  return session->warned() ? kExitNegative : kExitDone;  // what a partition has yet to apply is missing
}

}  // namespace

void add_import_commands(Cli& cli) {
  auto import = std::make_shared<ImportOptions>();
  CLI::App* command = cli.add(cli.app, "import", "Import memories from a file; what is there already stays as it is",
                              [&cli, import] { return run_import(cli.common, *import); });
  command->add_option("file", import->path, "the file")->required();
  command->add_option("--format", import->format, "jsonl: one memory a line; locomo: LoCoMo's conversations")
      ->check(CLI::IsMember({"jsonl", "locomo"}))
      ->capture_default_str();
  command->add_option("--namespace", import->name_space, "namespace of memories that name none");

  auto scope = std::make_shared<ScopeOptions>();
  scope->name_space.clear();
  auto path = std::make_shared<std::string>();
  command = cli.add(cli.app, "export", "Export memories as JSON lines that import takes",
                    [&cli, scope, path]() -> Result<int> {
                      if (!scope->agent_id.empty() && scope->name_space.empty()) scope->name_space = "default";
                      return run_export(cli.common, *scope, *path);
                    });
  command->add_option("--namespace", scope->name_space, "only this namespace");
  command->add_option("--agent", scope->agent_id, "only this agent");
  command->add_option("--out", *path, "file to write; standard output when absent");
}

}  // namespace mnemo
