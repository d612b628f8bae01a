#include "events/text/characters.h"

#include <utf8proc.h>

#include <algorithm>

namespace mnemo {
namespace {

struct Range {
  int32_t first;
  int32_t last;
};

bool within(const Range* begin, const Range* end, int32_t code_point) {
  const Range* next =
      std::upper_bound(begin, end, code_point, [](int32_t value, const Range& range) { return value < range.first; });
  return next != begin && code_point <= (next - 1)->last;
}

// Letters of scripts whose writing does not show where a word ends; sorted.
constexpr Range kSpaceless[] = {
    {0x0e00, 0x0e7f},    // Thai
    {0x0e80, 0x0eff},    // Lao
    {0x1000, 0x109f},    // Myanmar
    {0x1780, 0x17ff},    // Khmer
    {0x2e80, 0x2fdf},    // CJK and Kangxi radicals
    {0x3005, 0x3007},    // ideographic iteration mark, closing mark, zero
    {0x3021, 0x3029},    // Hangzhou numerals
    {0x3031, 0x303c},    // Kana repeat marks, further Hangzhou numerals, Han iteration mark
    {0x3041, 0x30ff},    // Hiragana, Katakana
    {0x31f0, 0x31ff},    // Katakana extensions
    {0x3400, 0x4dbf},    // Han, extension A
    {0x4e00, 0x9fff},    // Han
    {0xa9e0, 0xa9ff},    // Myanmar, extension B
    {0xaa60, 0xaa7f},    // Myanmar, extension A
    {0xf900, 0xfaff},    // Han, compatibility
    {0x1aff0, 0x1b16f},  // Kana, extended and supplement
    {0x20000, 0x3fffd},  // Han, extensions on the planes kept for it
};

// Blocks that hold pictographs: those not yet assigned in the library's version of Unicode are symbols too.
constexpr Range kPictographs = {0x1f000, 0x1faff};

bool is_spaceless(int32_t code_point) {
  return code_point >= std::begin(kSpaceless)->first &&
         within(std::begin(kSpaceless), std::end(kSpaceless), code_point);
}

}  // namespace

CharClass classify(int32_t code_point) {
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL: return is_spaceless(code_point) ? CharClass::kCharacter : CharClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NO: return CharClass::kLetter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return CharClass::kMark;
    case UTF8PROC_CATEGORY_SO: return CharClass::kSymbol;
    case UTF8PROC_CATEGORY_CN:
      return code_point >= kPictographs.first && code_point <= kPictographs.last ? CharClass::kSymbol
                                                                                 : CharClass::kSeparator;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO: return CharClass::kSeparator;
  }
  return CharClass::kSeparator;
}

}  // namespace mnemo
