// File: events/text/characters.h
// What a character means to the splitter, by its Unicode category and, for scripts that are written without spaces,
// by its block. Pure functions; code points are folded ones.
#pragma once

#include <array>
#include <cstdint>

namespace mnemo {

enum class CharClass : uint8_t {
  kSeparator,  // white space, punctuation, everything not named below
  kLetter,     // a letter or a number: runs of them are words
  kMark,       // goes on with the word or character before it, and starts none
  kCharacter,  // a word of its own: Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar
  kSymbol,     // a term of its own: emoji and the like
};

CharClass classify(int32_t code_point);

// The characters that join the parts of a compound, such as an e-mail address or a version.
inline constexpr std::array<bool, 256> kConnectors = [] {
  std::array<bool, 256> connectors{};
  for (const unsigned char c : {'_', '.', '-', ':', '/', '@', '#', '&', '+', '=', '?', '%', '~'}) connectors[c] = true;
  return connectors;
}();

}  // namespace mnemo
