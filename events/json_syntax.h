// File: events/json_syntax.h
// Whether bytes are a JSON text (RFC 8259). Stricter in two things that would break whoever reads the value later: at
// most kJsonDepthMax levels, and no escaped half of a surrogate pair. UTF-8 is checked elsewhere (is_utf8).
#pragma once

#include <string_view>

namespace mnemo {

inline constexpr int kJsonDepthMax = 64;

bool is_json(std::string_view text);

}  // namespace mnemo
