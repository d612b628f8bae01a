#include "events/text/stemmer.h"

#include <libstemmer.h>

#include <algorithm>

#include "events/result.h"
#include "events/text/irregular_forms.h"

namespace mnemo {

Stemmer::Stemmer() : snowball_(sb_stemmer_new("english", "UTF_8")) { MNEMO_CHECK(snowball_ != nullptr); }

void Stemmer::Delete::operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }

std::string_view Stemmer::term(std::string_view word) {
  const bool english = word.size() >= 3 && word.size() <= kStemBytesMax &&
                       std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (!english) return word;
  const std::string_view base = base_form(word);
  const sb_symbol* stem =
      sb_stemmer_stem(snowball_.get(), reinterpret_cast<const sb_symbol*>(base.data()), static_cast<int>(base.size()));
  MNEMO_CHECK(stem != nullptr);  // null: out of memory
  return {reinterpret_cast<const char*>(stem), static_cast<size_t>(sb_stemmer_length(snowball_.get()))};
}

}  // namespace mnemo
