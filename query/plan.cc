#include "query/plan.h"

#include <algorithm>

namespace mnemo {
namespace {

// Everyone who speaks in a visible document.
Result<std::vector<std::string>> speakers(AgentIndex& index, const DocSet& visible) {
  std::vector<std::pair<std::string, uint32_t>> values;
  MNEMO_TRY(index.values(FilterField::kSpeaker, values));
  const bool all_visible = visible.words() == index.live().words();
  std::vector<std::string> names;
  for (auto& [name, documents] : values) {
    if (!all_visible) {
      DocSet spoken;
      MNEMO_TRY(index.filter(FilterField::kSpeaker, name, false, spoken));
      spoken.intersect(visible);
      if (spoken.count() == 0) continue;
    }
    names.push_back(std::move(name));
  }
  return names;
}

// Which of the names the analysis left out: those without which the question is shorter.
std::vector<std::string> left_out(Analyzer& analyzer, const std::string& question,
                                  const std::vector<std::string>& names, size_t terms) {
  const size_t whole = analyzer.analyze_query(question, {}).size();
  std::vector<std::string> dropped;
  if (whole == terms) return dropped;
  for (const std::string& name : names) {
    if (analyzer.analyze_query(question, {name}).size() < whole) dropped.push_back(name);
  }
  return dropped;
}

}  // namespace

Result<Plan> make_plan(const Profile& profile, const RetrieveRequest& request, AgentIndex& index,
                       const DocSet& visible) {
  static thread_local Analyzer analyzer;
  Plan plan;
  plan.newest_first = request.query.empty();
  if (plan.newest_first) return plan;
  std::vector<std::string> names;
  if (profile.drop_speaker_names) {
    MNEMO_ASSIGN(names, speakers(index, visible));
  }
  plan.terms = analyzer.analyze_query(request.query, names);
  if (request.explain) plan.dropped = left_out(analyzer, request.query, names, plan.terms.size());
  // Two terms of one hash are one to the index: it must not count twice.
  auto end = plan.terms.begin();
  for (auto term = plan.terms.begin(); term != plan.terms.end(); ++term) {
    const auto same = [&](const QueryTerm& other) { return other.hash == term->hash; };
    if (std::none_of(plan.terms.begin(), end, same)) std::iter_swap(end++, term);
  }
  plan.terms.erase(end, plan.terms.end());
  return plan;
}

}  // namespace mnemo
