// File: projector/store/indexed_doc.h
// What the index keeps of one document. Plain data; views point into the record they were made from.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "events/ids.h"

namespace mnemo {

// Fields that filters match whole; the number is part of the row format.
enum class FilterField : uint8_t {
  kTag = 1,
  kSession = 2,
  kSpeaker = 3,
  kClass = 4,
  kKind = 5,
  kTier = 6,
  kMetadata = 7,  // value: key 0x00 canonical value
};

struct FilterTerm {
  FilterField field;
  std::string_view value;
  auto operator<=>(const FilterTerm&) const = default;
};

struct TermCount {
  uint32_t hash = 0;
  uint32_t count = 0;  // >= 1
};

struct IndexedDoc {
  std::vector<TermCount> terms;     // sorted by hash, unique
  std::vector<FilterTerm> filters;  // sorted, unique
  uint32_t length = 0;              // words
  TimestampMs observed_at_ms = 0;
  TimestampMs recorded_at_ms = 0;
  TimestampMs expires_at_ms = 0;  // 0: never
};

}  // namespace mnemo
