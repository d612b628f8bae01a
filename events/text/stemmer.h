// File: events/text/stemmer.h
// From a folded word to the term that is indexed.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

struct sb_stemmer;

namespace mnemo {

// Longer words are terms as they stand: no word of a language is so long.
inline constexpr size_t kStemBytesMax = 64;

// Not thread-safe.
class Stemmer {
 public:
  Stemmer();

  // The word's base form (irregular_forms.h), stemmed by Snowball's English rules, if it is of 3 to kStemBytesMax
  // letters a-z; else the word itself. The view is good until the next call or until the word changes.
  std::string_view term(std::string_view word);

 private:
  struct Delete {
    void operator()(sb_stemmer* stemmer) const;
  };
  std::unique_ptr<sb_stemmer, Delete> snowball_;
};

}  // namespace mnemo
