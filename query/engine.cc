#include "query/engine.h"

#include "query/gather.h"
#include "query/lookup.h"
#include "query/pack.h"
#include "query/plan.h"
#include "query/prune.h"
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

Result<Scored> score(AgentIndex& index, const Gathered& gathered, PostingScorer& scorer, uint32_t limit) {
  if (gathered.scoring == Scoring::kPruned) return score_pruned(index, gathered, scorer, limit);
  return score_every(gathered, scorer);
}

Result<std::vector<Hit>> fetch_hits(const View& view, const RetrieveRequest& request, AgentOrd ord,
                                    const std::vector<Ranked>& best) {
  std::vector<uint32_t> docs;
  docs.reserve(best.size());
  for (const Ranked& ranked : best) docs.push_back(ranked.doc);
  MNEMO_ASSIGN(std::vector<Memory> memories, fetch_memories(view, {request.name_space, request.agent_id}, ord, docs));
  std::vector<Hit> hits(best.size());
  for (size_t i = 0; i < hits.size(); ++i) {
    hits[i].memory = std::move(memories[i]);
    hits[i].score = best[i].score;
  }
  return hits;
}

// Beside the terms, which explain_plan() tells.
Status explain_answer(const View& view, const std::vector<Ranked>& best, AgentIndex& index, const Gathered& gathered,
                      const Scored& scored, PostingScorer& scorer, Answer& answer) {
  answer.explain.reads = index.reads();
  count_own_reads(view, answer, answer.explain.reads);
  answer.explain.documents = gathered.corpus.documents;
  MNEMO_ASSIGN(answer.explain.candidates, count_candidates(index, gathered, scored));
  MNEMO_ASSIGN(auto shares, shares_of(best, index, gathered, scorer));
  for (size_t i = 0; i < shares.size(); ++i) answer.hits[i].terms = std::move(shares[i]);
  return {};
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
  const bool prunes = agent->docs >= pruned_docs_min_ && !plan.newest_first;
  MNEMO_ASSIGN(const Gathered gathered, gather(*index, visible.docs, request.filter, std::move(plan),
                                               prunes ? Scoring::kPruned : Scoring::kEvery));
  PostingScorer scorer(profile_, *index, gathered.corpus);
  MNEMO_ASSIGN(const Scored scored, score(*index, gathered, scorer, request.limit));
  const std::vector<Ranked> best = best_of(scored, *index, request.limit);
  MNEMO_ASSIGN(answer.hits, fetch_hits(view, request, agent->ord, best));
  answer.truncated = scored.candidates.count() > answer.hits.size();
  if (request.context_token_budget > 0) answer.context = pack_context(answer.hits, request.context_token_budget);
  if (request.explain) MNEMO_TRY(explain_answer(view, best, *index, gathered, scored, scorer, answer));
  // A column that could not be read answered 0 meanwhile: nothing made of it may leave.
  MNEMO_TRY(index->status());
  return answer;
}

}  // namespace mnemo
