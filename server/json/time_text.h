// File: server/json/time_text.h
// Times as people type them.
#pragma once

#include <string>
#include <string_view>

namespace mnemo {

// A day such as 2026-03-02 as its beginning in UTC, 2026-03-02T00:00:00Z; anything else as it is, for parse_rfc3339().
inline std::string time_text(std::string_view given) {
  constexpr std::string_view kDay = "dddd-dd-dd";
  bool day = given.size() == kDay.size();
  for (size_t i = 0; day && i < kDay.size(); ++i) {
    const bool digit = given[i] >= '0' && given[i] <= '9';
    day = kDay[i] == 'd' ? digit : given[i] == kDay[i];
  }
  return std::string(given) + (day ? "T00:00:00Z" : "");
}

}  // namespace mnemo
