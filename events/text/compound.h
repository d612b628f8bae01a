// File: events/text/compound.h
// Collects tokens and finds the compounds among neighbouring words (see events/text/split.h).
#pragma once

#include <string_view>

#include "events/text/characters.h"
#include "events/text/split.h"

namespace mnemo {

// Words come in order, as views of one folded text. finish() when the text ends.
class TokenCollector {
 public:
  TokenCollector(const char* text, TokenList& tokens) : tokens_(tokens), begin_(text), end_(text) {}

  void word(const char* begin, const char* end) {
    if (joined(begin)) [[unlikely]] {
      ++parts_;
    } else {
      finish();
      begin_ = begin;
      parts_ = 1;
    }
    end_ = end;
    tokens_.push({std::string_view(begin, static_cast<size_t>(end - begin)), false});
  }

  // A character or symbol, which is never part of a compound.
  void single(const char* begin, const char* end) {
    finish();
    tokens_.push({std::string_view(begin, static_cast<size_t>(end - begin)), false});
  }

  void finish() {
    if (parts_ > 1) [[unlikely]]
      add_compound();
    parts_ = 0;
  }

 private:
  bool joined(const char* begin) const {
    const auto gap = begin - end_;
    if (parts_ == 0) return false;
    if (gap == 1) return kConnectors[static_cast<unsigned char>(*end_)];
    return gap == 3 && std::string_view(end_, 3) == "://";
  }
  void add_compound();

  TokenList& tokens_;
  const char* begin_;  // of the words joined so far
  const char* end_;
  int parts_ = 0;
};

}  // namespace mnemo
