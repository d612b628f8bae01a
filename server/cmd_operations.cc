// policy, journal, rules.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/util/time_util.h>

#include <charconv>

#include "events/clock.h"
#include "server/answerer.h"

namespace mnemo {
namespace {

constexpr uint64_t kDayMs = uint64_t{24} * 60 * 60 * 1000;

struct PolicyOptions {
  std::string name_space = "default";
  std::string ttl;
  bool record_access = false;
  std::string key;
};

// "none", or a whole number and its unit: 90s, 30m, 12h, 7d.
std::optional<uint64_t> parse_ttl(std::string_view text) {
  if (text == "none") return 0;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const uint64_t unit_ms = unit == "s"   ? 1000
                           : unit == "m" ? uint64_t{60} * 1000
                           : unit == "h" ? uint64_t{60} * 60 * 1000
                           : unit == "d" ? kDayMs
                                         : 0;
  const bool whole = error == std::errc() && unit_ms != 0 && number > 0 && number <= INT64_MAX / unit_ms;
  return whole ? std::optional(number * unit_ms) : std::nullopt;
}

std::string ttl_text(uint64_t ttl_ms) {
  if (ttl_ms == 0) return "none";
  if (ttl_ms % kDayMs == 0) return fmt::format("{}d", ttl_ms / kDayMs);
  return ttl_ms % 1000 == 0 ? fmt::format("{}s", ttl_ms / 1000) : fmt::format("{}ms", ttl_ms);
}

Result<int> run_policy_get(const CommonOptions& common, const PolicyOptions& o) {
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, Access::kRead));
  v1::GetPolicyRequest request;
  request.set_namespace_(o.name_space);
  MNEMO_ASSIGN(const auto r, answerer.ask(&Service::get_policy, std::move(request)));
  MNEMO_TRY(answerer.close());
  if (common.json) {
    print_json({{"namespace", r.namespace_()},
                {"version", r.version()},
                {"ttl_ms", r.ttl_ms()},
                {"record_access", r.record_access()}});
  } else {
    fmt::print("{}: {}, ttl {}, access {}\n", one_line(r.namespace_()),
               r.version() == 0 ? "the default policy" : fmt::format("version {}", r.version()), ttl_text(r.ttl_ms()),
               r.record_access() ? "recorded" : "not recorded");
  }
  return kExitDone;
}

Result<int> run_policy_set(const CommonOptions& common, const PolicyOptions& o) {
  const std::optional<uint64_t> ttl_ms = parse_ttl(o.ttl);
  if (!ttl_ms) {
    return fail(Code::kInvalidArgument,
                fmt::format("--ttl {}: write none, or a number and s, m, h or d, as in 7d", printable(o.ttl)));
  }
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, Access::kWrite));
  v1::SetPolicyRequest request;
  request.set_namespace_(o.name_space);
  request.set_ttl_ms(*ttl_ms);
  if (o.record_access) request.set_record_access(true);
  MNEMO_ASSIGN(const auto r, answerer.ask(&Service::set_policy, std::move(request), o.key));
  MNEMO_TRY(answerer.close());
  if (common.json) {
    print_json({{"operation", r.operation()}, {"version", r.version()}, {"pending", r.pending()}});
  } else if (r.pending()) {
    fmt::print("the policy of {} is on its way: `mnemo journal {}` tells how far it is\n", one_line(o.name_space),
               r.operation());
  } else {
    fmt::print("the policy of {} is in force: version {}, operation {}\n", one_line(o.name_space), r.version(),
               r.operation());
  }
  return kExitDone;
}

struct JournalOptions {
  std::string id;
  std::string name_space;
  uint32_t limit = 100;
  std::string cursor;
};

std::string time_text(const google::protobuf::Timestamp& time) {
  return to_rfc3339(google::protobuf::util::TimeUtil::TimestampToMilliseconds(time));
}

Json json_from(const v1::Operation& operation) {
  Json json = {{"id", operation.id()},
               {"kind", operation.kind()},
               {"state", operation.state()},
               {"steps", operation.steps()},
               {"steps_done", operation.steps_done()},
               {"started_at", time_text(operation.started_at())},
               {"detail", operation.detail()},
               {"namespace", operation.namespace_()}};
  if (operation.has_finished_at()) json["finished_at"] = time_text(operation.finished_at());
  return json;
}

void print_operation(const v1::Operation& operation) {
  const std::string steps = operation.steps() == 0 ? "?" : std::to_string(operation.steps());
  fmt::print("{}  {:<8} {:<9} {:>4}/{:<4} {}  {:<24} {}  {}\n", operation.id(), one_line(operation.kind()),
             operation.state(), operation.steps_done(), steps, time_text(operation.started_at()),
             operation.has_finished_at() ? time_text(operation.finished_at()) : "-", one_line(operation.namespace_()),
             one_line(operation.detail()));
}

Result<int> show_operation(const CommonOptions& common, Answerer& answerer, const JournalOptions& o) {
  v1::GetOperationRequest request;
  request.set_id(o.id);
  MNEMO_ASSIGN(const auto r, answerer.ask(&Service::get_operation, std::move(request)));
  if (common.json) {
    Json json = json_from(r.operation());
    json["position"] = r.position();
    print_json(json);
  } else {
    print_operation(r.operation());
  }
  return kExitDone;
}

Result<int> list_operations(const CommonOptions& common, Answerer& answerer, const JournalOptions& o) {
  v1::ListOperationsRequest request;
  request.set_namespace_(o.name_space);
  request.set_limit(o.limit);
  request.set_cursor(o.cursor);
  MNEMO_ASSIGN(const auto r, answerer.ask(&Service::list_operations, std::move(request)));
  if (common.json) {
    Json json = {{"operations", Json::array()}, {"next_cursor", r.next_cursor()}, {"truncated", r.truncated()}};
    for (const v1::Operation& operation : r.operations()) json["operations"].push_back(json_from(operation));
    print_json(json);
    return kExitDone;
  }
  for (const v1::Operation& operation : r.operations()) print_operation(operation);
  if (r.operations().empty()) fmt::print("no operations\n");
  if (r.truncated()) fmt::print("more: --cursor {}\n", r.next_cursor());
  return kExitDone;
}

Result<int> run_journal(const CommonOptions& common, const JournalOptions& o) {
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, Access::kRead));
  const Result<int> code = o.id.empty() ? list_operations(common, answerer, o) : show_operation(common, answerer, o);
  MNEMO_TRY(answerer.close());
  return code;
}

Result<int> run_rules(const CommonOptions& common, bool activate) {
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, activate ? Access::kKnown : Access::kRead));
  std::vector<uint32_t> partitions;
  if (activate) {
    MNEMO_ASSIGN(const auto r, answerer.ask(&Service::activate_rules));
    partitions.assign(r.partitions().begin(), r.partitions().end());
  }
  MNEMO_ASSIGN(const auto r, answerer.ask(&Service::rules));
  MNEMO_TRY(answerer.close());
  const std::vector<std::string> active(r.active_kinds().begin(), r.active_kinds().end());
  const std::vector<std::string> missing(r.missing_kinds().begin(), r.missing_kinds().end());
  if (common.json) {
    Json json = {{"rules_version", r.rules_version()}, {"active_kinds", active}, {"missing_kinds", missing}};
    if (activate) json["activated_in"] = partitions;
    print_json(json);
    return kExitDone;
  }
  if (activate) {
    fmt::print("{}\n", partitions.empty() ? "nothing was missing"
                                          : "activated: an older mnemo cannot follow this log from now on");
  }
  fmt::print("rules {}; active: {}\n", r.rules_version(), fmt::join(active, " "));
  if (!missing.empty()) {
    fmt::print("missing: {}: `mnemo rules activate` adds them, and an older mnemo cannot follow the log after that\n",
               fmt::join(missing, " "));
  }
  return kExitDone;
}

void add_policy_commands(Cli& cli) {
  CLI::App* policy = cli.app.add_subcommand("policy", "What holds for all memories of a namespace");
  policy->require_subcommand(1);
  auto o = std::make_shared<PolicyOptions>();
  CLI::App* get = cli.add(
      *policy, "get", "Show the policy of a namespace", [&cli, o] { return run_policy_get(cli.common, *o); },
      Reach::kServerToo);
  CLI::App* set = cli.add(
      *policy, "set", "Set the policy of a namespace, on every partition",
      [&cli, o] { return run_policy_set(cli.common, *o); }, Reach::kServerToo);
  for (CLI::App* command : {get, set}) {
    add_text(command, "--namespace", o->name_space, "whose")->envname("MNEMO_NAMESPACE")->capture_default_str();
  }
  add_text(set, "--ttl", o->ttl, "how long a memory lives: a number and s, m, h or d, or none")->required();
  set->add_flag("--record-access", o->record_access, "comes with a later version: record which memories were read");
  add_text(set, "--key", o->key, "idempotency key: the same key sets the same policy once");
}

}  // namespace

void add_operation_commands(Cli& cli) {
  add_policy_commands(cli);
  auto journal = std::make_shared<JournalOptions>();
  CLI::App* command = cli.add(
      cli.app, "journal", "List operations of several steps, newest first, or show one",
      [&cli, journal] { return run_journal(cli.common, *journal); }, Reach::kServerToo);
  add_text(command, "id", journal->id, "of an operation");
  add_text(command, "--namespace", journal->name_space, "of this namespace alone");
  add_number(command, "--limit", journal->limit, 1, 1000, "of a page")->capture_default_str();
  add_text(command, "--cursor", journal->cursor, "where the page before ended");

  auto what = std::make_shared<std::string>();
  command = cli.add(
      cli.app, "rules", "Show which kinds of events are active on the log, or activate those that this mnemo adds",
      [&cli, what] { return run_rules(cli.common, !what->empty()); }, Reach::kServerToo);
  add_text(command, "activate", *what, "adds what is missing: an older mnemo cannot follow the log from then on")
      ->check(CLI::IsMember({"activate"}).description(""));
}

}  // namespace mnemo
