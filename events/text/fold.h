// File: events/text/fold.h
// Unicode folding: texts that differ only in case, width, composition or invisible characters become one.
#pragma once

#include <string>
#include <string_view>

namespace mnemo {

// Appends the fold of `text` to `out`: Unicode's compatibility composition (NFKC) and case fold, without characters
// that show nothing (soft hyphen, joiners, variation selectors). Bytes that are not UTF-8, zero-width spaces and
// trade-mark signs (which would otherwise become letters of the word before) turn into spaces. The result is UTF-8.
// Time and memory are linear in the size of `text`, whatever it holds.
void fold_text(std::string_view text, std::string& out);

}  // namespace mnemo
