// File: server/json/filter.h
// The language of filters: {"and": [..]}, {"or": [..]}, {"not": {..}}, or fields, all of which must match:
//
//   {"tag": {"any": ["a", "b"]}, "speaker": "Nina", "observed_at": {"gte": "2026-03-01T00:00:00Z"},
//    "metadata.priority": {"gt": 2}}
//
// Fields: tag, session_id, speaker, class, kind, tier, metadata.KEY, observed_at, recorded_at. Operators: eq, ne, any,
// all, startswith, gt, gte, lt, lte, between; a bare value means eq, a bare list any.
#pragma once

#include "events/result.h"
#include "mnemo/v1/event.pb.h"
#include "server/json/parse.h"

namespace mnemo {

// INVALID_ARGUMENT for an unknown field or operator, or a value of no such type. Whether they fit together is for
// validate_filter() (events/rules.h) to say.
Result<v1::Filter> filter_from_json(const Json& filter);

}  // namespace mnemo
