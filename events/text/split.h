// File: events/text/split.h
// From text to tokens: words, characters of scripts without spaces, symbols, and compounds.
//
// A word is a run of letters, marks and numbers that starts with a letter or number. A compound is a run of two words
// or more with a single connector (_ . - : / @ # & + = ? % ~) or "://" between any two of them, that holds a digit, an
// underscore, an at sign, or two dots or slashes: URLs, e-mail addresses, versions, dates, identifiers. It comes after
// its parts; one of more than kCompoundBytesMax bytes is left out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mnemo {

inline constexpr size_t kCompoundBytesMax = 256;
// Tokens may be read this many bytes past their end.
inline constexpr size_t kTokenPadding = 16;

struct Token {
  std::string_view text;  // folded
  bool compound = false;
};

// Tokens of one piece: a vector whose push() is short enough to be inlined where it matters.
class TokenList {
 public:
  void push(Token token) {
    if (size_ == slots_.size()) [[unlikely]]
      slots_.resize(2 * size_ + 64);
    slots_[size_++] = token;
  }
  void clear() { size_ = 0; }
  // Gives back the memory when it is more than `slots` tokens take.
  void shrink(size_t slots) {
    if (slots_.size() <= slots) return;
    std::vector<Token>().swap(slots_);
    size_ = 0;
  }
  const Token* begin() const { return slots_.data(); }
  const Token* end() const { return slots_.data() + size_; }

 private:
  std::vector<Token> slots_;
  size_t size_ = 0;
};

// A stretch of text that can be analysed by itself: nothing outside it changes its tokens.
struct Piece {
  std::string_view text;
  bool ascii = false;  // only bytes below 0x80
};
// The piece that `text` (not empty) starts with. Pieces end at ASCII white space; a piece of non-ASCII text has none
// inside, one of ASCII text is either of limited size or has none.
Piece next_piece(std::string_view text);

// Appends the tokens of a piece. They point into `folded`, which is overwritten.
void split_ascii(std::string_view piece, std::string& folded, TokenList& tokens);
void split_unicode(std::string_view piece, std::string& folded, TokenList& tokens);

}  // namespace mnemo
