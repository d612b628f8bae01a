#include "query/engine.h"

#include "query/gather.h"
#include "query/lookup.h"
#include "query/pack.h"
#include "query/plan.h"
#include "query/rank.h"
#include "query/request.h"

namespace mnemo {
namespace {

// What a view reads to find an agent: its row, and its newest document for how many there are.
constexpr uint64_t kAgentReads = 2;

// Reads beside those of the index: the agent, the queue of forgets when it is not empty, and one for each memory.
void count_own_reads(const View& view, const Answer& answer, IndexReads& reads) {
  const bool forgets_looked_up = view.meta().pending_first != view.meta().pending_next;
  reads.point_reads += kAgentReads + (forgets_looked_up ? 1 : 0) + answer.hits.size();
  reads.rows += kAgentReads + answer.hits.size();
}

Explain explain_plan(const std::string& profile_hash, const Plan& plan) {
  Explain explain;
  explain.profile = profile_hash;
  for (const QueryTerm& term : plan.terms) explain.query_terms.push_back(term.text);
  explain.dropped = plan.dropped;
  return explain;
}

Result<std::vector<Hit>> fetch_hits(const View& view, const RetrieveRequest& request, AgentOrd ord,
                                    const Ranker& ranker) {
  const std::vector<Ranked> best = ranker.best(request.limit);
  std::vector<uint32_t> docs;
  docs.reserve(best.size());
  for (const Ranked& ranked : best) docs.push_back(ranked.doc);
  MNEMO_ASSIGN(std::vector<Memory> memories, fetch_memories(view, {request.name_space, request.agent_id}, ord, docs));
  std::vector<Hit> hits(best.size());
  for (size_t i = 0; i < hits.size(); ++i) {
    hits[i].memory = std::move(memories[i]);
    hits[i].score = best[i].score;
    if (request.explain) hits[i].terms = ranker.shares(best[i].doc);
  }
  return hits;
}

}  // namespace

Result<Answer> Engine::retrieve(const View& view, const RetrieveRequest& request) const {
  MNEMO_TRY(profile_.check());
  MNEMO_TRY(check_request(request));
  Answer answer;
  answer.position = {view.partition(), view.meta().epoch, view.meta().next_offset};
  MNEMO_ASSIGN(const auto agent, view.agent(request.name_space, request.agent_id));
  if (!agent) {
    if (request.explain) answer.explain.profile = profile_hash_;
    return answer;
  }

  MNEMO_ASSIGN(const auto index, view.index(*agent));
  const TimestampMs reference = request.reference_time_ms.value_or(view.meta().event_time_ms);
  MNEMO_ASSIGN(const Visible visible, visible_documents(view, *agent, *index, reference));
  answer.stands_until_ms = visible.until_ms;
  MNEMO_ASSIGN(Plan plan, make_plan(profile_, request, *index, visible.docs));
  if (request.explain) answer.explain = explain_plan(profile_hash_, plan);
  MNEMO_ASSIGN(const Gathered gathered, gather(*index, visible.docs, request.filter, std::move(plan)));
  const Ranker ranker(profile_, *index, gathered);
  MNEMO_ASSIGN(answer.hits, fetch_hits(view, request, agent->ord, ranker));
  // A column that could not be read answered 0 meanwhile: nothing made of it may leave.
  MNEMO_TRY(index->status());
  const uint32_t candidates = gathered.candidates.count();
  answer.truncated = candidates > answer.hits.size();
  if (request.context_token_budget > 0) answer.context = pack_context(answer.hits, request.context_token_budget);
  if (request.explain) {
    answer.explain.documents = gathered.corpus.documents;
    answer.explain.candidates = candidates;
    answer.explain.reads = index->reads();
    count_own_reads(view, answer, answer.explain.reads);
  }
  return answer;
}

}  // namespace mnemo
