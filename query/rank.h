// File: query/rank.h
// From scores to the best candidates, and why they are.
#pragma once

#include <vector>

#include "query/score.h"

namespace mnemo {

struct Ranked {
  uint32_t doc = 0;
  int64_t score = 0;
  TimestampMs observed_at_ms = 0;
};

// The best `limit` candidates, best first: by score, then newest observed, then greater document. A document is one of
// a kind within its agent, so ids never get to decide.
std::vector<Ranked> best_of(const Scored& scored, const AgentIndex& index, uint32_t limit);

// For each of the documents the terms of the question that it holds, with their shares of its score, in the order of
// the question.
Result<std::vector<std::vector<TermShare>>> shares_of(const std::vector<Ranked>& best, AgentIndex& index,
                                                      const Gathered& gathered, PostingScorer& scorer);

// How many documents an answer without a limit would have.
Result<uint32_t> count_candidates(AgentIndex& index, const Gathered& gathered, const Scored& scored);

}  // namespace mnemo
