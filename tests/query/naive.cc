#include "tests/query/naive.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "events/text/analyzer.h"
#include "projector/store/filter_match.h"
#include "projector/store/memory_id.h"

namespace mnemo::query_test {
namespace {

__extension__ typedef __int128 Wide;

struct NaiveDoc {
  uint32_t doc = 0;
  std::string row;
  Record record;
  std::map<uint32_t, uint32_t> terms;
  uint32_t length = 0;
  int64_t score = 0;
  bool matched = false;
};
using Docs = std::vector<std::unique_ptr<NaiveDoc>>;

bool is_hidden(const View& view, const AgentRef& agent, const NaiveDoc& doc, TimestampMs now) {
  const auto row = view.memory(agent.ord, doc.record.memory_key).value();
  if (!row || row->state != MemoryRow::State::kLive || row->doc != doc.doc) return true;
  if (doc.record.expires_at_ms != 0 && doc.record.expires_at_ms <= now) return true;
  const auto forgets = view.pending_forgets(agent.ord).value();
  return std::any_of(forgets.begin(), forgets.end(), [&](const PendingForget& forget) {
    return doc.doc >= forget.next && doc.doc < forget.end && matches(forget.filter, doc.record);
  });
}

Docs visible_docs(const View& view, const std::string& name_space, const std::string& agent_id,
                  TimestampMs reference_time_ms) {
  Docs docs;
  const auto agent = view.agent(name_space, agent_id).value();
  const TimestampMs now = std::max(reference_time_ms, view.meta().event_time_ms);
  for (uint32_t i = 0; agent && i < agent->docs; ++i) {
    auto doc = std::make_unique<NaiveDoc>();
    doc->doc = i;
    MNEMO_CHECK(view.record(agent->ord, i, doc->row, doc->record).has_value());
    if (!doc->record.stub && !is_hidden(view, *agent, *doc, now)) docs.push_back(std::move(doc));
  }
  return docs;
}

void analyse(Docs& docs) {
  Analyzer analyzer;
  for (auto& doc : docs) {
    std::vector<uint32_t> hashes;
    doc->length = analyzer.analyze(doc->record.text, hashes);
    for (const uint32_t hash : hashes) ++doc->terms[hash];
  }
}

Wide rounded(Wide n, Wide d) { return (2 * n + d) / (2 * d); }

void score(Docs& docs, const std::set<uint32_t>& terms, const Profile& profile) {
  Wide words = 0;
  for (const auto& doc : docs) words += doc->length;
  const Wide count = static_cast<Wide>(docs.size());
  for (const uint32_t term : terms) {
    const auto df = static_cast<uint64_t>(
        std::count_if(docs.begin(), docs.end(), [&](const auto& doc) { return doc->terms.contains(term); }));
    const Wide idf = fixed_ln_ratio(2 * docs.size() + 2, 2 * df + 1);
    for (auto& doc : docs) {
      if (!doc->terms.contains(term)) continue;
      const Wide tf = doc->terms.at(term);
      Wide norm = profile.k1;
      if (words > 0) {
        norm = rounded(profile.k1 * ((kFixedOne - profile.b) * words + profile.b * doc->length * count),
                       kFixedOne * words);
      }
      doc->score += static_cast<int64_t>(rounded(idf * (profile.k1 + kFixedOne) * tf, tf * kFixedOne + norm));
      doc->matched = true;
    }
  }
}

std::set<uint32_t> question_terms(const std::string& query, const Docs& docs, const Profile& profile) {
  std::set<std::string> speakers;
  for (const auto& doc : docs) {
    if (profile.drop_speaker_names && !doc->record.speaker.empty()) speakers.emplace(doc->record.speaker);
  }
  Analyzer analyzer;
  std::set<uint32_t> terms;
  for (const QueryTerm& term : analyzer.analyze_query(query, {speakers.begin(), speakers.end()})) {
    terms.insert(term.hash);
  }
  return terms;
}

}  // namespace

NaiveAnswer naive_retrieve(const View& view, const RetrieveRequest& request, const Profile& profile) {
  const TimestampMs reference = request.reference_time_ms.value_or(view.meta().event_time_ms);
  Docs docs = visible_docs(view, request.name_space, request.agent_id, reference);
  NaiveAnswer answer;
  answer.documents = static_cast<uint32_t>(docs.size());
  if (!request.query.empty()) {
    analyse(docs);
    score(docs, question_terms(request.query, docs, profile), profile);
  }
  std::erase_if(docs, [&](const auto& doc) {
    return (!request.query.empty() && !doc->matched) || (request.filter && !matches(*request.filter, doc->record));
  });
  std::stable_sort(docs.begin(), docs.end(), [](const auto& a, const auto& b) {
    if (a->score != b->score) return a->score > b->score;
    if (a->record.observed_at_ms != b->record.observed_at_ms)
      return a->record.observed_at_ms > b->record.observed_at_ms;
    return a->doc > b->doc;
  });
  answer.candidates = static_cast<uint32_t>(docs.size());
  answer.truncated = docs.size() > request.limit;
  if (answer.truncated) docs.resize(request.limit);
  for (const auto& doc : docs) answer.hits.push_back({memory_id_text(doc->record.memory_key), doc->score});
  return answer;
}

std::vector<std::string> naive_visible(const View& view, const std::string& name_space, const std::string& agent_id,
                                       TimestampMs reference_time_ms, const std::optional<v1::Filter>& filter) {
  const Docs docs = visible_docs(view, name_space, agent_id, reference_time_ms);
  std::vector<std::string> ids;
  for (auto doc = docs.rbegin(); doc != docs.rend(); ++doc) {
    if (!filter || matches(*filter, (*doc)->record)) ids.push_back(memory_id_text((*doc)->record.memory_key));
  }
  return ids;
}

}  // namespace mnemo::query_test
