// File: query/signature.h
// What a retrieve asks, as bytes: the key under which its answer is kept.
//
// Equal bytes mean that the same view gives the same answer, but for its explanation: the bytes hold everything that an
// answer depends on beside the view, whole and with its length, nothing as a hash (but the profile, as Profile::hash).
// Requests that say the same in other words mostly have equal bytes:
//
//   question  its distinct folded words in sorted order, without stop words unless there is nothing else
//   filter    negations moved to the conditions, groups within groups of their kind opened, sets sorted and without
//             duplicates, groups of one replaced by what they hold; NE, ANY and ALL as what they stand for
//   left out  explain
//
// Two requests with other bytes may still mean the same: that costs an answer computed twice, and nothing else.
#pragma once

#include <string>
#include <string_view>

#include "query/engine.h"

namespace mnemo {

// `request` has passed check_request(). Thread-safe.
std::string signature(std::string_view profile_hash, const RetrieveRequest& request);

// The part of it that stands for a filter that validate_filter() lets through.
std::string canonical_filter(const v1::Filter& filter);

}  // namespace mnemo
