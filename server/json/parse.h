// File: server/json/parse.h
// JSON text as values. Stricter than a parser has to be, so that nothing of a request is lost in silence.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "events/result.h"

namespace mnemo {

using Json = nlohmann::ordered_json;

// Lists and objects within one another.
inline constexpr size_t kParseDepthMax = 32;

// INVALID_ARGUMENT with what is wrong and where. Refused are, besides what is not JSON: bytes that are not UTF-8, a
// byte order mark, an object that gives a name twice, deeper nesting, and a whole number that 64 bits do not hold.
// Numbers with a fraction or an exponent become the nearest double. Members keep their order. Takes time linear in the
// text, but for a logarithm.
Result<Json> parse_json(std::string_view text, size_t depth_max = kParseDepthMax);

// As one line of JSON; bytes that are not UTF-8 become U+FFFD.
std::string json_text(const Json& json);

// A piece of what somebody sent, for a message: at most 64 bytes of it.
std::string excerpt(std::string_view text);

}  // namespace mnemo
