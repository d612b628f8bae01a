#include "events/ids.h"

#include <charconv>

namespace mnemo {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

// Reads one number off the front of `text`. False unless it is printed the one way that to_string prints it.
template <typename Int>
bool take_number(std::string_view& text, Int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const auto length = static_cast<size_t>(end - text.data());
  if (error != std::errc() || (length > 1 && text[0] == '0')) return false;
  text.remove_prefix(length);
  return true;
}

bool take_dash(std::string_view& text) {
  if (!text.starts_with('-')) return false;
  text.remove_prefix(1);
  return true;
}

// -1 for anything that to_hex does not print: one value has one text.
int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string to_string(const Position& position) {
  return std::to_string(position.partition.value) + '-' + std::to_string(position.epoch) + '-' +
         std::to_string(position.offset);
}

Result<Position> parse_position(std::string_view text) {
  Position position;
  const bool good = take_number(text, position.partition.value) && take_dash(text) &&
                    take_number(text, position.epoch) && take_dash(text) && take_number(text, position.offset) &&
                    text.empty();
  if (good) return position;
  return fail(
      Code::kInvalidArgument,
      "not a position: pass one back as it was printed, PARTITION-EPOCH-OFFSET in decimal without leading zeros");
}

std::string to_hex(std::string_view bytes) {
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 0xf]);
  }
  return hex;
}

std::string to_hex(const Bytes16& bytes) {
  return to_hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Result<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) {
    return fail(Code::kInvalidArgument, "not hexadecimal: an odd number of digits, where a byte takes two");
  }
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit_value(hex[i]);
    const int low = digit_value(hex[i + 1]);
    if (high < 0 || low < 0) {
      return fail(Code::kInvalidArgument, "not hexadecimal: only the digits 0-9 and a-f (lower case) are allowed");
    }
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

}  // namespace mnemo
