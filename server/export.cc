#include "server/export.h"

#include "server/json_embedding.h"
#include "server/json_line.h"
#include "server/remote_messages.h"

namespace mnemo {

std::vector<Json> export_lines(const v1::ExportMemoriesResponse::Exported& exported) {
  const v1::Memory& memory = exported.memory();
  std::vector<Json> lines{importable_json_from(memory_from(memory))};
  for (const v1::EmbeddingInput& embedding : exported.embeddings()) {
    Json json = embedding_json(embedding);
    if (lines.front().contains("embedding")) {
      lines.push_back(attach_line({memory.namespace_(), memory.agent_id()}, memory.id(), std::move(json)));
    } else {
      lines.front()["embedding"] = std::move(json);
    }
  }
  return lines;
}

Json export_line(const Scope& scope, const v1::MemoryLink& link) {
  return link_line(scope, link.from(), link.type(), link.to());
}

}  // namespace mnemo
