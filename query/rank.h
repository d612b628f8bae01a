// File: query/rank.h
// From candidates to the best of them, and why they are.
#pragma once

#include <vector>

#include "query/gather.h"

namespace mnemo {

struct Ranked {
  uint32_t doc = 0;
  int64_t score = 0;
  TimestampMs observed_at_ms = 0;
};

class Ranker {
 public:
  // Both must outlive it.
  Ranker(const Profile& profile, const AgentIndex& index, const Gathered& gathered);

  // The best `limit` candidates, best first: by score, then newest observed, then greater document. A document is one
  // of a kind within its agent, so ids never get to decide.
  std::vector<Ranked> best(uint32_t limit) const;

  // Each term of the question that the document holds, with its share of the score, in the order of the question.
  std::vector<TermShare> shares(uint32_t doc) const;

 private:
  int64_t share(size_t term, const Posting& posting) const;
  std::vector<int64_t> scores() const;
  int64_t threshold(const std::vector<int64_t>& scores, uint32_t limit) const;

  const AgentIndex& index_;
  const Gathered& gathered_;
  Bm25 bm25_;
  std::vector<int64_t> idf_;  // of each term
};

}  // namespace mnemo
