#include "query/rank.h"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <tuple>

#include "query/doc_set.h"

namespace mnemo {

Ranker::Ranker(const Profile& profile, const AgentIndex& index, const Gathered& gathered)
    : index_(index), gathered_(gathered), bm25_(profile, gathered.corpus) {
  for (const TermHits& hits : gathered.terms) idf_.push_back(bm25_.idf(hits.documents));
}

int64_t Ranker::share(size_t term, const Posting& posting) const {
  return bm25_.share(idf_[term], posting.count, bm25_.norm(index_.length(posting.doc)));
}

// Sums of shares by document. Documents of one length have one norm, so it is computed once for most of them.
std::vector<int64_t> Ranker::scores() const {
  constexpr int64_t kUnknown = -1;
  std::array<int64_t, 512> norms;
  norms.fill(kUnknown);
  const auto norm = [&](uint32_t length) {
    if (length >= norms.size()) return bm25_.norm(length);
    if (norms[length] == kUnknown) norms[length] = bm25_.norm(length);
    return norms[length];
  };
  std::vector<int64_t> scores(gathered_.candidates.docs());
  for (size_t term = 0; term < gathered_.terms.size(); ++term) {
    for (const Posting& posting : gathered_.terms[term].postings) {
      scores[posting.doc] += bm25_.share(idf_[term], posting.count, norm(index_.length(posting.doc)));
    }
  }
  return scores;
}

// The lowest score that can be among the best `limit`.
int64_t Ranker::threshold(const std::vector<int64_t>& scores, uint32_t limit) const {
  std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> best;
  for_each_doc(gathered_.candidates, [&](uint32_t doc) {
    if (best.size() == limit) {
      if (scores[doc] <= best.top()) return;
      best.pop();
    }
    best.push(scores[doc]);
  });
  return best.size() == limit ? best.top() : INT64_MIN;
}

std::vector<Ranked> Ranker::best(uint32_t limit) const {
  const std::vector<int64_t> scores = this->scores();
  // Times are looked up only of those that scores alone do not rule out.
  const int64_t lowest = threshold(scores, limit);
  std::vector<Ranked> ranked;
  for_each_doc(gathered_.candidates, [&](uint32_t doc) {
    if (scores[doc] >= lowest) ranked.push_back({doc, scores[doc], index_.observed_at_ms(doc)});
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

std::vector<TermShare> Ranker::shares(uint32_t doc) const {
  std::vector<TermShare> shares;
  for (size_t term = 0; term < gathered_.terms.size(); ++term) {
    const TermHits& hits = gathered_.terms[term];
    const auto at = std::lower_bound(hits.postings.begin(), hits.postings.end(), doc,
                                     [](const Posting& posting, uint32_t wanted) { return posting.doc < wanted; });
    if (at == hits.postings.end() || at->doc != doc) continue;
    shares.push_back({hits.term.text, hits.documents, at->count, share(term, *at)});
  }
  return shares;
}

}  // namespace mnemo
