#include "query/gather.h"

#include <algorithm>

#include "query/doc_set.h"

namespace mnemo {
namespace {

Status gather_postings(AgentIndex& index, const DocSet& visible, const DocSet& allowed, TermHits& hits) {
  MNEMO_TRY(index.postings(hits.term.hash, 0, index.docs(), visible, hits.postings));
  hits.documents = static_cast<uint32_t>(hits.postings.size());
  std::erase_if(hits.postings, [&](const Posting& posting) { return !allowed.contains(posting.doc); });
  return {};
}

Status gather_bounds(AgentIndex& index, const DocSet& visible, TermHits& hits) {
  MNEMO_TRY(index.bounds(hits.term.hash, visible, hits.bounds));
  for (const TermBound& bound : hits.bounds) hits.documents += bound.documents;
  return {};
}

// Live documents are summed up already; the few that are hidden are taken off, so that no column need be read for the
// others.
Corpus corpus_of(const AgentIndex& index, const DocSet& visible) {
  Corpus corpus{visible.count(), index.live_words()};
  DocSet hidden = visible;
  hidden.complement();
  hidden.intersect(index.live());
  for_each_doc(hidden, [&](uint32_t doc) { corpus.words -= index.length(doc); });
  return corpus;
}

}  // namespace

Result<Gathered> gather(AgentIndex& index, const DocSet& visible, const std::optional<v1::Filter>& filter, Plan plan,
                        Scoring scoring) {
  Gathered gathered;
  gathered.newest_first = plan.newest_first;
  gathered.scoring = scoring;
  gathered.corpus = corpus_of(index, visible);
  gathered.allowed = visible;
  if (filter) {
    DocSet matching;
    MNEMO_TRY(evaluate_filter(index, *filter, matching));
    gathered.allowed.intersect(matching);
  }
  for (QueryTerm& term : plan.terms) {
    TermHits& hits = gathered.terms.emplace_back();
    hits.term = std::move(term);
    MNEMO_TRY(scoring == Scoring::kEvery ? gather_postings(index, visible, gathered.allowed, hits)
                                         : gather_bounds(index, visible, hits));
  }
  return gathered;
}

}  // namespace mnemo
