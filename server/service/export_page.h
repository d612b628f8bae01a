// File: server/service/export_page.h
// An agent's memories as an export has them, page by page: from the oldest on, each with its embeddings; then the links
// between them. What is forgotten or expired is left out with its links, and so is history.
#pragma once

#include <string>
#include <string_view>

#include "events/envelope.h"
#include "mnemo/v1/service.pb.h"
#include "query/engine.h"

namespace mnemo {

// What a page holds at most, but for a memory that is larger by itself: an answer is a message in memory.
inline constexpr size_t kExportPageBytesMax = size_t{4} << 20;

// A memory whose document has a record. DATA_LOSS.
Result<v1::ExportMemoriesResponse::Exported> exported_memory(const View& view, const Scope& scope,
                                                             const AgentRef& agent, uint32_t doc);

// `limit`: memories and links. INVALID_ARGUMENT: a cursor that no page gave. DATA_LOSS.
Result<v1::ExportMemoriesResponse> export_page(const View& view, const Scope& scope, uint32_t limit,
                                               const std::string& cursor);

// From a vector row (docs/formats.md, row V). The projection keeps one byte a dimension: the values here are those that
// the bytes stand for, and taking them in again gives the same row. DATA_LOSS when it is no such row.
Result<v1::EmbeddingInput> embedding_of_row(std::string_view model, std::string_view row);

}  // namespace mnemo
