// UTF-8 by the table of well-formed sequences in the Unicode standard: no overlong forms, no surrogates, nothing over
// U+10FFFF. By hand, so that what is valid never depends on a library's version.
#include "events/envelope.h"

#include <cstring>

namespace mnemo {
namespace {

// The length of the sequence that `lead` starts, and the range its second byte must be in; 0 for no lead byte.
struct Sequence {
  int length;
  uint8_t second_min;
  uint8_t second_max;
};
Sequence sequence_of(uint8_t lead) {
  if (lead >= 0xc2 && lead <= 0xdf) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead >= 0xe1 && lead <= 0xef) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead >= 0xf1 && lead <= 0xf3) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

bool is_continuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// The length of the well-formed sequence at the start of `bytes`, 0 when there is none. Not for ASCII.
size_t multibyte_length(std::string_view bytes) {
  const auto at = [bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const Sequence sequence = sequence_of(at(0));
  const auto length = static_cast<size_t>(sequence.length);
  if (length == 0 || bytes.size() < length) return 0;
  if (at(1) < sequence.second_min || at(1) > sequence.second_max) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (!is_continuation(at(i))) return 0;
  }
  return length;
}

// How many bytes at the start are ASCII, eight at a time; may stop short of the last seven.
size_t ascii_words(std::string_view bytes) {
  size_t at = 0;
  while (at + 8 <= bytes.size()) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    if ((word & 0x8080808080808080U) != 0) break;
    at += 8;
  }
  return at;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  bytes.remove_prefix(ascii_words(bytes));
  while (!bytes.empty()) {
    if (static_cast<uint8_t>(bytes[0]) < 0x80) {
      bytes.remove_prefix(1);
      continue;
    }
    const size_t length = multibyte_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
    bytes.remove_prefix(ascii_words(bytes));
  }
  return true;
}

}  // namespace mnemo
