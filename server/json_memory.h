// File: server/json_memory.h
// Memories as JSON: the form that requests, imports and exports share. Every field is checked; an unknown one is an
// error that names it. json_line.h has the lines of an export that are no memories.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "events/envelope.h"
#include "events/result.h"
#include "projector/outcome.h"
#include "query/engine.h"

namespace mnemo {

using Json = nlohmann::ordered_json;

// Beyond it, not every whole number is a double.
inline constexpr int64_t kExactIntegerMax = int64_t{1} << 53;

// INVALID_ARGUMENT with what is wrong and where; an object that gives a name twice is refused, too, and so is a whole
// number that 64 bits do not hold. Numbers with a fraction or an exponent become the nearest double.
Result<Json> parse_json(std::string_view text);
// `value` is a number. INVALID_ARGUMENT for a whole one so large that a double may not hold it.
Result<double> exact_number(const Json& value, std::string_view field);

// {namespace, agent_id, text, ...} as an envelope with a Remembered; ids, times and fingerprint are not set.
// `default_namespace` stands where the object names none.
Result<v1::Envelope> remembered_from_json(const Json& memory, std::string_view default_namespace);

// What a person or a program reads of a memory.
Json json_from(const Memory& memory);
// What import takes: the fields that a client may send, the memory's id among them.
Json importable_json_from(const Memory& memory);
Json json_from(const Hit& hit, bool explain);
Json json_from(const Explain& explain);
Json json_from(const Error& error);

// A filter: {"and": [..]}, {"or": [..]}, {"not": {..}}, or fields, all of which must match:
//   {"tag": {"any": ["a", "b"]}, "speaker": "Nina", "observed_at": {"gte": "2026-03-01T00:00:00Z"},
//    "metadata.priority": {"gt": 2}}
// Fields: tag, session_id, speaker, class, kind, tier, metadata.KEY, observed_at, recorded_at.
Result<v1::Filter> filter_from_json(const Json& filter);

}  // namespace mnemo
