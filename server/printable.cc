#include "server/printable.h"

#include <fmt/format.h>

#include <algorithm>

namespace mnemo {
namespace {

// How many bytes the control character has that the UTF-8 text begins with; 0 when it begins with another. Those that
// set the direction of writing count (U+202A to U+202E, U+2066 to U+2069), and so do U+2028 and U+2029, which end a
// line.
size_t control_bytes(std::string_view text) {
  const auto at = [text](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const auto between = [](unsigned byte, unsigned least, unsigned most) { return byte >= least && byte <= most; };
  if (at(0) < 0x20 || at(0) == 0x7f) return 1;
  if (at(0) == 0xc2 && between(at(1), 0x80, 0x9f)) return 2;
  if (at(0) == 0xe2 && at(1) == 0x80 && between(at(2), 0xa8, 0xae)) return 3;
  return at(0) == 0xe2 && at(1) == 0x81 && between(at(2), 0xa6, 0xa9) ? 3 : 0;
}

uint32_t code_point(std::string_view control) {
  const auto at = [control](size_t i) { return static_cast<unsigned char>(control[i]); };
  if (control.size() == 1) return at(0);
  if (control.size() == 2) return (at(0) & 0x1fU) << 6 | (at(1) & 0x3fU);
  return (at(0) & 0x0fU) << 12 | (at(1) & 0x3fU) << 6 | (at(2) & 0x3fU);
}

}  // namespace

std::string one_line(std::string_view text, size_t columns) {
  std::string line;
  size_t shown = 0;
  while (!text.empty()) {
    const bool starts = (static_cast<unsigned char>(text.front()) & 0xc0) != 0x80;
    if (starts && ++shown > columns) return line + "…";
    const size_t control = control_bytes(text);
    line.push_back(control > 0 ? ' ' : text.front());
    text.remove_prefix(std::max<size_t>(control, 1));
  }
  return line;
}

std::string printable(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const size_t control = text.front() == '\n' || text.front() == '\t' ? 0 : control_bytes(text);
    lines.push_back(control > 0 ? ' ' : text.front());
    text.remove_prefix(std::max<size_t>(control, 1));
  }
  return lines;
}

std::string escape_controls(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    // Those below 0x20 stand escaped in strings; what is left of them parts lines.
    const bool below = static_cast<unsigned char>(json.front()) < 0x20;
    const size_t control = below ? 0 : control_bytes(json);
    if (control > 0) {
      out += fmt::format("\\u{:04x}", code_point(json.substr(0, control)));
    } else {
      out.push_back(json.front());
    }
    json.remove_prefix(std::max<size_t>(control, 1));
  }
  return out;
}

}  // namespace mnemo
