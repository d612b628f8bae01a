// remember, update, forget, link, unlink.
#include <fmt/format.h>
#include <unistd.h>

#include "events/tell_aside.h"
#include "events/uuid.h"
#include "projector/store/memory_id.h"
#include "query/request.h"
#include "server/cli.h"
#include "server/json/time_text.h"
#include "server/reader.h"
#include "server/remote.h"

namespace mnemo {
namespace {

constexpr auto kForgetMax = std::chrono::minutes(10);  // waiting until a forget by filter has removed all
constexpr const char* kKeyAbout = "idempotency key: a repeated one does nothing twice";

Json outcome_json(const Written& written) {
  const Outcome& o = written.outcome;
  Json json;
  if (!o.memory_key.empty()) json["id"] = memory_id_text(o.memory_key);
  json["event_id"] = uuid_text(o.event_id);
  json["position"] = to_string(written.position);
  json["duplicate"] = o.kind == Outcome::Kind::kDuplicate;
  if (o.version != 0) json["version"] = o.version;
  if (o.forgotten) json["forgotten"] = true;
  if (o.expired) json["expired"] = true;
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
  fmt::print("{}{}{}{}{}\n", done, id, duplicate ? " (already)" : "",
             duplicate && o.forgotten ? ", forgotten or expired since" : "",
             o.expired ? "; it has expired already: no read shows it" : "");
  return kExitDone;
}

Result<int> write_one(const CommonOptions& common, const v1::Envelope& envelope, std::string_view done) {
  if (common.on_server) return write_remotely(common, envelope, done);
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
  const std::string observed_at = time_text(o.observed_at);
  const std::string expires_at = time_text(o.expires_at);
  Json memory = {{"namespace", o.scope.name_space}, {"agent_id", o.scope.agent_id}, {"text", o.text}};
  const std::pair<const char*, const std::string*> fields[] = {
      {"idempotency_key", &o.key}, {"id", &o.id},     {"session_id", &o.session},    {"speaker", &o.speaker},
      {"class", &o.memory_class},  {"kind", &o.kind}, {"observed_at", &observed_at}, {"expires_at", &expires_at}};
  for (const auto& [name, value] : fields) {
    if (!value->empty()) memory[name] = *value;
  }
  if (!o.tags.empty()) memory["tags"] = o.tags;
  if (!o.metadata.empty()) {
    MNEMO_ASSIGN(memory["metadata"], json_of_option("--metadata", o.metadata));
  }
  return remembered_from_json(memory, o.scope.name_space);
}

void add_remember(Cli& cli) {
  auto o = std::make_shared<RememberOptions>();
  CLI::App* command = cli.add(
      cli.app, "remember", "Remember one text",
      [&cli, o]() -> Result<int> {
        MNEMO_ASSIGN(const v1::Envelope envelope, remember_envelope(*o));
        return write_one(cli.common, envelope, "remembered");
      },
      Reach::kServerToo);
  add_scope(command, o->scope);
  add_text(command, "text", o->text, "what to remember")->required();
  add_text(command, "--key", o->key, "idempotency key: a repeated one remembers nothing twice");
  add_text(command, "--id", o->id, "the memory's id; without one it is made from --key, or anew");
  add_text(command, "--session", o->session, "the session that it is from");
  add_text(command, "--speaker", o->speaker, "who said it");
  add_text(command, "--class", o->memory_class, "episodic, semantic, procedural or working");
  add_text(command, "--kind", o->kind, "kind, such as message or fact");
  add_texts(command, "--tag", o->tags, "a tag; may be repeated");
  add_text(command, "--observed-at", o->observed_at,
           "when it happened, such as 2026-03-02T08:00:00Z, or 2026-03-02 for that day's beginning in UTC");
  add_text(command, "--expires-at", o->expires_at, "when it is to be gone, likewise");
  add_text(command, "--metadata", o->metadata, "JSON object of strings, numbers, true and false");
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
  CLI::App* command = cli.add(
      cli.app, "update", "Give a memory a new text",
      [&cli, o]() -> Result<int> {
        v1::Envelope envelope = envelope_for(o->scope, o->key);
        envelope.mutable_updated()->set_memory_id(o->id);
        envelope.mutable_updated()->set_expected_version(o->expected_version);
        envelope.mutable_updated()->mutable_text()->set_plain(o->text);
        return write_one(cli.common, envelope, "updated");
      },
      Reach::kServerToo);
  add_scope(command, o->scope);
  add_text(command, "id", o->id, "the memory's id")->required();
  add_text(command, "text", o->text, "its new text")->required();
  add_text(command, "--key", o->key, kKeyAbout);
  add_number(command, "--expected-version", o->expected_version, 1, UINT32_MAX,
             "refuse when the memory is at another version than this");
}

struct ForgetOptions {
  ScopeOptions scope;
  std::string id;
  std::string filter;
  std::string key;
  bool dry_run = false;
};

// How many memories would be forgotten; NOT_FOUND as forgetting would say.
Result<uint64_t> count_covered(const Engine& engine, const View& view, const ForgetOptions& o,
                               const std::optional<v1::Filter>& filter) {
  if (!filter) {
    MNEMO_TRY(engine.get(view, o.scope.name_space, o.scope.agent_id, o.id));
    return 1;
  }
  uint64_t count = 0;
  std::string cursor;
  do {
    MNEMO_ASSIGN(const auto page, engine.list(view, o.scope.name_space, o.scope.agent_id, filter, kResultsMax, cursor));
    count += page.memories.size();
    cursor = page.next_cursor;
  } while (!cursor.empty());
  return count;
}

// `filter` absent: the memory with the id.
Result<int> dry_run(const CommonOptions& common, const ForgetOptions& o, const std::optional<v1::Filter>& filter) {
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  MNEMO_ASSIGN(const auto view, session->view(o.scope.name_space, o.scope.agent_id));
  MNEMO_ASSIGN(const uint64_t count, count_covered(session->engine(), *view, o, filter));
  if (common.json) {
    Json json = {{"count", count}, {"dry_run", true}};
    mark_behind(json, *session, view->partition());
    print_json(json);
  } else {
    fmt::print("would forget {}\n", memories(count));
  }
  return kExitDone;
}

// Until the partition has no work left; on a terminal, with what is left of it now and then.
Status wait_for_work(Session& session, PartitionId partition) {
  constexpr auto kLook = std::chrono::milliseconds(500);
  const Deadline deadline = std::chrono::steady_clock::now() + kForgetMax;
  const bool drawn = isatty(STDERR_FILENO) != 0;
  const Projection& projection = session.node().projection(partition);
  Status worked;
  do {
    worked = projection.wait_settled(std::chrono::steady_clock::now() + kLook);
    const Meta meta = projection.applied();
    if (drawn) tell_aside(fmt::format("\r{} memories removed so far", meta.counters.forgotten));
  } while (!worked && worked.error().code == Code::kDeadlineExceeded && std::chrono::steady_clock::now() < deadline);
  if (drawn) tell_aside("\n");
  if (worked || worked.error().code != Code::kDeadlineExceeded) return worked;
  return fail(Code::kDeadlineExceeded,
              "the memories are hidden, but not all of them are removed yet; `mnemo status --settle` waits for it",
              true);
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
  return tell(common, written, "forgot " + memories(written.outcome.count));
}

// With --dry-run, only looks whether it is there.
Result<int> forget_one(const CommonOptions& common, const ForgetOptions& o) {
  if (o.dry_run && common.on_server) {
    MNEMO_ASSIGN(const auto reader, Reader::open(common));
    MNEMO_TRY(reader->get(o.scope, o.id).map([](const Json&) {}));
    if (common.json) print_json({{"count", 1}, {"dry_run", true}});
    if (!common.json) fmt::print("would forget {}\n", memories(1));
    return kExitDone;
  }
  if (o.dry_run) return dry_run(common, o, std::nullopt);
  v1::Envelope envelope = envelope_for(o.scope, o.key);
  envelope.mutable_forgotten()->set_memory_id(o.id);
  return write_one(common, envelope, "forgot");
}

Result<int> run_forget(const CommonOptions& common, const ForgetOptions& o) {
  if (o.id.empty() == o.filter.empty()) return fail(Code::kInvalidArgument, "give either an id or --filter");
  if (o.filter.empty()) return forget_one(common, o);
  MNEMO_ASSIGN(const Json json, json_of_option("--filter", o.filter));
  MNEMO_ASSIGN(v1::Filter filter, filter_of_option("--filter", json));
  v1::Envelope envelope = envelope_for(o.scope, o.key);
  *envelope.mutable_forgotten_by_filter()->mutable_filter() = filter;
  if (common.on_server) return forget_remotely(common, envelope, o.dry_run);
  return o.dry_run ? dry_run(common, o, filter) : forget_by_filter(common, std::move(envelope));
}

void add_forget(Cli& cli) {
  auto o = std::make_shared<ForgetOptions>();
  CLI::App* command = cli.add(
      cli.app, "forget", "Forget one memory, or all that a filter matches",
      [&cli, o] { return run_forget(cli.common, *o); }, Reach::kServerToo);
  add_scope(command, o->scope);
  add_text(command, "id", o->id, "the memory's id");
  add_text(command, "--filter", o->filter, "JSON filter, such as {\"tag\": \"draft\"}");
  add_text(command, "--key", o->key, kKeyAbout);
  command->add_flag("--dry-run", o->dry_run, "say how many memories it would be, and forget none");
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
  CLI::App* command = cli.add(
      cli.app, name, about,
      [&cli, o, add]() -> Result<int> {
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
  add_forget(cli);
  add_link(cli, "link", "Link one memory to another", true);
  add_link(cli, "unlink", "Remove a link", false);
}

}  // namespace mnemo
