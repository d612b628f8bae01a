// forget.
#include <fmt/format.h>
#include <unistd.h>

#include "events/tell_aside.h"
#include "server/answerer.h"
#include "server/retried.h"

namespace mnemo {
namespace {

constexpr auto kForgetMax = std::chrono::minutes(10);  // waiting until a forget by filter has removed all

struct ForgetOptions {
  ScopeOptions scope;
  std::string id;
  std::string filter;
  std::string key;
  uint32_t expected_version = 0;
  bool dry_run = false;
};

template <typename Request>
Request scoped(const ForgetOptions& o) {
  Request request;
  request.set_namespace_(o.scope.name_space);
  request.set_agent_id(o.scope.agent_id);
  return request;
}

// With --dry-run, only looks whether it is there.
Result<int> forget_one(const CommonOptions& common, const ForgetOptions& o) {
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, o.dry_run ? Access::kRead : Access::kKnown));
  v1::ForgetMemoryResponse r;
  if (o.dry_run) {
    auto request = scoped<v1::GetMemoryRequest>(o);
    request.set_id(o.id);
    MNEMO_ASSIGN(const auto found, answerer.ask(&Service::get, std::move(request)));
    r.set_forgotten(1);
    r.set_position(found.position());
  } else {
    auto request = scoped<v1::ForgetMemoryRequest>(o);
    request.set_id(o.id);
    request.set_expected_version(o.expected_version);
    request.set_idempotency_key(o.key);
    MNEMO_ASSIGN(r, answerer.ask(&Service::forget, std::move(request)));
  }
  Json json = json_of(r);
  if (o.dry_run) json["dry_run"] = true;
  answerer.mark_behind(json, o.scope);
  MNEMO_TRY(answerer.close());
  if (common.json) {
    print_json(json);
  } else if (o.dry_run) {
    fmt::print("would forget {}\n", memories(r.forgotten()));
  } else {
    fmt::print("forgot {}{}{}\n", one_line(o.id), r.duplicate() ? " (already)" : "",
               r.pending() ? "; durable, and not applied yet" : "");
  }
  return kExitDone;
}

// Asks with the same key until all is removed: the answer counts exactly then. On a terminal, with what is done of it.
Result<v1::ForgetByFilterResponse> forget_all(Answerer& answerer, const v1::ForgetByFilterRequest& request) {
  const bool drawn = isatty(STDERR_FILENO) != 0;
  const Deadline deadline = std::chrono::steady_clock::now() + kForgetMax;
  MNEMO_ASSIGN(auto r, answerer.ask(&Service::forget_by_filter, request));
  const bool first_was_duplicate = r.duplicate();
  bool told = false;
  while (r.pending() && std::chrono::steady_clock::now() < deadline) {
    told = drawn;
    if (drawn) tell_aside(fmt::format("\r{} removed so far", memories(r.forgotten())));
    MNEMO_ASSIGN(r, answerer.ask(&Service::forget_by_filter, request));
  }
  if (told) tell_aside("\n");
  r.set_duplicate(first_was_duplicate);
  return r;
}

Result<int> forget_by_filter(const CommonOptions& common, const ForgetOptions& o) {
  MNEMO_ASSIGN(const Json json, json_of_option("--filter", o.filter));
  auto request = scoped<v1::ForgetByFilterRequest>(o);
  MNEMO_ASSIGN(*request.mutable_filter(), filter_of_option("--filter", json));
  request.set_dry_run(o.dry_run);
  if (!o.dry_run) request.set_idempotency_key(o.key.empty() ? new_key() : o.key);
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, o.dry_run ? Access::kRead : Access::kKnown));
  MNEMO_ASSIGN(const auto r, forget_all(answerer, request));
  Json told = json_of(r);
  answerer.mark_behind(told, o.scope);
  MNEMO_TRY(answerer.close());
  if (common.json) {
    print_json(told);
  } else {
    fmt::print("{} {}{}{}\n", o.dry_run ? "would forget" : "forgot", memories(r.forgotten()),
               r.duplicate() ? " (already)" : "",
               r.pending()
                   ? fmt::format(" so far: all are hidden, and the rest is being removed; the same with --key {} "
                                 "tells how far it is",
                                 one_line(r.idempotency_key()))
                   : "");
  }
  return kExitDone;
}

Result<int> run_forget(const CommonOptions& common, const ForgetOptions& o) {
  if (o.id.empty() == o.filter.empty()) {
    return fail(Code::kInvalidArgument, "give either an id or --filter");
  }
  return o.filter.empty() ? forget_one(common, o) : forget_by_filter(common, o);
}

}  // namespace

void add_forget_command(Cli& cli) {
  auto o = std::make_shared<ForgetOptions>();
  CLI::App* command = cli.add(
      cli.app, "forget", "Forget one memory, or all that a filter matches",
      [&cli, o] { return run_forget(cli.common, *o); }, Reach::kServerToo);
  add_scope(command, o->scope);
  add_text(command, "id", o->id, "the memory's id");
  add_text(command, "--filter", o->filter, "JSON filter, such as {\"tag\": \"draft\"}");
  add_text(command, "--key", o->key, kKeyAbout);
  add_number(command, "--expected-version", o->expected_version, 1, UINT32_MAX,
             "of one memory: refuse when it is at another version than this");
  command->add_flag("--dry-run", o->dry_run, "say how many memories it would be, and forget none");
}

}  // namespace mnemo
