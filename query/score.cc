#include "query/score.h"

#include <functional>
#include <queue>

#include "query/doc_set.h"

namespace mnemo {
namespace {

constexpr int64_t kUnknown = -1;

}  // namespace

PostingScorer::PostingScorer(const Profile& profile, const AgentIndex& index, Corpus corpus)
    : index_(index), bm25_(profile, corpus) {
  norms_.fill(kUnknown);
}

void PostingScorer::begin_term(uint32_t documents) {
  idf_ = bm25_.idf(documents);
  shares_.fill(kUnknown);
}

int64_t PostingScorer::share(const Posting& posting) {
  const uint32_t length = index_.length(posting.doc);
  if (length >= kLengths) return bm25_.share(idf_, posting.count, bm25_.norm(length));
  int64_t* const known = posting.count < kCounts ? &shares_[size_t{posting.count} * kLengths + length] : nullptr;
  if (known != nullptr && *known != kUnknown) return *known;
  if (norms_[length] == kUnknown) norms_[length] = bm25_.norm(length);
  const int64_t share = bm25_.share(idf_, posting.count, norms_[length]);
  if (known != nullptr) *known = share;
  return share;
}

int64_t PostingScorer::most(const TermBound& bound) const {
  return bm25_.share(idf_, bound.max_count, bm25_.norm(bound.min_length));
}

int64_t lowest_of_best(const Scored& scored, uint32_t limit) {
  std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> best;
  for_each_doc(scored.candidates, [&](uint32_t doc) {
    if (best.size() == limit) {
      if (scored.scores[doc] <= best.top()) return;
      best.pop();
    }
    best.push(scored.scores[doc]);
  });
  return best.size() == limit ? best.top() : INT64_MIN;
}

Scored score_every(const Gathered& gathered, PostingScorer& scorer) {
  Scored scored{DocSet(gathered.allowed.docs()), std::vector<int64_t>(gathered.allowed.docs())};
  // Without a question there is nothing to score: all that is allowed is wanted, by its time.
  if (gathered.newest_first) scored.candidates = gathered.allowed;
  for (const TermHits& hits : gathered.terms) {
    scorer.begin_term(hits.documents);
    for (const Posting& posting : hits.postings) {
      scored.scores[posting.doc] += scorer.share(posting);
      scored.candidates.insert(posting.doc);
    }
  }
  return scored;
}

}  // namespace mnemo
