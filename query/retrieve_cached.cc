#include "query/retrieve_cached.h"

#include <utility>

#include "query/request.h"
#include "query/signature.h"

namespace mnemo {
namespace {

Result<Answer> retrieve_now(const Engine& engine, const AnswerSource& source, const RetrieveRequest& request) {
  MNEMO_ASSIGN(const auto view, source.view());
  return engine.retrieve(*view, request);
}

}  // namespace

Result<Answer> retrieve_cached(ResultCache& cache, const Engine& engine, const AnswerSource& source,
                               const RetrieveRequest& request, const std::optional<Position>& min_position) {
  if (request.explain) return retrieve_now(engine, source, request);
  MNEMO_TRY(check_request(request));
  std::string key = signature(engine.profile_hash(), request);
  const ResultCache::Ticket ticket = cache.begin(source.partition(), request.name_space, request.agent_id);
  const Applied applied = source.applied();
  if (std::optional<Answer> kept = cache.find(ticket, key, applied, min_position)) return *std::move(kept);
  MNEMO_ASSIGN(Answer answer, retrieve_now(engine, source, request));
  cache.store(ticket, std::move(key), answer);
  return answer;
}

}  // namespace mnemo
