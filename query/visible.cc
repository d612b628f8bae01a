#include <algorithm>

#include "query/doc_set.h"
#include "query/engine.h"
#include "query/lookup.h"

namespace mnemo {

Result<std::vector<PendingForget>> forgets_at_work(const View& view, AgentOrd ord) {
  // An empty queue holds no forgets: most reads spare themselves the look.
  if (view.meta().pending_first == view.meta().pending_next) return std::vector<PendingForget>{};
  return view.pending_forgets(ord);
}

TimestampMs hiding_time(const View& view, TimestampMs reference_time_ms) {
  return std::max(reference_time_ms, view.meta().event_time_ms);
}

Result<DocSet> visible_documents(const View& view, const AgentRef& agent, AgentIndex& index,
                                 TimestampMs reference_time_ms) {
  DocSet visible = index.live();
  DocSet expired;
  MNEMO_TRY(index.expired(hiding_time(view, reference_time_ms), expired));
  for_each_doc(expired, [&](uint32_t doc) { visible.erase(doc); });
  MNEMO_ASSIGN(const auto forgets, forgets_at_work(view, agent.ord));
  for (const PendingForget& forget : forgets) {
    DocSet forgotten;
    MNEMO_TRY(evaluate_filter(index, forget.filter, forgotten));
    for_each_doc(forgotten, [&](uint32_t doc) {
      if (doc >= forget.next && doc < forget.end) visible.erase(doc);
    });
  }
  return visible;
}

}  // namespace mnemo
