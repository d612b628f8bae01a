#include "query/cursor.h"
#include "query/doc_set.h"
#include "query/engine.h"
#include "query/lookup.h"
#include "query/request.h"

namespace mnemo {
namespace {

Result<DocSet> listed_documents(const View& view, const AgentRef& agent, const std::optional<v1::Filter>& filter) {
  MNEMO_ASSIGN(const auto index, view.index(agent));
  MNEMO_ASSIGN(Visible visible, visible_documents(view, agent, *index, view.meta().event_time_ms));
  DocSet listed = std::move(visible.docs);
  if (filter) {
    DocSet matching;
    MNEMO_TRY(evaluate_filter(*index, *filter, matching));
    listed.intersect(matching);
  }
  MNEMO_TRY(index->status());
  return listed;
}

// The newest `limit` documents before `end`, and whether there are more.
std::vector<uint32_t> newest(const DocSet& set, uint32_t end, uint32_t limit, bool& more) {
  std::vector<uint32_t> docs;
  more = false;
  for_each_doc_down(set, end, [&](uint32_t doc) {
    more = docs.size() == limit;
    if (!more) docs.push_back(doc);
    return !more;
  });
  return docs;
}

}  // namespace

Result<Engine::Page> Engine::list(const View& view, std::string_view name_space, std::string_view agent_id,
                                  const std::optional<v1::Filter>& filter, uint32_t limit,
                                  std::string_view cursor) const {
  MNEMO_TRY(validate_scope(name_space, agent_id));
  MNEMO_TRY(check_limit(limit));
  MNEMO_TRY(check_filter(filter));
  const Scope scope{name_space, agent_id};
  const uint64_t listing = listing_hash(view.meta(), scope, filter);
  uint32_t end = UINT32_MAX;
  if (!cursor.empty()) {
    MNEMO_ASSIGN(end, parse_cursor(listing, cursor));
  }

  Page page;
  page.position = {view.partition(), view.meta().epoch, view.meta().next_offset};
  MNEMO_ASSIGN(const auto agent, view.agent(name_space, agent_id));
  if (!agent) return page;
  MNEMO_ASSIGN(const DocSet listed, listed_documents(view, *agent, filter));
  const std::vector<uint32_t> docs = newest(listed, end, limit, page.truncated);
  MNEMO_ASSIGN(page.memories, fetch_memories(view, scope, agent->ord, docs));
  if (page.truncated) page.next_cursor = make_cursor(listing, docs.back());
  return page;
}

Result<uint64_t> Engine::count(const View& view, std::string_view name_space, std::string_view agent_id,
                               const std::optional<v1::Filter>& filter) const {
  MNEMO_TRY(validate_scope(name_space, agent_id));
  MNEMO_TRY(check_filter(filter));
  MNEMO_ASSIGN(const auto agent, view.agent(name_space, agent_id));
  if (!agent) return 0;
  MNEMO_ASSIGN(const DocSet listed, listed_documents(view, *agent, filter));
  return listed.count();
}

}  // namespace mnemo
