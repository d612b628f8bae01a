#include "server/http/batch.h"

#include <fmt/format.h>

#include "server/http/message_reader.h"
#include "server/service/error_info.h"

namespace mnemo {
namespace {

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

}  // namespace

Result<Batch> Batch::from(const Json& body) {
  if (!body.is_object()) return invalid("the body must be a JSON object");
  for (const auto& [name, value] : body.items()) {
    if (name != "memories") return invalid(fmt::format("'{}' is no field: there are memories", excerpt(name)));
  }
  const bool listed = body.contains("memories") && body["memories"].is_array();
  const size_t count = listed ? body["memories"].size() : 0;
  if (count == 0 || count > kBatchMemoriesMax) {
    return invalid(fmt::format("'memories' must be a list of 1 to {} memories", kBatchMemoriesMax));
  }
  Batch batch;
  for (const Json& memory : body["memories"]) {
    v1::MemoryInput& input = *batch.request.add_memories();
    batch.read.push_back(memory.is_object() ? MessageReader(input).read(memory)
                                            : invalid("a memory must be a JSON object with its fields"));
    if (!batch.read.back()) batch.request.mutable_memories()->RemoveLast();
  }
  return batch;
}

Result<v1::RememberBatchResponse> Batch::complete(v1::RememberBatchResponse answered) const {
  if (answered.results_size() != request.memories_size()) {
    return fail(Code::kInternal, "the batch was answered with another number of results than it has memories");
  }
  v1::RememberBatchResponse all;
  int next = 0;
  for (const Status& status : read) {
    if (status) {
      *all.add_results() = std::move(*answered.mutable_results(next++));
    } else {
      *all.add_results()->mutable_error() = error_info(status.error());
    }
  }
  return all;
}

}  // namespace mnemo
