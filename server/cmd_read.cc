// retrieve, explain, list, get, history.
#include <fmt/format.h>

#include "events/clock.h"
#include "query/request.h"
#include "server/cli.h"
#include "server/file.h"
#include "server/json/time_text.h"
#include "server/reader.h"

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
    fmt::print("          {:<20} {:>8}  in {}, {}x here\n", term.term, fixed_to_decimal(term.share),
               memories(term.documents), term.count);
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
    fmt::print("               {}{}  {}  {}\n", m.speaker.empty() ? "" : one_line(m.speaker) + "  ",
               to_rfc3339(m.observed_at_ms).substr(0, 16), one_line(m.session_id), one_line(m.id));
    if (request.explain) print_terms(hit);
  }
  if (answer.truncated) fmt::print("     more match: raise --limit\n");
  if (!answer.context.empty()) fmt::print("\n{}", printable(answer.context));
}

Status ask(Reader& reader, const CommonOptions& common, const RetrieveRequest& request, size_t& found) {
  MNEMO_ASSIGN(const Answer answer, reader.retrieve(request));
  found += answer.hits.size();
  if (common.json) {
    Json json = answer_json(request, answer);
    reader.mark_behind(json);
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
  if (!json.contains("query")) return fail(Code::kInvalidArgument, "the question has no 'query'");
  for (const auto& [name, value] : json.items()) {
    const bool text = value.is_string();
    const bool limit = value.is_number_unsigned() && value.get<uint64_t>() >= 1 && value.get<uint64_t>() <= kResultsMax;
    if (name == "query" && text) {
      request.query = value.get<std::string>();
    } else if (name == "agent_id" && text) {
      request.agent_id = value.get<std::string>();
    } else if (name == "namespace" && text) {
      request.name_space = value.get<std::string>();
    } else if (name == "limit" && limit) {
      request.limit = static_cast<uint32_t>(value.get<uint64_t>());
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
Result<std::vector<RetrieveRequest>> read_questions(const RetrieveRequest& base, const std::string& path) {
  MNEMO_ASSIGN(const auto file, open_file(path));
  std::vector<RetrieveRequest> questions;
  std::string line;
  for (size_t number = 1; std::getline(*file, line); ++number) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) continue;
    RetrieveRequest request = base;
    Status read = read_question(line, request);
    if (read && request.agent_id.empty()) read = fail(Code::kInvalidArgument, std::string(kNoAgent));
    if (!read) return fail(read.error().code, fmt::format("{}:{}: {}", path, number, read.error().message));
    questions.push_back(std::move(request));
  }
  if (file->bad()) return fail(Code::kUnavailable, fmt::format("cannot read {} to its end", path), true);
  if (questions.empty()) return fail(Code::kInvalidArgument, fmt::format("{} holds no question", path));
  return questions;
}

Result<std::vector<RetrieveRequest>> requests_of(const RetrieveOptions& o) {
  RetrieveRequest request;
  request.name_space = o.scope.name_space;
  request.agent_id = o.scope.agent_id;
  request.query = o.question;
  request.limit = o.limit;
  request.context_token_budget = o.budget;
  request.explain = o.explain;
  MNEMO_ASSIGN(request.filter, filter_of(o));
  if (!o.file.empty() && !o.question.empty()) {
    return fail(Code::kInvalidArgument, "give either a question or --file");
  }
  if (!o.file.empty()) return read_questions(request, o.file);
  if (request.agent_id.empty()) return fail(Code::kInvalidArgument, std::string(kNoAgent));
  return std::vector{std::move(request)};
}

Result<int> run_retrieve(const CommonOptions& common, const RetrieveOptions& o) {
  MNEMO_ASSIGN(const auto requests, requests_of(o));
  MNEMO_ASSIGN(const auto reader, Reader::open(common));
  size_t found = 0;
  for (const RetrieveRequest& request : requests) {
    const bool titled = !o.file.empty() && !common.json;
    if (titled) fmt::print("\n{}\n", one_line(request.query, kTextColumns));
    MNEMO_TRY(ask(*reader, common, request, found));
  }
  MNEMO_TRY(reader->close());
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
  add_text(command, "--namespace", o->scope.name_space, "to whom the agent belongs")->capture_default_str();
  add_text(command, "--agent", o->scope.agent_id, "whose memories; needed unless every line of --file names one");
  add_text(command, "question", o->question, "the question; without one, the newest memories");
  add_text(command, "--file", o->file,
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

Result<int> run_list(const CommonOptions& common, const ListOptions& o) {
  MNEMO_ASSIGN(const auto filter, filter_of(o.filters));
  MNEMO_ASSIGN(const auto reader, Reader::open(common));
  MNEMO_ASSIGN(const auto page, reader->list({o.filters.scope, filter, o.limit, o.cursor}));
  if (common.json) {
    Json json = {{"memories", Json::array()},
                 {"next_cursor", page.next_cursor},
                 {"truncated", page.truncated},
                 {"position", to_string(page.position)}};
    for (const Memory& memory : page.memories) json["memories"].push_back(json_from(memory));
    reader->mark_behind(json);
    print_json(json);
  } else {
    if (page.memories.empty()) fmt::print("nothing there\n");
    for (const Memory& memory : page.memories) print_memory(memory, memory.observed_at_ms);
    if (page.truncated) fmt::print("more: --cursor {}\n", page.next_cursor);
  }
  return kExitDone;
}

struct GetOptions {
  ScopeOptions scope;
  std::string id;
};

Result<int> run_get(const CommonOptions& common, const GetOptions& o) {
  MNEMO_ASSIGN(const auto reader, Reader::open(common));
  MNEMO_ASSIGN(Json json, reader->get(o.scope, o.id));
  reader->mark_behind(json);
  print_json(json, common.json ? -1 : 2);
  return kExitDone;
}

Result<int> run_history(const CommonOptions& common, const GetOptions& o) {
  MNEMO_ASSIGN(const auto reader, Reader::open(common));
  MNEMO_ASSIGN(const auto versions, reader->history(o.scope, o.id));
  Json json = {{"versions", Json::array()}};
  for (const Memory& memory : versions) {
    json["versions"].push_back(json_from(memory));
    if (!common.json) print_memory(memory, memory.recorded_at_ms);
  }
  reader->mark_behind(json);
  if (common.json) print_json(json);
  return kExitDone;
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
