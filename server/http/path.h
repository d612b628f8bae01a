// File: server/http/path.h
// Paths of requests and the templates that they match: "/v1/memories/{id}/links".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mnemo {

// A path without its query, as it came over the wire, in segments; each is percent-decoded on its own, so that one may
// hold a '/'. None where a '%' is not followed by two hexadecimal digits, or the path does not start with '/'.
std::optional<std::vector<std::string>> path_segments(std::string_view path);

// What stands in the place of the template's {parameters}, in order; none where the path is another.
std::optional<std::vector<std::string>> match_path(std::string_view path_template,
                                                   const std::vector<std::string>& segments);

// How many characters must change to make one of the other (Levenshtein), for guessing what somebody meant.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace mnemo
