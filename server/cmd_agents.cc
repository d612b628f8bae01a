// agents.
#include <fmt/format.h>

#include "events/coding.h"
#include "query/request.h"
#include "server/cli.h"

namespace mnemo {
namespace {

struct AgentsOptions {
  std::string name_space;
  uint32_t limit = 100;
  std::string cursor;
};

struct ListedAgent {
  std::string name_space;
  std::string agent_id;
  uint64_t memories = 0;
  Scope scope() const { return {name_space, agent_id}; }
};

// Agents are listed by partition, and in each by when they were first heard of: where a page ends is where the next
// begins, "PARTITION-NUMBER".
struct Place {
  uint32_t partition = 0;
  uint32_t ord = 0;
};

Result<Place> parse_place(const std::string& cursor) {
  Place place;
  if (cursor.empty()) return place;
  char end = 0;
  if (std::sscanf(cursor.c_str(), "%u-%u%c", &place.partition, &place.ord, &end) == 2) return place;
  return fail(Code::kInvalidArgument, "--cursor is not one that `mnemo agents` gave: leave it out for the first page");
}

// As many as a read of the agent would show.
Result<uint64_t> count_memories(const View& view, const Scope& scope) {
  MNEMO_ASSIGN(const auto agent, view.agent(scope.name_space, scope.agent_id));
  if (!agent) return 0;
  MNEMO_ASSIGN(const auto index, view.index(*agent));
  MNEMO_ASSIGN(const Visible visible, visible_documents(view, *agent, *index, view.meta().event_time_ms));
  MNEMO_TRY(index->status());
  return visible.docs.count();
}

struct Page {
  std::vector<ListedAgent> agents;
  std::string next_cursor;
};

// Of one partition, from `place` on; false when the page is full and more follow.
Result<bool> add_agents(const View& view, const AgentsOptions& o, Place place, Page& page) {
  const std::string from = keys::of_agent(keys::Row::kAgentName, AgentOrd(place.ord));
  Status read;
  bool all = true;
  MNEMO_TRY(
      view.scan(from, prefix_end(keys::start(keys::Row::kAgentName)), [&](std::string_view key, std::string_view name) {
        const std::optional<Scope> scope = parse_message_key(name);
        const bool whole = scope && key.size() == from.size();
        if (!whole) {
          read =
              fail(Code::kDataLoss, "an agent's row is damaged: delete the projection, it is made again from the log");
          return false;
        }
        if (!o.name_space.empty() && scope->name_space != o.name_space) return true;
        if (page.agents.size() == o.limit) {
          page.next_cursor = fmt::format("{}-{}", place.partition, get_be32(key.data() + key.size() - 4));
          all = false;
          return false;
        }
        page.agents.push_back({std::string(scope->name_space), std::string(scope->agent_id), 0});
        return true;
      }));
  MNEMO_TRY(read);
  return all;
}

Result<Page> read_page(Session& session, const AgentsOptions& o, std::vector<PartitionId>& behind) {
  MNEMO_ASSIGN(Place place, parse_place(o.cursor));
  Page page;
  bool more = true;
  for (; more && place.partition < session.partitions(); place = {place.partition + 1, 0}) {
    const PartitionId partition(place.partition);
    MNEMO_ASSIGN(const auto view, session.view(partition));
    if (session.behind(partition)) behind.push_back(partition);
    const size_t before = page.agents.size();
    MNEMO_ASSIGN(more, add_agents(*view, o, place, page));
    for (size_t i = before; i < page.agents.size(); ++i) {
      MNEMO_ASSIGN(page.agents[i].memories, count_memories(*view, page.agents[i].scope()));
    }
  }
  return page;
}

void print_page(const Page& page) {
  if (page.agents.empty()) fmt::print("no agents there\n");
  if (!page.agents.empty()) fmt::print("{:<24} {:<32} {:>10}\n", "namespace", "agent", "memories");
  for (const ListedAgent& agent : page.agents) {
    fmt::print("{:<24} {:<32} {:>10}\n", one_line(agent.name_space), one_line(agent.agent_id), agent.memories);
  }
  if (!page.next_cursor.empty()) fmt::print("more: --cursor {}\n", page.next_cursor);
}

Result<int> run_agents(const CommonOptions& common, const AgentsOptions& o) {
  MNEMO_ASSIGN(const auto session, Session::open(common, Access::kRead));
  std::vector<PartitionId> behind;
  MNEMO_ASSIGN(const Page page, read_page(*session, o, behind));
  if (!common.json) {
    print_page(page);
  } else {
    Json json = {
        {"agents", Json::array()}, {"next_cursor", page.next_cursor}, {"truncated", !page.next_cursor.empty()}};
    for (const ListedAgent& agent : page.agents) {
      json["agents"].push_back(
          {{"namespace", agent.name_space}, {"agent_id", agent.agent_id}, {"memories", agent.memories}});
    }
    if (!behind.empty()) mark_behind(json, *session, behind.front());
    print_json(json);
  }
  return page.agents.empty() ? kExitNegative : kExitDone;
}

}  // namespace

void add_agents_command(Cli& cli) {
  auto o = std::make_shared<AgentsOptions>();
  CLI::App* command = cli.add(cli.app, "agents", "List the agents that are known, and how many memories each has",
                              [&cli, o] { return run_agents(cli.common, *o); });
  add_text(command, "--namespace", o->name_space, "only those of this namespace");
  add_number(command, "--limit", o->limit, 1, kResultsMax, "agents at most, 1 to 1000")->capture_default_str();
  add_text(command, "--cursor", o->cursor, "where the page before ended");
}

}  // namespace mnemo
