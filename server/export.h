// File: server/export.h
// What is remembered now, as lines that import takes.
#pragma once

#include <vector>

#include "mnemo/v1/service.pb.h"
#include "server/json_memory.h"

namespace mnemo {

// The lines of one memory: itself, with its first embedding, and its further embeddings.
std::vector<Json> export_lines(const v1::ExportMemoriesResponse::Exported& exported);
Json export_line(const Scope& scope, const v1::MemoryLink& link);

}  // namespace mnemo
