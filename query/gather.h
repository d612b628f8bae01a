// File: query/gather.h
// What the index holds for a plan.
#pragma once

#include <optional>
#include <vector>

#include "query/bm25.h"
#include "query/plan.h"

namespace mnemo {

struct TermHits {
  QueryTerm term;
  uint32_t documents = 0;         // visible documents that hold it, whatever the request's filter
  std::vector<Posting> postings;  // of candidates only, in order of document
};

struct Gathered {
  Corpus corpus;      // visible documents, before the request's filter: a filter changes no score
  DocSet candidates;  // what can be in the answer
  std::vector<TermHits> terms;
};

Result<Gathered> gather(AgentIndex& index, const DocSet& visible, const std::optional<v1::Filter>& filter, Plan plan);

}  // namespace mnemo
