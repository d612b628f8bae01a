#include "server/remote_embeddings.h"

#include "events/hash.h"
#include "server/export.h"
#include "server/json_line.h"
#include "server/pages.h"

namespace mnemo {
namespace {

constexpr uint32_t kPage = 200;

Bytes16 hash_of(const std::string& memory_id, const v1::Embedding& embedding) {
  v1::EmbeddingAttached one;
  one.set_memory_id(memory_id);
  *one.mutable_embedding() = embedding;
  return blake2b_128(one.SerializeAsString());
}

}  // namespace

Result<bool> RemoteEmbeddings::hold(const v1::Envelope& line, const std::string& memory_id,
                                    const v1::Embedding& embedding) {
  const Agent agent(line.namespace_(), line.agent_id());
  auto at = agents_.find(agent);
  if (at == agents_.end()) {
    MNEMO_ASSIGN(Hashes hashes, read(agent));
    at = agents_.emplace(agent, std::move(hashes)).first;
  }
  return at->second.contains(hash_of(memory_id, embedding));
}

// By way of the lines: a file has its numbers with nine digits.
Result<RemoteEmbeddings::Hashes> RemoteEmbeddings::read(const Agent& agent) {
  Hashes hashes;
  v1::ExportMemoriesRequest request;
  request.set_namespace_(agent.first);
  request.set_agent_id(agent.second);
  request.set_limit(kPage);
  const auto take = [&](const v1::ExportMemoriesResponse& page) -> Status {
    for (const auto& exported : page.memories()) {
      if (exported.embeddings().empty()) continue;
      for (const Json& json : export_lines(exported)) {
        MNEMO_ASSIGN(const v1::Envelope line, envelope_from_line(json, agent.first));
        hashes.insert(hash_of(exported.memory().id(), line.has_remembered() ? line.remembered().embedding()
                                                                            : line.embedding_attached().embedding()));
      }
    }
    return {};
  };
  MNEMO_TRY(for_each_page(remote_, &Service::export_memories, std::move(request), take));
  return hashes;
}

}  // namespace mnemo
