// File: query/plan.h
// What a question asks the index for.
#pragma once

#include <string>
#include <vector>

#include "events/text/analyzer.h"
#include "query/engine.h"

namespace mnemo {

struct Plan {
  bool newest_first = false;         // no question: every visible memory, by time
  std::vector<QueryTerm> terms;      // each hash once, in the order of the question
  std::vector<std::string> dropped;  // names of speakers that were left out, as stored; only when asked for
};

// `visible`: only speakers of these documents count as speakers.
Result<Plan> make_plan(const Profile& profile, const RetrieveRequest& request, AgentIndex& index,
                       const DocSet& visible);

}  // namespace mnemo
