#include <algorithm>

#include "events/uuid.h"
#include "tests/simulation/check.h"
#include "tests/simulation/probes.h"

namespace mnemo::simulation {
namespace {

const Engine& engine() {
  static const Engine instance(Profile::defaults());
  return instance;
}

struct Found {
  std::string id;
  const ModelMemory* memory = nullptr;
};

// What the agent's answers may hold, newest document first.
std::vector<Found> visible(const ModelAgent* agent, const std::optional<v1::Filter>& filter) {
  std::vector<Found> found;
  if (agent == nullptr) return found;
  for (const auto& [id, memory] : agent->memories) {
    if (memory.live() && (!filter || model_matches(*filter, memory.now()))) found.push_back({id, &memory});
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.memory->now().doc > b.memory->now().doc; });
  return found;
}

bool same_memory(const Memory& memory, const std::string& id, const ModelVersion& version, size_t number) {
  const v1::Remembered& f = version.fields;
  return memory.id == id && memory.version == number && memory.text == f.text().plain() &&
         memory.session_id == f.session_id() && memory.speaker == f.speaker() && memory.kind == f.kind() &&
         memory.content == f.content().plain() && memory.pinned == f.pinned() &&
         memory.recorded_at_ms == version.recorded_at_ms && memory.observed_at_ms == version.observed_at_ms &&
         memory.expires_at_ms == version.expires_at_ms && memory.event_id == uuid_text(version.event_id) &&
         std::equal(memory.tags.begin(), memory.tags.end(), f.tags().begin(), f.tags().end());
}

Status check_list(const View& view, const Generator::Agent& who, const ModelAgent* agent,
                  const std::optional<v1::Filter>& filter, uint32_t limit) {
  const std::vector<Found> expected = visible(agent, filter);
  size_t at = 0;
  std::string cursor;
  do {
    MNEMO_ASSIGN(const Engine::Page page, engine().list(view, who.name_space, who.agent_id, filter, limit, cursor));
    for (const Memory& memory : page.memories) {
      const bool same = at < expected.size() && same_memory(memory, expected[at].id, expected[at].memory->now(),
                                                            expected[at].memory->versions.size());
      if (!same) return differs("a list of ", who.agent_id, " holds ", memory.id, " at place ", at);
      ++at;
    }
    if (page.truncated != !page.next_cursor.empty()) return differs("a page without a cursor says truncated");
    if (page.truncated) probe(Probe::kListOfSeveralPages);
    cursor = page.next_cursor;
  } while (!cursor.empty());
  if (at != expected.size()) return differs("a list of ", who.agent_id, " ends after ", at, " of ", expected.size());
  return {};
}

Status check_get(const View& view, const Generator::Agent& who, const ModelAgent* agent, const std::string& id) {
  const ModelMemory* const expected = agent == nullptr ? nullptr : agent->find_live(id);
  const Result<Memory> got = engine().get(view, who.name_space, who.agent_id, id);
  const Result<std::vector<Memory>> history = engine().history(view, who.name_space, who.agent_id, id);
  if (expected == nullptr) {
    const bool absent = !got && got.error().code == Code::kNotFound;
    const bool without_history = !history && history.error().code == Code::kNotFound;
    return absent && without_history ? Status() : differs("memory ", id, " of ", who.agent_id, " should not be found");
  }
  if (!got) return differs("get ", id, ": ", got.error().message);
  if (!history) return differs("history of ", id, ": ", history.error().message);
  const std::vector<ModelVersion>& versions = expected->versions;
  if (!same_memory(*got, id, versions.back(), versions.size())) return differs("memory ", id, " has other fields");
  if (history->size() != versions.size()) return differs("memory ", id, " has another history");
  for (size_t i = 0; i < versions.size(); ++i) {
    const size_t number = versions.size() - i;
    if (!same_memory((*history)[i], id, versions[number - 1], number)) return differs("version ", number, " of ", id);
  }
  return {};
}

// Without a question: those observed last first, and of the same moment those written last.
Status check_newest(const View& view, const Generator::Agent& who, const ModelAgent* agent,
                    const std::optional<v1::Filter>& filter, uint32_t limit) {
  std::vector<Found> expected = visible(agent, filter);
  std::stable_sort(expected.begin(), expected.end(), [](const Found& a, const Found& b) {
    return a.memory->now().observed_at_ms > b.memory->now().observed_at_ms;
  });
  RetrieveRequest request;
  request.name_space = who.name_space;
  request.agent_id = who.agent_id;
  request.limit = limit;
  request.filter = filter;
  MNEMO_ASSIGN(const Answer answer, engine().retrieve(view, request));
  if (answer.truncated != (expected.size() > limit)) return differs("retrieve tells a wrong `truncated`");
  if (answer.hits.size() != std::min<size_t>(limit, expected.size())) return differs("retrieve lacks memories");
  for (size_t i = 0; i < answer.hits.size(); ++i) {
    if (answer.hits[i].memory.id != expected[i].id)
      return differs("retrieve has ", answer.hits[i].memory.id, " at ", i);
  }
  return {};
}

}  // namespace

Status check_queries(const View& view, const Model& model, Generator& generator, Random& random) {
  const Generator::Agent& who = random.pick(generator.agents());
  const auto at = model.agents().find(message_key(who.name_space, who.agent_id));
  const ModelAgent* const agent = at == model.agents().end() ? nullptr : &at->second;
  const auto limit = static_cast<uint32_t>(random.between(1, 1000));
  const std::optional<v1::Filter> filter = generator.filter();
  MNEMO_TRY(check_list(view, who, agent, std::nullopt, limit));
  MNEMO_TRY(check_list(view, who, agent, filter, static_cast<uint32_t>(random.between(1, 20))));
  MNEMO_TRY(check_newest(view, who, agent, random.per_mille(500) ? filter : std::nullopt, limit));
  MNEMO_TRY(check_get(view, who, agent, "absent0"));
  for (int i = 0; i < 4 && !who.ids.empty(); ++i) MNEMO_TRY(check_get(view, who, agent, random.pick(who.ids)));
  if (agent == nullptr) return {};
  MNEMO_ASSIGN(const auto forgets, view.pending_forgets(AgentOrd(agent->order)));
  if (!forgets.empty()) probe(Probe::kQueryUnderPendingForget);
  if (view.meta().expiry_due) probe(Probe::kQueryBeforeExpiredAreRemoved);
  return {};
}

RetrieveRequest random_request(Generator& generator, Random& random) {
  const Generator::Agent& who = random.pick(generator.agents());
  RetrieveRequest request;
  request.name_space = who.name_space;
  request.agent_id = who.agent_id;
  request.query = generator.text();
  request.limit = static_cast<uint32_t>(random.between(1, 30));
  if (random.per_mille(300)) request.filter = generator.filter();
  request.explain = random.per_mille(300);
  if (random.per_mille(300)) request.context_token_budget = 200;
  return request;
}

std::string retrieved(const View& view, const RetrieveRequest& request) {
  const Result<Answer> answer = engine().retrieve(view, request);
  if (!answer) return answer.error().message;
  std::string text = to_string(answer->position) + (answer->truncated ? " truncated\n" : "\n");
  for (const Hit& hit : answer->hits) {
    text += hit.memory.id + " " + std::to_string(hit.memory.version) + " " + std::to_string(hit.score) + "\n";
    for (const TermShare& share : hit.terms) {
      text += "  " + share.term + " " + std::to_string(share.documents) + " " + std::to_string(share.share) + "\n";
    }
  }
  return text + answer->context;
}

}  // namespace mnemo::simulation
