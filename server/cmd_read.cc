// retrieve, explain, list, get, history.
#include <fmt/format.h>

#include "events/clock.h"
#include "events/tell_aside.h"
#include "query/request.h"
#include "server/answerer.h"
#include "server/file.h"
#include "server/json/time_text.h"
#include "server/remote_messages.h"

namespace mnemo {
namespace {

constexpr size_t kTextColumns = 100;
constexpr std::string_view kNoAgent = "no agent is named: say with --agent whose memories are meant";

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

// Adds what one option asks for to conditions that must all match.
Status add_filter(v1::FilterGroup& all, std::string_view option, const Json& json) {
  MNEMO_ASSIGN(*all.add_filters(), filter_of_option(option, json));
  return {};
}

// One filter from --filter and the short forms; nullopt when none is given. No value is empty: parsing saw to it.
Result<std::optional<v1::Filter>> filter_of(const RetrieveOptions& o) {
  v1::FilterGroup all;
  if (!o.filter.empty()) {
    MNEMO_ASSIGN(const Json given, json_of_option("--filter", o.filter));
    MNEMO_TRY(add_filter(all, "--filter", given));
  }
  for (const std::string& tag : o.tags) MNEMO_TRY(add_filter(all, "--tag", {{"tag", tag}}));
  if (!o.session.empty()) MNEMO_TRY(add_filter(all, "--session", {{"session_id", o.session}}));
  if (!o.speaker.empty()) MNEMO_TRY(add_filter(all, "--speaker", {{"speaker", o.speaker}}));
  if (!o.since.empty()) MNEMO_TRY(add_filter(all, "--since", {{"observed_at", {{"gte", time_text(o.since)}}}}));
  if (!o.until.empty()) MNEMO_TRY(add_filter(all, "--until", {{"observed_at", {{"lt", time_text(o.until)}}}}));
  if (all.filters_size() == 0) return std::optional<v1::Filter>();
  v1::Filter filter;
  if (all.filters_size() == 1) {
    filter = all.filters(0);
  } else {
    *filter.mutable_and_() = std::move(all);
  }
  return std::optional(std::move(filter));
}

// Of a server's answer: it says no more. A directory's has been told on the way.
template <typename Response>
void warn_of_degraded(const CommonOptions& common, const Response& response) {
  if (!common.on_server || !response.degraded()) return;
  tell_aside(
      "mnemo: warning: the partition stands still on the server, and answers with what came before: ask "
      "`mnemo status`\n");
}

void print_terms(const v1::RetrieveResponse::Result& hit) {
  for (const v1::RetrieveResponse::TermShare& term : hit.explain()) {
    fmt::print("          {:<20} {:>8}  in {}, {}x here\n", term.term(), fixed_to_decimal(term.share()),
               memories(term.documents()), term.count());
  }
}

void print_answer(const v1::RetrieveResponse& answer) {
  if (answer.has_explain()) {
    const v1::RetrieveResponse::Explain& e = answer.explain();
    fmt::print("terms: {}{}\n", fmt::join(e.query_terms(), " "),
               e.dropped().empty() ? "" : fmt::format("   left out, as speakers: {}", fmt::join(e.dropped(), " ")));
    fmt::print("read: {} memories visible, {} scored; profile {}\n", e.documents(), e.candidates(), e.profile());
  }
  if (answer.results().empty()) fmt::print("nothing found\n");
  size_t rank = 0;
  for (const v1::RetrieveResponse::Result& hit : answer.results()) {
    const Memory m = memory_from(hit.memory());
    fmt::print("{:>3}. {:>8}  {}\n", ++rank, fixed_to_decimal(hit.score()), one_line(m.text, kTextColumns));
    fmt::print("               {}{}  {}  {}\n", m.speaker.empty() ? "" : one_line(m.speaker) + "  ",
               to_rfc3339(m.observed_at_ms).substr(0, 16), one_line(m.session_id), one_line(m.id));
    print_terms(hit);
  }
  if (answer.truncated()) fmt::print("     more match: raise --limit\n");
  if (!answer.context().empty()) fmt::print("\n{}", printable(answer.context()));
}

// `of_file`: one of several, so the answer names what was asked.
Status ask(Answerer& answerer, const CommonOptions& common, const v1::RetrieveRequest& request, bool of_file,
           size_t& found) {
  MNEMO_ASSIGN(const auto answer, answerer.ask(&Service::retrieve, request));
  found += static_cast<size_t>(answer.results_size());
  warn_of_degraded(common, answer);
  if (!common.json) {
    print_answer(answer);
    return {};
  }
  Json json = Json::object();
  if (of_file) json = {{"query", request.query()}, {"agent_id", request.agent_id()}};
  json.update(json_of(answer));
  answerer.mark_behind(json, {request.namespace_(), request.agent_id()});
  print_json(json);
  return {};
}

// A line of a file of questions: plain text, or {"query", "agent_id"?, "namespace"?, "limit"?}.
Status read_question(const std::string& line, v1::RetrieveRequest& request) {
  if (!line.starts_with('{')) {
    request.set_query(line);
    return {};
  }
  MNEMO_ASSIGN(const Json json, parse_json(line));
  if (!json.contains("query")) return fail(Code::kInvalidArgument, "the question has no 'query'");
  for (const auto& [name, value] : json.items()) {
    const bool text = value.is_string();
    const bool limit = value.is_number_unsigned() && value.get<uint64_t>() >= 1 && value.get<uint64_t>() <= kResultsMax;
    if (name == "query" && text) {
      request.set_query(value.get<std::string>());
    } else if (name == "agent_id" && text) {
      request.set_agent_id(value.get<std::string>());
    } else if (name == "namespace" && text) {
      request.set_namespace_(value.get<std::string>());
    } else if (name == "limit" && limit) {
      request.set_limit(static_cast<uint32_t>(value.get<uint64_t>()));
    } else {
      return fail(Code::kInvalidArgument,
                  fmt::format("'{}' is no field of a question, or has a value that it cannot have; there are query, "
                              "agent_id, namespace (text), limit (1 to {})",
                              name, kResultsMax));
    }
  }
  return {};
}

// The questions of a file, each with its line number for what is wrong with it.
Result<std::vector<v1::RetrieveRequest>> read_questions(const v1::RetrieveRequest& base, const std::string& path) {
  MNEMO_ASSIGN(const auto file, open_file(path));
  std::vector<v1::RetrieveRequest> questions;
  std::string line;
  for (size_t number = 1; std::getline(*file, line); ++number) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) continue;
    v1::RetrieveRequest request = base;
    Status read = read_question(line, request);
    if (read && request.agent_id().empty()) read = fail(Code::kInvalidArgument, std::string(kNoAgent));
    if (!read) return fail(read.error().code, fmt::format("{}:{}: {}", path, number, read.error().message));
    questions.push_back(std::move(request));
  }
  if (file->bad()) return fail(Code::kUnavailable, fmt::format("cannot read {} to its end", path), true);
  if (questions.empty()) return fail(Code::kInvalidArgument, fmt::format("{} holds no question", path));
  return questions;
}

Result<std::vector<v1::RetrieveRequest>> requests_of(const RetrieveOptions& o) {
  v1::RetrieveRequest request;
  request.set_namespace_(o.scope.name_space);
  request.set_agent_id(o.scope.agent_id);
  request.set_query(o.question);
  request.set_limit(o.limit);
  request.set_context_token_budget(o.budget);
  request.set_explain(o.explain);
  MNEMO_ASSIGN(const auto filter, filter_of(o));
  if (filter) *request.mutable_filter() = *filter;
  if (!o.file.empty() && !o.question.empty()) {
    return fail(Code::kInvalidArgument, "give either a question or --file");
  }
  if (!o.file.empty()) return read_questions(request, o.file);
  if (request.agent_id().empty()) return fail(Code::kInvalidArgument, std::string(kNoAgent));
  return std::vector{std::move(request)};
}

Result<int> run_retrieve(const CommonOptions& common, const RetrieveOptions& o) {
  MNEMO_ASSIGN(const auto requests, requests_of(o));
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, Access::kRead));
  size_t found = 0;
  const bool of_file = !o.file.empty();
  for (const v1::RetrieveRequest& request : requests) {
    if (of_file && !common.json) fmt::print("\n{}\n", one_line(request.query(), kTextColumns));
    MNEMO_TRY(ask(answerer, common, request, of_file, found));
  }
  MNEMO_TRY(answerer.close());
  return found > 0 ? kExitDone : kExitNegative;
}

void add_filters(CLI::App* command, RetrieveOptions& o) {
  add_text(command, "--filter", o.filter, "JSON filter, such as {\"tag\": {\"any\": [\"tea\", \"travel\"]}}");
  add_texts(command, "--tag", o.tags, "only memories with this tag; repeated: with all of them");
  add_text(command, "--session", o.session, "only memories of this session");
  add_text(command, "--speaker", o.speaker, "only memories of this speaker");
  add_text(command, "--since", o.since,
           "only memories observed at or after this time, such as 2026-03-02T08:00:00Z, or 2026-03-02 for that day's "
           "beginning in UTC");
  add_text(command, "--until", o.until, "only memories observed before this time, likewise");
}

void add_retrieve(Cli& cli, const std::string& name, const std::string& about, bool explain) {
  auto o = std::make_shared<RetrieveOptions>();
  o->explain = explain;
  CLI::App* command =
      cli.add(cli.app, name, about, [&cli, o] { return run_retrieve(cli.common, *o); }, Reach::kServerToo);
  add_text(command, "--namespace", o->scope.name_space, "to whom the agent belongs")
      ->envname("MNEMO_NAMESPACE")
      ->capture_default_str();
  add_text(command, "--agent", o->scope.agent_id, "whose memories; needed unless every line of --file names one")
      ->envname("MNEMO_AGENT");
  add_text(command, "question", o->question, "the question; without one, the newest memories");
  add_path(command, "--file", o->file,
           "questions, one a line, - for standard input: text, or {\"query\": ..., \"agent_id\"?, \"namespace\"?, "
           "\"limit\"?}");
  add_number(command, "--limit", o->limit, 1, kResultsMax, "results at most, 1 to 1000")->capture_default_str();
  add_number(command, "--context", o->budget, 1, kContextTokensMax,
             "also pack the results as text for a prompt, within this many tokens");
  add_filters(command, *o);
}

void print_memory(const Memory& m, TimestampMs at_ms) {
  fmt::print("{}  v{}  {}  {}{}\n", one_line(m.id), m.version, to_rfc3339(at_ms),
             m.speaker.empty() ? "" : one_line(m.speaker) + ": ", one_line(m.text, kTextColumns));
}

struct ListOptions {
  RetrieveOptions filters;
  uint32_t limit = 100;
  std::string cursor;
};

// One read of an agent: asked, and printed as JSON or by `print`.
template <typename Request, typename Response, typename Print>
Result<int> run_read(const CommonOptions& common, const ScopeOptions& scope, Request request,
                     void (Service::*method)(const Call&, Request, Reply<Response>), Print print) {
  request.set_namespace_(scope.name_space);
  request.set_agent_id(scope.agent_id);
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, Access::kRead));
  MNEMO_ASSIGN(const Response response, answerer.ask(method, std::move(request)));
  Json json = json_of(response);
  answerer.mark_behind(json, scope);
  MNEMO_TRY(answerer.close());
  if constexpr (requires { response.degraded(); }) warn_of_degraded(common, response);
  if (common.json) {
    print_json(json);
  } else {
    print(response);
  }
  return kExitDone;
}

Result<int> run_list(const CommonOptions& common, const ListOptions& o) {
  v1::ListMemoriesRequest request;
  MNEMO_ASSIGN(const auto filter, filter_of(o.filters));
  if (filter) *request.mutable_filter() = *filter;
  request.set_limit(o.limit);
  request.set_cursor(o.cursor);
  return run_read(common, o.filters.scope, std::move(request), &Service::list, [](const v1::ListMemoriesResponse& r) {
    if (r.memories().empty()) fmt::print("nothing there\n");
    for (const v1::Memory& message : r.memories()) {
      const Memory memory = memory_from(message);
      print_memory(memory, memory.observed_at_ms);
    }
    if (r.truncated()) fmt::print("more: --cursor {}\n", r.next_cursor());
  });
}

struct GetOptions {
  ScopeOptions scope;
  std::string id;
};

void print_links(std::string_view name, const google::protobuf::RepeatedPtrField<v1::MemoryLink>& links, bool leaving) {
  for (const v1::MemoryLink& link : links) {
    fmt::print("{:<12} {} {}\n", name, one_line(link.type()), one_line(leaving ? link.to() : link.from()));
  }
}

// A table of what the memory has; values that are no text as JSON.
void print_fields(const v1::GetMemoryResponse& r) {
  const Json fields = json_of(r.memory());
  for (const auto& [name, value] : fields.items()) {
    const bool nothing = value.empty() || value == Json(false);
    if (!nothing) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      fmt::print("{:<12} {}\n", name, name == "text" ? printable(text) : one_line(text));
    }
  }
  print_links("link", r.links(), true);
  print_links("linked from", r.linked_from(), false);
  if (r.links_truncated()) fmt::print("more links are there: `mnemo export` has all\n");
}

Result<int> run_get(const CommonOptions& common, const GetOptions& o) {
  v1::GetMemoryRequest request;
  request.set_id(o.id);
  return run_read(common, o.scope, std::move(request), &Service::get, print_fields);
}

Result<int> run_history(const CommonOptions& common, const GetOptions& o) {
  v1::GetHistoryRequest request;
  request.set_id(o.id);
  return run_read(common, o.scope, std::move(request), &Service::history, [](const v1::GetHistoryResponse& r) {
    for (const v1::Memory& message : r.versions()) {
      const Memory memory = memory_from(message);
      print_memory(memory, memory.recorded_at_ms);
    }
  });
}

}  // namespace

void add_read_commands(Cli& cli) {
  add_retrieve(cli, "retrieve", "Ask for the memories that answer a question", false);
  add_retrieve(cli, "explain", "Ask as retrieve does, and show how each score came about", true);

  auto list = std::make_shared<ListOptions>();
  CLI::App* command = cli.add(
      cli.app, "list", "List an agent's memories, newest first", [&cli, list] { return run_list(cli.common, *list); },
      Reach::kServerToo);
  add_scope(command, list->filters.scope);
  add_number(command, "--limit", list->limit, 1, kResultsMax, "memories at most, 1 to 1000")->capture_default_str();
  add_text(command, "--cursor", list->cursor, "where the page before ended");
  add_filters(command, list->filters);

  auto get = std::make_shared<GetOptions>();
  command =
      cli.add(cli.app, "get", "Show one memory", [&cli, get] { return run_get(cli.common, *get); }, Reach::kServerToo);
  add_scope(command, get->scope);
  add_text(command, "id", get->id, "the memory's id")->required();

  auto history = std::make_shared<GetOptions>();
  command = cli.add(
      cli.app, "history", "Show every version of a memory, newest first",
      [&cli, history] { return run_history(cli.common, *history); }, Reach::kServerToo);
  add_scope(command, history->scope);
  add_text(command, "id", history->id, "the memory's id")->required();
}

}  // namespace mnemo
