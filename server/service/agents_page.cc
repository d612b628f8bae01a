#include "server/service/agents_page.h"

#include <fmt/format.h>

#include <charconv>

#include "events/coding.h"
#include "query/request.h"

namespace mnemo {
namespace {

constexpr uint32_t kAgentsLimitDefault = 100;

uint32_t limit_of(const v1::ListAgentsRequest& request) {
  return request.limit() == 0 ? kAgentsLimitDefault : request.limit();
}

// Where a page ends is where the next begins, "PARTITION-NUMBER".
struct Place {
  uint32_t partition = 0;
  uint32_t ord = 0;
};

Result<Place> place_of(const std::string& cursor) {
  Place place;
  if (cursor.empty()) return place;
  const char* const end = cursor.data() + cursor.size();
  const auto first = std::from_chars(cursor.data(), end, place.partition);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == '-') {
    const auto second = std::from_chars(first.ptr + 1, end, place.ord);
    if (second.ec == std::errc() && second.ptr == end) return place;
  }
  return fail(Code::kInvalidArgument, "cursor is not one that a list of agents gave: leave it out for the first page");
}

// As many as a read of the agent would show.
Result<uint64_t> count_memories(const View& view, const v1::ListAgentsResponse::Agent& named) {
  MNEMO_ASSIGN(const auto agent, view.agent(named.namespace_(), named.agent_id()));
  if (!agent) return 0;
  MNEMO_ASSIGN(const auto index, view.index(*agent));
  MNEMO_ASSIGN(const Visible visible, visible_documents(view, *agent, *index, view.meta().event_time_ms));
  MNEMO_TRY(index->status());
  return visible.docs.count();
}

// Of one partition, from `place` on; false when the page is full and more follow.
Result<bool> add_agents(const View& view, const v1::ListAgentsRequest& request, Place place,
                        v1::ListAgentsResponse& page) {
  const std::string from = keys::of_agent(keys::Row::kAgentName, AgentOrd(place.ord));
  Status read;
  bool all = true;
  const auto add = [&](std::string_view key, std::string_view name) {
    const std::optional<Scope> scope = parse_message_key(name);
    const bool whole = scope && key.size() == from.size();
    if (!whole) {
      read = fail(Code::kDataLoss, "an agent's row is damaged: delete the projection, it is made again from the log");
      return false;
    }
    if (!request.namespace_().empty() && scope->name_space != request.namespace_()) return true;
    if (static_cast<uint32_t>(page.agents_size()) == limit_of(request)) {
      page.set_next_cursor(fmt::format("{}-{}", place.partition, get_be32(key.data() + key.size() - 4)));
      all = false;
      return false;
    }
    v1::ListAgentsResponse::Agent& agent = *page.add_agents();
    agent.set_namespace_(std::string(scope->name_space));
    agent.set_agent_id(std::string(scope->agent_id));
    return true;
  };
  MNEMO_TRY(view.scan(from, prefix_end(keys::start(keys::Row::kAgentName)), add));
  MNEMO_TRY(read);
  return all;
}

}  // namespace

Status check(const v1::ListAgentsRequest& request) {
  MNEMO_TRY(check_limit(limit_of(request)));
  return place_of(request.cursor()).map([](const Place&) {});
}

Result<v1::ListAgentsResponse> agents_page(uint32_t partitions, const v1::ListAgentsRequest& request,
                                           const ViewOf& view_of) {
  MNEMO_ASSIGN(Place place, place_of(request.cursor()));
  v1::ListAgentsResponse page;
  bool more = true;
  for (; more && place.partition < partitions; place = {place.partition + 1, 0}) {
    MNEMO_ASSIGN(const PartitionView shown, view_of(PartitionId(place.partition)));
    page.set_degraded(page.degraded() || shown.behind);
    const int before = page.agents_size();
    MNEMO_ASSIGN(more, add_agents(*shown.view, request, place, page));
    for (int i = before; i < page.agents_size(); ++i) {
      v1::ListAgentsResponse::Agent& agent = *page.mutable_agents(i);
      MNEMO_ASSIGN(const uint64_t memories, count_memories(*shown.view, agent));
      agent.set_memories(memories);
    }
  }
  page.set_truncated(!page.next_cursor().empty());
  return page;
}

}  // namespace mnemo
