#include "events/json_syntax.h"

#include <cstdint>

namespace mnemo {
namespace {

// Recursive descent; every function returns false at the first wrong byte and never reads past the end.
class Syntax {
 public:
  explicit Syntax(std::string_view text) : text_(text) {}

  bool whole() {
    if (!value(0)) return false;
    skip_space();
    return at_ == text_.size();
  }

 private:
  bool value(int depth) {
    if (depth > kJsonDepthMax) return false;
    skip_space();
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return string();
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

  bool object(int depth) {
    ++at_;
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      if (!string()) return false;
      skip_space();
      if (!take(':') || !value(depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take('}');
  }

  bool array(int depth) {
    ++at_;
    skip_space();
    if (take(']')) return true;
    do {
      if (!value(depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(']');
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (take('u')) return unicode_escape();
    constexpr std::string_view kSimple = "\"\\/bfnrt";
    return at_ < text_.size() && kSimple.find(text_[at_++]) != std::string_view::npos;
  }

  bool unicode_escape() {
    const int unit = hex4();
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return false;
    if (unit < 0xd800 || unit > 0xdbff) return true;
    if (!take('\\') || !take('u')) return false;
    const int low = hex4();
    return low >= 0xdc00 && low <= 0xdfff;
  }

  // The number that four hexadecimal digits stand for, or -1.
  int hex4() {
    int unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      const char lower = static_cast<char>(c | 0x20);
      const bool letter = lower >= 'a' && lower <= 'f';
      if (!letter && !is_digit(c)) return -1;
      unit = unit * 16 + (letter ? lower - 'a' + 10 : c - '0');
      ++at_;
    }
    return unit;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  bool digits() {
    const size_t start = at_;
    while (is_digit(peek())) ++at_;
    return at_ > start;
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  bool take(char expected) {
    if (at_ >= text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    constexpr std::string_view kSpace = " \t\n\r";
    while (at_ < text_.size() && kSpace.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool is_json(std::string_view text) { return Syntax(text).whole(); }

}  // namespace mnemo
