// Retrieval without an index: every record read, every text analysed, every formula written out. The reference for the
// engine's answers, over any View.
#pragma once

#include <string>
#include <vector>

#include "query/engine.h"

namespace mnemo::query_test {

struct NaiveHit {
  std::string id;
  int64_t score = 0;
  bool operator==(const NaiveHit&) const = default;
};

struct NaiveAnswer {
  std::vector<NaiveHit> hits;
  bool truncated = false;
  uint32_t documents = 0;
  uint32_t candidates = 0;
};

NaiveAnswer naive_retrieve(const View& view, const RetrieveRequest& request, const Profile& profile);

// Ids of the memories that reads may see, newest document first.
std::vector<std::string> naive_visible(const View& view, const std::string& name_space, const std::string& agent_id,
                                       TimestampMs reference_time_ms, const std::optional<v1::Filter>& filter);

}  // namespace mnemo::query_test
