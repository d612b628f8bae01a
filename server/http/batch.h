// File: server/http/batch.h
// A batch of memories, in which one that is wrong keeps none of the others from being taken. Private to server/http.
#pragma once

#include <vector>

#include "events/result.h"
#include "mnemo/v1/service.pb.h"
#include "server/json/parse.h"

namespace mnemo {

inline constexpr size_t kBatchMemoriesMax = 1000;

// {"memories": [..]} as what is asked of the service, and what is told of those that are no memories.
struct Batch {
  v1::RememberBatchRequest request;  // of those that can be asked for, in order
  std::vector<Status> read;          // one for each of the body

  // INVALID_ARGUMENT where the body as a whole is no batch.
  static Result<Batch> from(const Json& body);
  // The results of the service, with the others in their places.
  Result<v1::RememberBatchResponse> complete(v1::RememberBatchResponse answered) const;
};

}  // namespace mnemo
