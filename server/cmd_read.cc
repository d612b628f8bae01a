// retrieve, explain, list, get, history.
#include <fmt/format.h>

#include <fstream>

#include "events/clock.h"
#include "server/cli.h"

namespace mnemo {
namespace {

constexpr size_t kTextColumns = 100;

struct RetrieveOptions {
  ScopeOptions scope;
  std::string question;
  std::string file;
  uint32_t limit = 10;
  std::string filter;
  std::vector<std::string> tags;
  std::string session;
  std::string speaker;
  std::string since;
  std::string until;
  uint32_t budget = 0;
  bool explain = false;
};

void add_condition(Json& all, const std::string& field, const Json& condition) { all.push_back({{field, condition}}); }

// One filter from --filter and the short forms; nullopt when none is given.
Result<std::optional<v1::Filter>> filter_of(const RetrieveOptions& o) {
  Json all = Json::array();
  if (!o.filter.empty()) {
    MNEMO_ASSIGN(const Json given, parse_json(o.filter));
    all.push_back(given);
  }
  for (const std::string& tag : o.tags) add_condition(all, "tag", tag);
  if (!o.session.empty()) add_condition(all, "session_id", o.session);
  if (!o.speaker.empty()) add_condition(all, "speaker", o.speaker);
  if (!o.since.empty()) add_condition(all, "observed_at", {{"gte", o.since}});
  if (!o.until.empty()) add_condition(all, "observed_at", {{"lt", o.until}});
  if (all.empty()) return std::optional<v1::Filter>();
  const Json whole = all.size() == 1 ? all[0] : Json{{"and", all}};
  MNEMO_ASSIGN(v1::Filter filter, filter_from_json(whole));
  return std::optional(std::move(filter));
}

Json answer_json(const RetrieveRequest& request, const Answer& answer) {
  Json json;
  json["query"] = request.query;
  json["agent_id"] = request.agent_id;
  json["results"] = Json::array();
  for (const Hit& hit : answer.hits) json["results"].push_back(json_from(hit, request.explain));
  json["position"] = to_string(answer.position);
  json["truncated"] = answer.truncated;
  if (!answer.context.empty()) json["context"] = answer.context;
  if (request.explain) json["explain"] = json_from(answer.explain);
  return json;
}

void print_terms(const Hit& hit) {
  for (const TermShare& term : hit.terms) {
    fmt::print("          {:<20} {:>8}  in {} memories, {}x here\n", term.term, fixed_to_decimal(term.share),
               term.documents, term.count);
  }
}

void print_answer(const RetrieveRequest& request, const Answer& answer) {
  if (request.explain) {
    const Explain& e = answer.explain;
    fmt::print("terms: {}{}\n", fmt::join(e.query_terms, " "),
               e.dropped.empty() ? "" : fmt::format("   left out, as speakers: {}", fmt::join(e.dropped, " ")));
    fmt::print("read: {} memories visible, {} scored; {} point reads, {} rows, {} bytes, {} postings; profile {}\n",
               e.documents, e.candidates, e.reads.point_reads, e.reads.rows, e.reads.bytes, e.reads.postings,
               e.profile);
  }
  if (answer.hits.empty()) fmt::print("nothing found\n");
  size_t rank = 0;
  for (const Hit& hit : answer.hits) {
    const Memory& m = hit.memory;
    fmt::print("{:>3}. {:>8}  {}\n", ++rank, fixed_to_decimal(hit.score), one_line(m.text, kTextColumns));
    fmt::print("               {}{}  {}  {}\n", m.speaker.empty() ? "" : m.speaker + "  ",
               to_rfc3339(m.observed_at_ms).substr(0, 16), m.session_id, m.id);
    if (request.explain) print_terms(hit);
  }
  if (answer.truncated) fmt::print("     more match: raise --limit\n");
  if (!answer.context.empty()) fmt::print("\n{}\n", answer.context);
}

Status ask(Session& session, const CommonOptions& common, const RetrieveRequest& request, size_t& found) {
  MNEMO_ASSIGN(const auto view, session.view(request.name_space, request.agent_id));
  MNEMO_ASSIGN(const Answer answer, session.engine().retrieve(*view, request));
  found += answer.hits.size();
  if (common.json) {
    Json json = answer_json(request, answer);
    mark_behind(json, session, view->partition());
    print_json(json);
  } else {
    print_answer(request, answer);
  }
  return {};
}

// A line of a file of questions: plain text, or {"query", "agent_id"?, "namespace"?, "limit"?}.
Status read_question(const std::string& line, RetrieveRequest& request) {
  if (!line.starts_with('{')) {
    request.query = line;
    return {};
  }
  MNEMO_ASSIGN(const Json json, parse_json(line));
  for (const auto& [name, value] : json.items()) {
    const bool text = value.is_string();
    if (name == "query" && text) {
      request.query = value.get<std::string>();
    } else if (name == "agent_id" && text) {
      request.agent_id = value.get<std::string>();
    } else if (name == "namespace" && text) {
      request.name_space = value.get<std::string>();
    } else if (name == "limit" && value.is_number_unsigned()) {
      request.limit = value.get<uint32_t>();
    } else {
      return fail(Code::kInvalidArgument,
                  fmt::format("'{}' is no field of a question, or of another type; there are query, agent_id, "
                              "namespace, limit",
                              name));
    }
  }
  return {};
}

Status ask_file(Session& session, const CommonOptions& common, const RetrieveRequest& base, const std::string& path,
                size_t& found) {
  std::ifstream file(path);
  if (!file) return fail(Code::kNotFound, fmt::format("cannot open {}", path));
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    RetrieveRequest request = base;
    Status asked = read_question(line, request);
    if (asked && !common.json) fmt::print("\n{}\n", one_line(request.query, kTextColumns));
    if (asked) asked = ask(session, common, request, found);
    if (!asked) return fail(asked.error().code, fmt::format("{}:{}: {}", path, number, asked.error().message));
  }
  return {};
}

Result<int> run_retrieve(const CommonOptions& common, const RetrieveOptions& o) {
  RetrieveRequest request;
  request.name_space = o.scope.name_space;
  request.agent_id = o.scope.agent_id;
  request.query = o.question;
  request.limit = o.limit;
  request.context_token_budget = o.budget;
  request.explain = o.explain;
  MNEMO_ASSIGN(request.filter, filter_of(o));
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  size_t found = 0;
  if (o.file.empty()) {
    MNEMO_TRY(ask(*session, common, request, found));
  } else {
    MNEMO_TRY(ask_file(*session, common, request, o.file, found));
  }
  MNEMO_TRY(session->close());
  return found > 0 ? kExitDone : kExitNegative;
}

void add_filters(CLI::App* command, RetrieveOptions& o) {
  command->add_option("--filter", o.filter, "JSON filter, such as {\"tag\": {\"any\": [\"tea\", \"travel\"]}}");
  command->add_option("--tag", o.tags, "only memories with this tag; may be repeated");
  command->add_option("--session", o.session, "only memories of this session");
  command->add_option("--speaker", o.speaker, "only memories of this speaker");
  command->add_option("--since", o.since, "only memories observed at or after this time (RFC 3339)");
  command->add_option("--until", o.until, "only memories observed before this time");
}

void add_retrieve(Cli& cli, const std::string& name, const std::string& about, bool explain) {
  auto o = std::make_shared<RetrieveOptions>();
  o->explain = explain;
  CLI::App* command = cli.add(cli.app, name, about, [&cli, o] { return run_retrieve(cli.common, *o); });
  command->add_option("--namespace", o->scope.name_space, "namespace")->capture_default_str();
  command->add_option("--agent", o->scope.agent_id, "agent id");
  command->add_option("question", o->question, "the question; without one, the newest memories");
  command->add_option("--file", o->file, "a file of questions, one a line: text, or {\"query\", \"agent_id\"?, ...}");
  command->add_option("--limit", o->limit, "results at most, 1 to 1000")->capture_default_str();
  command->add_option("--context", o->budget, "also pack a context of this many tokens");
  add_filters(command, *o);
}

void print_memory(const Memory& m) {
  fmt::print("{}  v{}  {}  {}{}\n", m.id, m.version, to_rfc3339(m.observed_at_ms),
             m.speaker.empty() ? "" : m.speaker + ": ", one_line(m.text, kTextColumns));
}

struct ListOptions {
  RetrieveOptions filters;
  uint32_t limit = 100;
  std::string cursor;
};

Result<int> run_list(const CommonOptions& common, const ListOptions& o) {
  const ScopeOptions& scope = o.filters.scope;
  MNEMO_ASSIGN(const auto filter, filter_of(o.filters));
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  MNEMO_ASSIGN(const auto view, session->view(scope.name_space, scope.agent_id));
  MNEMO_ASSIGN(const auto page,
               session->engine().list(*view, scope.name_space, scope.agent_id, filter, o.limit, o.cursor));
  if (common.json) {
    Json json = {{"memories", Json::array()},
                 {"next_cursor", page.next_cursor},
                 {"truncated", page.truncated},
                 {"position", to_string(page.position)}};
    for (const Memory& memory : page.memories) json["memories"].push_back(json_from(memory));
    mark_behind(json, *session, view->partition());
    print_json(json);
  } else {
    for (const Memory& memory : page.memories) print_memory(memory);
    if (page.truncated) fmt::print("more: --cursor {}\n", page.next_cursor);
  }
  return kExitDone;
}

struct GetOptions {
  ScopeOptions scope;
  std::string id;
};

Result<int> run_get(const CommonOptions& common, const GetOptions& o) {
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  MNEMO_ASSIGN(const auto view, session->view(o.scope.name_space, o.scope.agent_id));
  MNEMO_ASSIGN(const Memory memory, session->engine().get(*view, o.scope.name_space, o.scope.agent_id, o.id));
  Json json = json_from(memory);
  mark_behind(json, *session, view->partition());
  if (common.json) {
    print_json(json);
  } else {
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  }
  return kExitDone;
}

Result<int> run_history(const CommonOptions& common, const GetOptions& o) {
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  MNEMO_ASSIGN(const auto view, session->view(o.scope.name_space, o.scope.agent_id));
  MNEMO_ASSIGN(const auto versions, session->engine().history(*view, o.scope.name_space, o.scope.agent_id, o.id));
  Json json = {{"versions", Json::array()}};
  for (const Memory& memory : versions) {
    json["versions"].push_back(json_from(memory));
    if (!common.json) print_memory(memory);
  }
  mark_behind(json, *session, view->partition());
  if (common.json) print_json(json);
  return kExitDone;
}

}  // namespace

void add_read_commands(Cli& cli) {
  add_retrieve(cli, "retrieve", "Ask for the memories that answer a question", false);
  add_retrieve(cli, "explain", "The same, with how each score came about", true);

  auto list = std::make_shared<ListOptions>();
  CLI::App* command = cli.add(cli.app, "list", "List an agent's memories, newest first",
                              [&cli, list] { return run_list(cli.common, *list); });
  add_scope(command, list->filters.scope);
  command->add_option("--limit", list->limit, "memories at most, 1 to 1000")->capture_default_str();
  command->add_option("--cursor", list->cursor, "where the page before ended");
  add_filters(command, list->filters);

  auto get = std::make_shared<GetOptions>();
  command = cli.add(cli.app, "get", "Show one memory", [&cli, get] { return run_get(cli.common, *get); });
  add_scope(command, get->scope);
  command->add_option("id", get->id, "the memory's id")->required();

  auto history = std::make_shared<GetOptions>();
  command = cli.add(cli.app, "history", "Show every version of a memory, newest first",
                    [&cli, history] { return run_history(cli.common, *history); });
  add_scope(command, history->scope);
  command->add_option("id", history->id, "the memory's id")->required();
}

}  // namespace mnemo
