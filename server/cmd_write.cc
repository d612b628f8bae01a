// remember, update, link, unlink.
#include <fmt/format.h>

#include "server/answerer.h"
#include "server/http/message_reader.h"
#include "server/json/time_text.h"
#include "server/memory_options.h"

namespace mnemo {
namespace {

// For a person; --json prints the answer itself.
template <typename Response>
int tell(const CommonOptions& common, const Response& r, const std::string& done, std::string_view more = {}) {
  if (common.json) {
    print_json(json_of(r));
    return kExitDone;
  }
  std::string_view gone;
  if constexpr (requires { r.memory(); }) gone = r.forgotten() ? ", forgotten or expired since" : "";
  fmt::print("{}{}{}{}{}\n", done, r.duplicate() ? " (already)" : "", gone, more,
             r.pending() ? "; durable, and not applied yet" : "");
  return kExitDone;
}

template <typename Request, typename Response>
Result<Response> write(const CommonOptions& common, void (Service::*method)(const Call&, Request, Reply<Response>),
                       Request request, Access access = Access::kKnown) {
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, access));
  MNEMO_ASSIGN(Response response, answerer.ask(method, std::move(request)));
  MNEMO_TRY(answerer.close());
  return response;
}

// Fields as HTTP takes them, so that the command line and requests are checked by the same code.
template <typename Message>
Result<Message> message_of(const Json& fields) {
  Message message;
  MessageReader reader(message);
  MNEMO_TRY(reader.read(fields));
  return message;
}

struct RememberOptions {
  ScopeOptions scope;
  std::string text;
  std::string key;
  std::string id;
  MemoryOptions fields;
};

// The same request made a memory once: it is answered with what became of that, and nothing is remembered.
std::string was_forgotten(std::string_view id) {
  return fmt::format(
      "nothing was remembered: memory {} was made by the same request, has been forgotten or has expired "
      "since, and does not come back: give another --id or --key",
      id);
}

bool expired_already(const v1::RememberRequest& request, const v1::RememberResponse& r) {
  const bool gone = !r.has_memory() && !r.pending() && request.memory().has_expires_at();
  return gone && request.memory().expires_at().seconds() * 1000 <= SystemClock().now_ms();
}

Result<int> run_remember(const CommonOptions& common, const RememberOptions& o) {
  MNEMO_ASSIGN(Json fields, json_of(o.fields));
  fields["namespace"] = o.scope.name_space;
  fields["agent_id"] = o.scope.agent_id;
  fields["text"] = o.text;
  if (!o.key.empty()) fields["idempotency_key"] = o.key;
  if (!o.id.empty()) fields["id"] = o.id;
  v1::RememberRequest request;
  MNEMO_ASSIGN(*request.mutable_memory(), message_of<v1::MemoryInput>(fields));
  MNEMO_ASSIGN(const auto r, write(common, &Service::remember, request, Access::kWrite));
  if (r.forgotten()) return fail(Code::kAlreadyExists, was_forgotten(r.memory_id()));
  return tell(common, r, "remembered " + one_line(r.memory_id()),
              expired_already(request, r) ? "; it has expired already: no read shows it" : "");
}

void add_remember(Cli& cli) {
  auto o = std::make_shared<RememberOptions>();
  CLI::App* command = cli.add(
      cli.app, "remember", "Remember one text", [&cli, o] { return run_remember(cli.common, *o); }, Reach::kServerToo);
  add_scope(command, o->scope);
  add_text(command, "text", o->text, "what to remember")->required();
  add_text(command, "--key", o->key, "idempotency key: a repeated one remembers nothing twice");
  add_text(command, "--id", o->id, "the memory's id; without one it is made from --key, or anew");
  add_memory_options(command, o->fields);
}

struct UpdateOptions {
  ScopeOptions scope;
  std::string id;
  std::string text;
  std::string key;
  uint32_t expected_version = 0;
  MemoryOptions fields;
  std::vector<std::string> clear;
  bool unpinned = false;
};

Result<int> run_update(const CommonOptions& common, const UpdateOptions& o) {
  MNEMO_ASSIGN(Json fields, json_of(o.fields));
  if (!o.text.empty()) fields["text"] = o.text;
  if (o.unpinned) fields["pinned"] = false;
  for (const std::string& field : o.clear) MNEMO_TRY(clear_field(field, fields));
  if (fields.empty()) {
    return fail(Code::kInvalidArgument, "nothing is to change: give a text, or options for what else is to");
  }
  fields["namespace"] = o.scope.name_space;
  fields["agent_id"] = o.scope.agent_id;
  fields["id"] = o.id;
  if (o.expected_version != 0) fields["expected_version"] = o.expected_version;
  if (!o.key.empty()) fields["idempotency_key"] = o.key;
  MNEMO_ASSIGN(auto request, message_of<v1::UpdateMemoryRequest>(fields));
  MNEMO_ASSIGN(const auto r, write(common, &Service::update, std::move(request)));
  return tell(common, r, "updated " + one_line(o.id));
}

void add_update(Cli& cli) {
  auto o = std::make_shared<UpdateOptions>();
  CLI::App* command = cli.add(
      cli.app, "update", "Change a memory: what is given replaces, the rest stays",
      [&cli, o] { return run_update(cli.common, *o); }, Reach::kServerToo);
  add_scope(command, o->scope);
  add_text(command, "id", o->id, "the memory's id")->required();
  add_text(command, "text", o->text, "its new text");
  add_text(command, "--key", o->key, kKeyAbout);
  add_number(command, "--expected-version", o->expected_version, 1, UINT32_MAX,
             "refuse when the memory is at another version than this");
  add_memory_options(command, o->fields);
  command->add_flag("--unpinned", o->unpinned, "the contrary of --pinned")->excludes("--pinned");
  add_texts(command, "--clear", o->clear, "a field to empty, once for each")->check(one_of(clearable_fields()));
}

struct LinkOptions {
  ScopeOptions scope;
  std::string from;
  std::string type;
  std::string to;
  std::string key;
};

template <typename Request, typename Response>
void add_link(Cli& cli, const std::string& name, const std::string& about, const std::string& done,
              void (Service::*method)(const Call&, Request, Reply<Response>)) {
  auto o = std::make_shared<LinkOptions>();
  CLI::App* command = cli.add(
      cli.app, name, about,
      [&cli, o, done, method]() -> Result<int> {
        Request request;
        request.set_namespace_(o->scope.name_space);
        request.set_agent_id(o->scope.agent_id);
        request.set_id(o->from);
        request.set_type(o->type);
        request.set_to(o->to);
        request.set_idempotency_key(o->key);
        MNEMO_ASSIGN(const auto r, write(cli.common, method, std::move(request)));
        return tell(cli.common, r, done + " " + one_line(o->from));
      },
      Reach::kServerToo);
  add_scope(command, o->scope);
  add_text(command, "from", o->from, "id of the memory that the link leaves")->required();
  add_text(command, "type", o->type, "what the link says, such as corrects or about")->required();
  add_text(command, "to", o->to, "id of the memory that it reaches")->required();
  add_text(command, "--key", o->key, kKeyAbout);
}

}  // namespace

void add_write_commands(Cli& cli) {
  add_remember(cli);
  add_update(cli);
  add_forget_command(cli);
  add_link(cli, "link", "Link one memory to another", "linked", &Service::link);
  add_link(cli, "unlink", "Remove a link", "unlinked", &Service::unlink);
}

}  // namespace mnemo
