// File: query/prune.h
// The best of an agent's memories without a look at every posting: for agents of many documents.
//
// Terms are scored one after the other, the rarest first. What is known of a document after some of them is never more
// than its score, so the score that is `limit + 1`st by then is one that the answer's documents reach. In a range of
// documents (a segment of the index) where all that the terms to come can add is less than that, no document comes in
// anew; from then on only those of its candidates are looked up that could still reach it, and once there are none, the
// range is skipped for every term that follows. MaxScore (Turtle and Flood 1995) by ranges, with the bounds that index
// entries carry.
//
// Exact: only what cannot reach the best `limit + 1` is left out, and what has as much as the last of them is not. One
// more than is asked for, so that `truncated` needs no other look. This stands on a score being the sum of its terms'
// shares and on shares never being negative. A ranking that adds anything else to it (a prior, what a neighbour says)
// must add the most that it can give to `left_` in prune.cc, or score every posting.
#pragma once

#include "query/score.h"

namespace mnemo {

// Candidates among which are the best `limit + 1`, or all that there are; the scores of those are whole. `gathered`
// with bounds.
Result<Scored> score_pruned(AgentIndex& index, const Gathered& gathered, PostingScorer& scorer, uint32_t limit);

}  // namespace mnemo
