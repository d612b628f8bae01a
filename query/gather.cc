#include "query/gather.h"

#include "query/doc_set.h"

namespace mnemo {
namespace {

Status gather_term(AgentIndex& index, const DocSet& visible, const DocSet& allowed, TermHits& hits) {
  MNEMO_TRY(index.postings(hits.term.hash, hits.postings));
  std::erase_if(hits.postings, [&](const Posting& posting) { return !visible.contains(posting.doc); });
  hits.documents = static_cast<uint32_t>(hits.postings.size());
  std::erase_if(hits.postings, [&](const Posting& posting) { return !allowed.contains(posting.doc); });
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

Result<Gathered> gather(AgentIndex& index, const DocSet& visible, const std::optional<v1::Filter>& filter, Plan plan) {
  Gathered gathered;
  gathered.corpus = corpus_of(index, visible);
  DocSet allowed = visible;
  if (filter) {
    DocSet matching;
    MNEMO_TRY(evaluate_filter(index, *filter, matching));
    allowed.intersect(matching);
  }
  if (plan.newest_first) {
    gathered.candidates = std::move(allowed);
    return gathered;
  }
  gathered.candidates = DocSet(index.docs());
  for (QueryTerm& term : plan.terms) {
    TermHits& hits = gathered.terms.emplace_back();
    hits.term = std::move(term);
    MNEMO_TRY(gather_term(index, visible, allowed, hits));
    for (const Posting& posting : hits.postings) gathered.candidates.insert(posting.doc);
  }
  return gathered;
}

}  // namespace mnemo
