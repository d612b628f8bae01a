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

Result<Visible> visible_documents(const View& view, const AgentRef& agent, AgentIndex& index,
                                  TimestampMs reference_time_ms) {
  Visible visible;
  visible.docs = index.live();
  DocSet expiring;
  MNEMO_TRY(index.expired(INT64_MAX, expiring));
  const TimestampMs now = hiding_time(view, reference_time_ms);
  for_each_doc(expiring, [&](uint32_t doc) {
    const TimestampMs expires = index.expires_at_ms(doc);
    if (expires <= now) {
      visible.docs.erase(doc);
    } else {
      visible.until_ms = std::min(visible.until_ms, expires);
    }
  });
  MNEMO_ASSIGN(const auto forgets, forgets_at_work(view, agent.ord));
  for (const PendingForget& forget : forgets) {
    DocSet forgotten;
    MNEMO_TRY(evaluate_filter(index, forget.filter, forgotten));
    for_each_doc(forgotten, [&](uint32_t doc) {
      if (doc >= forget.next && doc < forget.end) visible.docs.erase(doc);
    });
  }
  return visible;
}

}  // namespace mnemo
