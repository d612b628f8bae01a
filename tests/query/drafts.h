// Memories as tests write them: owned values, from which records are made; and random ones from a seed.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "events/envelope.h"
#include "projector/store/memory_id.h"
#include "projector/store/record.h"

namespace mnemo::query_test {

struct DraftValue {
  std::string key;
  MetadataView::Type type = MetadataView::Type::kText;
  std::string text;
  double number = 0;
  bool flag = false;
};

struct Draft {
  std::string id{};
  std::string text{};
  std::string session{};
  std::string speaker{};
  std::string kind = "event";
  std::vector<std::string> tags{};
  std::vector<DraftValue> metadata{};  // sorted by key
  TimestampMs observed_at_ms = 0;
  TimestampMs recorded_at_ms = 0;
  TimestampMs expires_at_ms = 0;
  uint8_t memory_class = 1;
  uint8_t tier = 1;
  // Only on the records of the model.
  std::string content{};
  std::string source{};
  int32_t importance = -1;
  bool pinned = false;
};

// The record row of the draft as version `version`, whose predecessor is `previous_doc`; the first version is of
// `created_at_ms`.
std::string encode_draft(const Draft& draft, uint64_t seq, uint32_t version = 1, uint32_t previous_doc = 0,
                         TimestampMs created_at_ms = 0);

using Random = std::mt19937_64;

// A number from 0 to `end` - 1; the same on every standard library.
inline uint64_t below(Random& random, uint64_t end) { return random() % end; }

template <typename T>
const T& pick(Random& random, const std::vector<T>& from) {
  return from[below(random, from.size())];
}

// Memories that share words, names, tags and metadata often enough to collide.
Draft random_draft(Random& random, const std::string& id);
std::string random_question(Random& random);
// A tree that validate_filter() lets through, over the values that random drafts have.
v1::Filter random_filter(Random& random, int depth = 3);

v1::Filter condition(v1::Condition::Field field, v1::Condition::Operator op, const std::vector<std::string>& texts);
v1::Filter time_condition(v1::Condition::Field field, v1::Condition::Operator op,
                          const std::vector<TimestampMs>& times);
v1::Filter number_condition(const std::string& key, v1::Condition::Operator op, const std::vector<double>& numbers);
v1::Filter negated(const v1::Filter& filter);

}  // namespace mnemo::query_test
