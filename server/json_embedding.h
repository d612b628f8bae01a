// File: server/json_embedding.h
// Embeddings as JSON, {"model": name, "values": [numbers]}, and back from what a projection keeps of them.
#pragma once

#include <string_view>

#include "server/json_memory.h"

namespace mnemo {

Result<v1::Embedding> embedding_from_json(const Json& embedding);

// From a vector row (docs/formats.md, row V). The projection keeps one byte a dimension: the values here are those that
// the bytes stand for, and taking them in again gives the same row. DATA_LOSS when it is no such row.
Result<Json> embedding_json(std::string_view model, std::string_view row);

}  // namespace mnemo
