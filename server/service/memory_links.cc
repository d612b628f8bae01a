#include "server/service/memory_links.h"

#include "projector/store/memory_id.h"

namespace mnemo {
namespace {

Result<bool> shown(const Engine& engine, const View& view, const Scope& scope, std::string_view memory_key) {
  const auto found = engine.get(view, scope.name_space, scope.agent_id, memory_id_text(memory_key));
  if (found) return true;
  if (found.error().code == Code::kNotFound) return false;
  return fail(found.error());
}

// `end`: of a link, the end that is another memory's. `truncated` is set where there are more.
Result<std::vector<Link>> links_at(const Engine& engine, const View& view, const Scope& scope,
                                   const std::string& prefix, std::string Link::* end, bool& truncated) {
  std::vector<Link> links;
  Status read;
  MNEMO_TRY(view.scan(prefix, prefix_end(prefix), [&](std::string_view key, std::string_view /*value*/) {
    Link link;
    if (!decode_link(key, link)) {
      read = fail(Code::kDataLoss, "a link row is damaged: delete the projection, it is made again from the log");
      return false;
    }
    const Result<bool> seen = shown(engine, view, scope, link.*end);
    if (!seen) read = fail(seen.error());
    if (!seen || !*seen) return seen.has_value();
    if (links.size() == kLinksShownMax) {
      truncated = true;
      return false;
    }
    links.push_back(std::move(link));
    return true;
  }));
  MNEMO_TRY(read);
  return links;
}

}  // namespace

Result<MemoryLinks> links_of(const Engine& engine, const View& view, const Scope& scope, std::string_view id) {
  MemoryLinks links;
  MNEMO_ASSIGN(const auto agent, view.agent(scope.name_space, scope.agent_id));
  if (!agent) return links;
  const std::string key = memory_key_from_text(id);
  MNEMO_ASSIGN(links.from, links_at(engine, view, scope, links_from(agent->ord, key), &Link::to, links.truncated));
  MNEMO_ASSIGN(links.to, links_at(engine, view, scope, links_to(agent->ord, key), &Link::from, links.truncated));
  return links;
}

}  // namespace mnemo
