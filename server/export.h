// File: server/export.h
// What is remembered now, as lines that import takes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "events/envelope.h"
#include "events/result.h"
#include "projector/store/view.h"
#include "server/json_memory.h"

namespace mnemo {

// The lines of one memory whose document has a record: itself, with its first embedding, and its further embeddings.
Result<std::vector<Json>> export_memory(const View& view, const Scope& scope, const AgentRef& agent, uint32_t doc);

using LineSink = std::function<void(const Json& line)>;

// An agent's memories, oldest first, each followed by its embeddings beyond the first; then the links between them.
// What is forgotten or expired is left out with its links, and so is history. Returns how many memories there were.
Result<uint64_t> export_agent(const View& view, const Scope& scope, const LineSink& sink);

}  // namespace mnemo
