// File: server/http/path.h
// Paths and query strings of requests, and the templates that paths match: "/v1/memories/{id}/links".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mnemo {

// A path without its query, as it came over the wire, in segments; each is percent-decoded on its own, so that one may
// hold a '/'. None where a '%' is not followed by two hexadecimal digits, or the path does not start with '/'.
std::optional<std::vector<std::string>> path_segments(std::string_view path);

// What stands behind the '?' of a request's target, "a=1&b=x%20y", as pairs in order; '+' is a space. None where a '%'
// is not followed by two hexadecimal digits.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query_string(std::string_view text);

// What stands in the place of the template's {parameters}, in order; none where the path is another.
std::optional<std::vector<std::string>> match_path(std::string_view path_template,
                                                   const std::vector<std::string>& segments);

// How many characters must change to make one of the other (Levenshtein), for guessing what somebody meant.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace mnemo
