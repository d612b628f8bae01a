// File: server/service/memory_links.h
// Links between an agent's memories, as a read of one of them shows them.
#pragma once

#include <string_view>
#include <vector>

#include "projector/links.h"
#include "query/engine.h"

namespace mnemo {

inline constexpr size_t kLinksShownMax = 1000;  // in one direction

struct MemoryLinks {
  std::vector<Link> from;  // those that leave the memory
  std::vector<Link> to;    // those that reach it
  bool truncated = false;  // of either there are more than kLinksShownMax
};

// Of a memory that a read shows; without those whose other end no read shows. DATA_LOSS.
Result<MemoryLinks> links_of(const Engine& engine, const View& view, const Scope& scope, std::string_view id);

}  // namespace mnemo
