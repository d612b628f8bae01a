// File: server/load/report.h
// What a load came to, for programs and for people.
#pragma once

#include <string>
#include <string_view>

#include "server/json/parse.h"
#include "server/load/load.h"

namespace mnemo {

// Of one phase: docs/operations.md names the fields. Kinds of requests that did not occur are left out; latencies are
// in microseconds.
Json json_of_load(std::string_view phase, const LoadResult& result);

// Lines of text, each ended. `heading` says what was asked of whom.
std::string text_of_load(std::string_view heading, const LoadResult& result);

// Whether a request failed, a start was missed, or nothing was found where something was asked for.
bool is_negative(const LoadResult& result);

}  // namespace mnemo
