// File: server/export.h
// What is remembered now, as lines that import takes.
#pragma once

#include <functional>
#include <string>

#include "events/envelope.h"
#include "events/result.h"
#include "projector/store/view.h"
#include "server/json_memory.h"

namespace mnemo {

using LineSink = std::function<void(const Json& line)>;

// An agent's memories, oldest first, each followed by its embeddings beyond the first; then the links between them.
// What is forgotten or expired is left out with its links, and so is history. Returns how many memories there were.
Result<uint64_t> export_agent(const View& view, const Scope& scope, const LineSink& sink);

}  // namespace mnemo
