// File: query/score.h
// Scores of documents: the one place where a posting gets its share of a score, whichever postings are looked at.
#pragma once

#include <array>
#include <vector>

#include "query/gather.h"

namespace mnemo {

// Gives postings their shares, one term at a time.
class PostingScorer {
 public:
  // `index` must outlive it.
  PostingScorer(const Profile& profile, const AgentIndex& index, Corpus corpus);

  // What follows is of a term that so many visible documents hold.
  void begin_term(uint32_t documents);
  int64_t share(const Posting& posting);
  // No posting that the bound holds for has a greater share: a share grows with the count and falls with the length, in
  // whole units too, since rounding keeps the order.
  int64_t most(const TermBound& bound) const;

 private:
  static constexpr uint32_t kLengths = 256;
  static constexpr uint32_t kCounts = 4;

  const AgentIndex& index_;
  Bm25 bm25_;
  int64_t idf_ = 0;
  // Each is two divisions, and most postings have a count and a length that another one had; -1: not computed yet.
  std::array<int64_t, kLengths> norms_;
  std::array<int64_t, size_t{kCounts} * kLengths> shares_;
};

struct Scored {
  DocSet candidates;            // what can be in the answer
  std::vector<int64_t> scores;  // by document; of candidates
};

// The lowest score that can be among the best `limit`; INT64_MIN where there are fewer candidates.
int64_t lowest_of_best(const Scored& scored, uint32_t limit);

// Every candidate with its score, from all postings.
Scored score_every(const Gathered& gathered, PostingScorer& scorer);

}  // namespace mnemo
