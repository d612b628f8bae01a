// File: query/request.h
// What a read must keep to before anything is looked up. Every refusal is INVALID_ARGUMENT and names the limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "events/result.h"
#include "query/engine.h"

namespace mnemo {

inline constexpr size_t kQueryBytesMax = 8 * 1024;        // of a question, UTF-8
inline constexpr uint32_t kResultsMax = 1000;             // memories in one answer or one page
inline constexpr uint32_t kContextTokensMax = 1'000'000;  // of a packed context

Status check_limit(uint32_t limit);
// Against the limits that this build gives a new log.
Status check_filter(const std::optional<v1::Filter>& filter);
Status check_request(const RetrieveRequest& request);

}  // namespace mnemo
