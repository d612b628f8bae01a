// File: server/memory_links.h
// Links between an agent's memories, as a read shows them.
#pragma once

#include <string_view>
#include <vector>

#include "projector/links.h"
#include "query/engine.h"

namespace mnemo {

struct MemoryLinks {
  std::vector<Link> from;  // those that leave the memory
  std::vector<Link> to;    // those that reach it
};

// Of a memory that a read shows; without those whose other end no read shows. DATA_LOSS.
Result<MemoryLinks> links_of(const Engine& engine, const View& view, const Scope& scope, std::string_view id);

}  // namespace mnemo
