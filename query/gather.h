// File: query/gather.h
// What the index holds for a plan.
#pragma once

#include <optional>
#include <vector>

#include "query/bm25.h"
#include "query/plan.h"

namespace mnemo {

// How the postings of a question are come by. Answers are the same.
enum class Scoring : uint8_t {
  kEvery,   // every posting is read, and scored
  kPruned,  // bounds are read, then postings that can matter (query/prune.h)
};

struct TermHits {
  QueryTerm term;
  uint32_t documents = 0;         // visible documents that hold it, whatever the request's filter
  std::vector<Posting> postings;  // of allowed documents only, in order of document; kEvery
  std::vector<TermBound> bounds;  // in order of document; kPruned
};

struct Gathered {
  Corpus corpus;   // visible documents, before the request's filter: a filter changes no score
  DocSet allowed;  // documents that may be in the answer, if they hold a term
  bool newest_first = false;
  Scoring scoring = Scoring::kEvery;
  std::vector<TermHits> terms;
};
Result<Gathered> gather(AgentIndex& index, const DocSet& visible, const std::optional<v1::Filter>& filter, Plan plan,
                        Scoring scoring);

}  // namespace mnemo
