#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/json_memory.h"

namespace mnemo {
namespace {

constexpr size_t kJsonDepthMax = 32;

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

// What a parser lets pass in silence: nesting without end, and a name that is given twice, of which one would be lost.
class Watch {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    too_deep_ = too_deep_ || static_cast<size_t>(depth) > kJsonDepthMax;
    if (event == Json::parse_event_t::object_start) names_.emplace_back();
    if (event == Json::parse_event_t::object_end) names_.pop_back();
    if (event == Json::parse_event_t::key && !names_.back().insert(parsed.get<std::string>()).second) {
      twice_ = parsed.get<std::string>();
    }
    return !too_deep_;
  }
  Status verdict() const {
    if (too_deep_) return invalid(fmt::format("the JSON is nested deeper than {} levels", kJsonDepthMax));
    if (twice_) return invalid(fmt::format("'{}' is given twice: give it once", *twice_));
    return {};
  }

 private:
  bool too_deep_ = false;
  std::optional<std::string> twice_;
  std::vector<std::set<std::string>> names_;
};

bool fits_64_bits(std::string_view whole) {
  int64_t negative = 0;
  uint64_t positive = 0;
  const char* const end = whole.data() + whole.size();
  const auto read = whole.starts_with('-') ? std::from_chars(whole.data(), end, negative)
                                           : std::from_chars(whole.data(), end, positive);
  return read.ec == std::errc();
}

// The first whole number of a JSON text that 64 bits do not hold: the parser makes the nearest double of it, and what
// is left shows no trace of that.
std::optional<std::string_view> too_large_number(std::string_view json) {
  for (size_t at = 0; at < json.size(); ++at) {
    if (json[at] == '"') {
      for (++at; json[at] != '"'; ++at) at += json[at] == '\\' ? 1 : 0;
      continue;
    }
    const bool number = json[at] == '-' || (json[at] >= '0' && json[at] <= '9');
    if (!number) continue;
    const std::string_view text = json.substr(at, json.find_first_not_of("+-.0123456789eE", at) - at);
    const bool whole = text.find_first_of(".eE") == std::string_view::npos;
    if (whole && !fits_64_bits(text)) return text;
    at += text.size() - 1;
  }
  return std::nullopt;
}

// "[json.exception.parse_error.101] parse error at line 1, column 3: syntax error while ... - REASON"
std::string reason_of(const Json::exception& error) {
  const std::string text = error.what();
  const size_t dash = text.find(" - ");
  const size_t bracket = text.find("] ");
  if (dash != std::string::npos) return text.substr(dash + 3);
  return bracket != std::string::npos ? text.substr(bracket + 2) : text;
}

}  // namespace

Result<Json> parse_json(std::string_view text) try {
  Watch watch;
  Json json = Json::parse(text, std::ref(watch));
  MNEMO_TRY(watch.verdict());
  if (const auto number = too_large_number(text)) {
    return invalid(fmt::format("{} is a whole number that 64 bits do not hold: give it as a string", *number));
  }
  return json;
} catch (const Json::parse_error& error) {
  return invalid(fmt::format("this is not JSON, at byte {}: {}", error.byte, reason_of(error)));
} catch (const Json::exception& error) {
  return invalid(fmt::format("this is not JSON: {}", reason_of(error)));
}

Result<double> exact_number(const Json& value, std::string_view field) {
  bool exact = true;
  if (value.is_number_unsigned()) {
    exact = value.get<uint64_t>() <= static_cast<uint64_t>(kExactIntegerMax);
  } else if (value.is_number_integer()) {
    exact = value.get<int64_t>() <= kExactIntegerMax && value.get<int64_t>() >= -kExactIntegerMax;
  }
  if (exact) return value.get<double>();
  return invalid(fmt::format("'{}' is {}: whole numbers are kept exactly up to {} only, give it as a string", field,
                             value.dump(), kExactIntegerMax));
}

}  // namespace mnemo
