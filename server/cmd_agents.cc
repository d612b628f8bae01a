// agents.
#include <fmt/format.h>

#include "query/request.h"
#include "server/answerer.h"

namespace mnemo {
namespace {

struct AgentsOptions {
  std::string name_space;
  uint32_t limit = 100;
  std::string cursor;
};

void print_page(const v1::ListAgentsResponse& page) {
  if (page.agents().empty()) fmt::print("no agents there\n");
  if (!page.agents().empty()) fmt::print("{:<24} {:<32} {:>10}\n", "namespace", "agent", "memories");
  for (const v1::ListAgentsResponse::Agent& agent : page.agents()) {
    fmt::print("{:<24} {:<32} {:>10}\n", one_line(agent.namespace_()), one_line(agent.agent_id()), agent.memories());
  }
  if (page.truncated()) fmt::print("more: --cursor {}\n", page.next_cursor());
}

// Of a directory: why the first partition that stands still does.
void mark_behind(Session* session, Json& json) {
  for (uint32_t p = 0; session != nullptr && p < session->partitions(); ++p) {
    if (!session->behind(PartitionId(p))) continue;
    mark_behind(json, *session, PartitionId(p));
    return;
  }
}

Result<int> run_agents(const CommonOptions& common, const AgentsOptions& o) {
  v1::ListAgentsRequest request;
  request.set_namespace_(o.name_space);
  request.set_limit(o.limit);
  request.set_cursor(o.cursor);
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, Access::kRead));
  MNEMO_ASSIGN(const auto page, answerer.ask(&Service::agents, std::move(request)));
  Json json = json_of(page);
  if (page.degraded()) mark_behind(answerer.session(), json);
  MNEMO_TRY(answerer.close());
  if (common.json) {
    print_json(json);
  } else {
    print_page(page);
  }
  return page.agents().empty() ? kExitNegative : kExitDone;
}

}  // namespace

void add_agents_command(Cli& cli) {
  auto o = std::make_shared<AgentsOptions>();
  CLI::App* command = cli.add(
      cli.app, "agents", "List the agents that are known, and how many memories each has",
      [&cli, o] { return run_agents(cli.common, *o); }, Reach::kServerToo);
  add_text(command, "--namespace", o->name_space, "only those of this namespace");
  add_number(command, "--limit", o->limit, 1, kResultsMax, "agents at most, 1 to 1000")->capture_default_str();
  add_text(command, "--cursor", o->cursor, "where the page before ended");
}

}  // namespace mnemo
