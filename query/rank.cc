#include "query/rank.h"

#include <algorithm>
#include <tuple>

#include "query/doc_set.h"

namespace mnemo {

std::vector<Ranked> best_of(const Scored& scored, const AgentIndex& index, uint32_t limit) {
  // Times are looked up only of those that scores alone do not rule out.
  const int64_t lowest = lowest_of_best(scored, limit);
  std::vector<Ranked> ranked;
  for_each_doc(scored.candidates, [&](uint32_t doc) {
    if (scored.scores[doc] >= lowest) ranked.push_back({doc, scored.scores[doc], index.observed_at_ms(doc)});
  });
  const auto better = [](const Ranked& a, const Ranked& b) {
    return std::tie(a.score, a.observed_at_ms, a.doc) > std::tie(b.score, b.observed_at_ms, b.doc);
  };
  if (ranked.size() > limit) {
    std::nth_element(ranked.begin(), ranked.begin() + limit, ranked.end(), better);
    ranked.resize(limit);
  }
  std::sort(ranked.begin(), ranked.end(), better);
  return ranked;
}

Result<std::vector<std::vector<TermShare>>> shares_of(const std::vector<Ranked>& best, AgentIndex& index,
                                                      const Gathered& gathered, PostingScorer& scorer) {
  DocSet docs(index.docs());
  for (const Ranked& ranked : best) docs.insert(ranked.doc);
  std::vector<std::vector<TermShare>> shares(best.size());
  for (const TermHits& hits : gathered.terms) {
    scorer.begin_term(hits.documents);
    std::vector<Posting> postings;
    MNEMO_TRY(index.postings(hits.term.hash, 0, index.docs(), docs, postings));
    for (const Posting& posting : postings) {
      const auto at = std::find_if(best.begin(), best.end(), [&](const Ranked& r) { return r.doc == posting.doc; });
      shares[static_cast<size_t>(at - best.begin())].push_back(
          {hits.term.text, hits.documents, posting.count, scorer.share(posting)});
    }
  }
  return shares;
}

Result<uint32_t> count_candidates(AgentIndex& index, const Gathered& gathered, const Scored& scored) {
  if (gathered.scoring == Scoring::kEvery) return scored.candidates.count();
  DocSet candidates(index.docs());
  std::vector<Posting> postings;
  for (const TermHits& hits : gathered.terms) {
    postings.clear();
    MNEMO_TRY(index.postings(hits.term.hash, 0, index.docs(), gathered.allowed, postings));
    for (const Posting& posting : postings) candidates.insert(posting.doc);
  }
  return candidates.count();
}

}  // namespace mnemo
