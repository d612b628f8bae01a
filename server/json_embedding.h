// File: server/json_embedding.h
// Embeddings as JSON, {"model": name, "values": [numbers]}, and back.
#pragma once

#include "mnemo/v1/service.pb.h"
#include "server/json_memory.h"

namespace mnemo {

Result<v1::Embedding> embedding_from_json(const Json& embedding);

// Taken in again, it is the same embedding.
Json embedding_json(const v1::EmbeddingInput& embedding);

}  // namespace mnemo
