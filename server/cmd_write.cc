// remember, update, forget, link, unlink.
#include <fmt/format.h>
#include <unistd.h>

#include "events/uuid.h"
#include "projector/store/memory_id.h"
#include "server/cli.h"

namespace mnemo {
namespace {

Json outcome_json(const Written& written) {
  const Outcome& o = written.outcome;
  Json json;
  if (!o.memory_key.empty()) json["id"] = memory_id_text(o.memory_key);
  json["event_id"] = uuid_text(o.event_id);
  json["position"] = to_string(written.position);
  json["duplicate"] = o.kind == Outcome::Kind::kDuplicate;
  if (o.version != 0) json["version"] = o.version;
  if (o.forgotten) json["forgotten"] = true;
  if (o.unchecked) json["unchecked"] = true;
  json["count"] = o.count;
  if (o.pending) json["pending"] = true;
  return json;
}

// What a write came to: printed, or its refusal as an error.
Result<int> tell(const CommonOptions& common, const Written& written, std::string_view done) {
  const Outcome& o = written.outcome;
  if (o.refused) return fail(o.code, o.message);
  if (o.kind == Outcome::Kind::kSkipped) return fail(Code::kInvalidArgument, o.message);
  if (common.json) {
    print_json(outcome_json(written));
    return kExitDone;
  }
  const bool duplicate = o.kind == Outcome::Kind::kDuplicate;
  const std::string id = o.memory_key.empty() ? std::string() : " " + memory_id_text(o.memory_key);
  fmt::print("{}{}{}{}\n", done, id, duplicate ? " (already, by this key)" : "",
             duplicate && o.forgotten ? ", forgotten since" : "");
  if (o.count > 0 && id.empty()) fmt::print("{} memories\n", o.count);
  return kExitDone;
}

Result<int> write_one(const CommonOptions& common, const v1::Envelope& envelope, std::string_view done) {
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kWrite));
  MNEMO_ASSIGN(const Written written, session->write(envelope));
  MNEMO_TRY(session->close());
  return tell(common, written, done);
}

v1::Envelope envelope_for(const ScopeOptions& scope, const std::string& key) {
  v1::Envelope envelope;
  envelope.set_namespace_(scope.name_space);
  envelope.set_agent_id(scope.agent_id);
  envelope.set_idempotency_key(key);
  return envelope;
}

struct RememberOptions {
  ScopeOptions scope;
  std::string text;
  std::string key;
  std::string id;
  std::string session;
  std::string speaker;
  std::string memory_class;
  std::string kind;
  std::vector<std::string> tags;
  std::string observed_at;
  std::string expires_at;
  std::string metadata;
};

// By way of JSON, so that the command line and requests are checked by the same code.
Result<v1::Envelope> remember_envelope(const RememberOptions& o) {
  Json memory = {{"namespace", o.scope.name_space}, {"agent_id", o.scope.agent_id}, {"text", o.text}};
  const std::pair<const char*, const std::string*> fields[] = {
      {"idempotency_key", &o.key}, {"id", &o.id},     {"session_id", &o.session},      {"speaker", &o.speaker},
      {"class", &o.memory_class},  {"kind", &o.kind}, {"observed_at", &o.observed_at}, {"expires_at", &o.expires_at}};
  for (const auto& [name, value] : fields) {
    if (!value->empty()) memory[name] = *value;
  }
  if (!o.tags.empty()) memory["tags"] = o.tags;
  if (!o.metadata.empty()) {
    MNEMO_ASSIGN(memory["metadata"], parse_json(o.metadata));
  }
  return remembered_from_json(memory, o.scope.name_space);
}

void add_remember(Cli& cli) {
  auto o = std::make_shared<RememberOptions>();
  CLI::App* command = cli.add(cli.app, "remember", "Remember one text", [&cli, o]() -> Result<int> {
    MNEMO_ASSIGN(const v1::Envelope envelope, remember_envelope(*o));
    return write_one(cli.common, envelope, "remembered");
  });
  add_scope(command, o->scope);
  command->add_option("text", o->text, "what to remember")->required();
  command->add_option("--key", o->key, "idempotency key: a repeated one remembers nothing twice");
  command->add_option("--id", o->id, "the memory's id");
  command->add_option("--session", o->session, "session id");
  command->add_option("--speaker", o->speaker, "who said it");
  command->add_option("--class", o->memory_class, "episodic, semantic, procedural or working");
  command->add_option("--kind", o->kind, "kind, such as message or fact");
  command->add_option("--tag", o->tags, "tag; may be repeated");
  command->add_option("--observed-at", o->observed_at, "when it happened (RFC 3339)");
  command->add_option("--expires-at", o->expires_at, "when it ends (RFC 3339)");
  command->add_option("--metadata", o->metadata, "JSON object of strings, numbers and flags");
}

struct UpdateOptions {
  ScopeOptions scope;
  std::string id;
  std::string text;
  std::string key;
  uint32_t expected_version = 0;
};

void add_update(Cli& cli) {
  auto o = std::make_shared<UpdateOptions>();
  CLI::App* command = cli.add(cli.app, "update", "Give a memory a new text", [&cli, o]() -> Result<int> {
    v1::Envelope envelope = envelope_for(o->scope, o->key);
    envelope.mutable_updated()->set_memory_id(o->id);
    envelope.mutable_updated()->set_expected_version(o->expected_version);
    envelope.mutable_updated()->mutable_text()->set_plain(o->text);
    return write_one(cli.common, envelope, "updated");
  });
  add_scope(command, o->scope);
  command->add_option("id", o->id, "the memory's id")->required();
  command->add_option("text", o->text, "its new text")->required();
  command->add_option("--key", o->key, "idempotency key");
  command->add_option("--expected-version", o->expected_version, "refuse if the memory is at another version");
}

struct ForgetOptions {
  ScopeOptions scope;
  std::string id;
  std::string filter;
  std::string key;
  bool dry_run = false;
};

// How many memories the filter covers now.
Result<int> dry_run(const CommonOptions& common, const ForgetOptions& o, const v1::Filter& filter) {
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  MNEMO_ASSIGN(const auto view, session->view(o.scope.name_space, o.scope.agent_id));
  uint64_t count = 0;
  std::string cursor;
  do {
    MNEMO_ASSIGN(const auto page,
                 session->engine().list(*view, o.scope.name_space, o.scope.agent_id, filter, 1000, cursor));
    count += page.memories.size();
    cursor = page.next_cursor;
  } while (!cursor.empty());
  if (common.json) {
    Json json = {{"count", count}, {"dry_run", true}};
    mark_behind(json, *session, view->partition());
    print_json(json);
  } else {
    fmt::print("would forget {} memories\n", count);
  }
  return kExitDone;
}

// Until the partition has no work left; on a terminal, with what is left of it now and then.
Status wait_for_work(Session& session, PartitionId partition) {
  constexpr auto kLook = std::chrono::milliseconds(500);
  const bool drawn = isatty(STDERR_FILENO) != 0;
  const Projection& projection = session.node().projection(partition);
  Status worked;
  do {
    worked = projection.wait_settled(std::chrono::steady_clock::now() + kLook);
    const Meta meta = projection.applied();
    if (drawn) fmt::print(stderr, "\r{} memories removed so far", meta.counters.forgotten);
  } while (!worked && worked.error().code == Code::kDeadlineExceeded);
  if (drawn) fmt::print(stderr, "\n");
  return worked;
}

// Waits for the work that the event began, and tells its exact count.
Result<int> forget_by_filter(const CommonOptions& common, v1::Envelope envelope) {
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kWrite));
  MNEMO_ASSIGN(Written written, session->write(envelope));
  if (written.outcome.pending) {
    MNEMO_TRY(wait_for_work(*session, session->partition_for(envelope.namespace_(), envelope.agent_id())));
    // The same event once more: its key answers with the count by now.
    envelope.set_event_id(std::string(written.outcome.event_id.begin(), written.outcome.event_id.end()));
    MNEMO_ASSIGN(const Written counted, session->write(envelope));
    written.outcome.count = counted.outcome.count;
    written.outcome.pending = counted.outcome.pending;
  }
  MNEMO_TRY(session->close());
  if (!common.json && !written.outcome.refused) {
    fmt::print("forgot {} memories\n", written.outcome.count);
    return kExitDone;
  }
  return tell(common, written, "forgot");
}

void add_forget(Cli& cli) {
  auto o = std::make_shared<ForgetOptions>();
  CLI::App* command =
      cli.add(cli.app, "forget", "Forget one memory, or all that a filter matches", [&cli, o]() -> Result<int> {
        if (o->id.empty() == o->filter.empty()) return fail(Code::kInvalidArgument, "give either an id or --filter");
        v1::Envelope envelope = envelope_for(o->scope, o->key);
        if (!o->id.empty()) {
          envelope.mutable_forgotten()->set_memory_id(o->id);
          return write_one(cli.common, envelope, "forgot");
        }
        MNEMO_ASSIGN(const Json json, parse_json(o->filter));
        MNEMO_ASSIGN(*envelope.mutable_forgotten_by_filter()->mutable_filter(), filter_from_json(json));
        if (o->dry_run) return dry_run(cli.common, *o, envelope.forgotten_by_filter().filter());
        return forget_by_filter(cli.common, std::move(envelope));
      });
  add_scope(command, o->scope);
  command->add_option("id", o->id, "the memory's id");
  command->add_option("--filter", o->filter, "JSON filter, such as {\"tag\": \"draft\"}");
  command->add_option("--key", o->key, "idempotency key");
  command->add_flag("--dry-run", o->dry_run, "with --filter: only count");
}

struct LinkOptions {
  ScopeOptions scope;
  std::string from;
  std::string type;
  std::string to;
  std::string key;
};

void add_link(Cli& cli, const std::string& name, const std::string& about, bool add) {
  auto o = std::make_shared<LinkOptions>();
  CLI::App* command = cli.add(cli.app, name, about, [&cli, o, add]() -> Result<int> {
    v1::Envelope envelope = envelope_for(o->scope, o->key);
    const auto fill = [&o](auto& link) {
      link.set_from_memory_id(o->from);
      link.set_type(o->type);
      link.set_to_memory_id(o->to);
    };
    if (add) {
      fill(*envelope.mutable_linked());
    } else {
      fill(*envelope.mutable_unlinked());
    }
    return write_one(cli.common, envelope, add ? "linked" : "unlinked");
  });
  add_scope(command, o->scope);
  command->add_option("from", o->from, "id of the memory that the link leaves")->required();
  command->add_option("type", o->type, "type of the link")->required();
  command->add_option("to", o->to, "id of the memory that it reaches")->required();
  command->add_option("--key", o->key, "idempotency key");
}

}  // namespace

void add_write_commands(Cli& cli) {
  add_remember(cli);
  add_update(cli);
  add_forget(cli);
  add_link(cli, "link", "Link one memory to another", true);
  add_link(cli, "unlink", "Remove a link", false);
}

}  // namespace mnemo
