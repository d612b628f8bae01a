#include "events/text/compound.h"

#include <algorithm>

namespace mnemo {
namespace {

// Hyphens alone ("well-known") make no name worth a term of its own.
bool names_something(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (std::any_of(text.begin(), text.end(), digit)) return true;
  if (text.find_first_of("_@") != std::string_view::npos) return true;
  return std::count(text.begin(), text.end(), '.') + std::count(text.begin(), text.end(), '/') >= 2;
}

}  // namespace

void TokenCollector::add_compound() {
  const std::string_view text(begin_, static_cast<size_t>(end_ - begin_));
  if (text.size() <= kCompoundBytesMax && names_something(text)) tokens_.push({text, true});
}

}  // namespace mnemo
