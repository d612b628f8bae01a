// File: query/retrieve_cached.h
// Retrieve through the result cache, in the order that result_cache.h asks for.
#pragma once

#include <memory>
#include <optional>

#include "query/engine.h"
#include "query/result_cache.h"

namespace mnemo {

// The partition of an agent, as it goes on. Thread-safe.
class AnswerSource {
 public:
  virtual ~AnswerSource() = default;
  virtual PartitionId partition() const = 0;
  // What has been published: a view that is taken afterwards shows all of it.
  virtual Applied applied() const = 0;
  virtual Result<std::unique_ptr<View>> view() const = 0;
};

// What engine.retrieve() answers on a view of now, or a kept answer that is the same (`cached`). Does not wait: who
// asks for a `min_position` has waited until it was published. With explain, always computed, and not kept. Errors are
// those of engine.retrieve() and of the source.
Result<Answer> retrieve_cached(ResultCache& cache, const Engine& engine, const AnswerSource& source,
                               const RetrieveRequest& request,
                               const std::optional<Position>& min_position = std::nullopt);

}  // namespace mnemo
