#include "events/text/fold.h"

#include <utf8proc.h>

#include <array>

#include "events/result.h"

namespace mnemo {
namespace {

// The library sorts runs of combining marks in quadratic time, so it is given pieces of a bounded size: no real text
// has so many marks on one letter.
constexpr size_t kPieceBytesMax = 192;
// No character of up to 4 bytes folds to more than 18 code points (U+FDFA); most to one.
constexpr size_t kCodePointsMax = kPieceBytesMax * 18;

constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                         UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);

// One code point off the front of `text`: its length, or 0 when the bytes are not UTF-8.
size_t decode(std::string_view text, int32_t& code_point) {
  const auto length = utf8proc_iterate(reinterpret_cast<const uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  return length > 0 ? static_cast<size_t>(length) : 0;
}

int32_t separate(int32_t code_point, void* /*unused*/) {
  constexpr int32_t kZeroWidthSpace = 0x200b;
  constexpr int32_t kServiceMark = 0x2120;
  constexpr int32_t kTradeMark = 0x2122;
  const bool separates = code_point == kZeroWidthSpace || code_point == kServiceMark || code_point == kTradeMark;
  return separates ? ' ' : code_point;
}

void append(int32_t code_point, std::string& out) {
  std::array<uint8_t, 4> bytes;
  const auto length = utf8proc_encode_char(code_point, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(length));
}

void fold_piece(std::string_view piece, std::string& out) {
  std::array<int32_t, kCodePointsMax> code_points;
  const auto count = utf8proc_decompose_custom(reinterpret_cast<const uint8_t*>(piece.data()),
                                               static_cast<utf8proc_ssize_t>(piece.size()), code_points.data(),
                                               code_points.size(), kOptions, separate, nullptr);
  MNEMO_CHECK(count >= 0 && static_cast<size_t>(count) <= code_points.size());
  const auto composed = utf8proc_normalize_utf32(code_points.data(), count, kOptions);
  MNEMO_CHECK(composed >= 0);
  for (size_t i = 0; i < static_cast<size_t>(composed); ++i) {
    append(code_points[i], out);
  }
}

// Whether the fold of the character is there and starts with neither a mark nor a later part of a Hangul syllable, so
// that nothing before the character combines with it.
bool begins_anew(int32_t code_point) {
  std::array<int32_t, 32> fold;
  int unused_boundary = 0;
  const auto count = utf8proc_decompose_char(code_point, fold.data(), static_cast<utf8proc_ssize_t>(fold.size()),
                                             kOptions, &unused_boundary);
  if (count <= 0 || static_cast<size_t>(count) > fold.size()) return false;
  const bool jamo = fold[0] >= 0x1100 && fold[0] <= 0x11ff;
  const auto category = utf8proc_category(fold[0]);
  return !jamo && category != UTF8PROC_CATEGORY_MN && category != UTF8PROC_CATEGORY_MC &&
         category != UTF8PROC_CATEGORY_ME;
}

// Characters that begin anew and fold to one character, as nearly all of most texts do. They need the library only
// when one that is not simple follows.
class SimpleFolds {
 public:
  static const SimpleFolds& instance() {
    static const SimpleFolds folds;
    return folds;
  }

  // The one character; 0 when there is not just one.
  int32_t of(int32_t code_point) const {
    if (code_point < kTableSize) return table_[static_cast<size_t>(code_point)];
    const bool itself = (code_point >= 0x4e00 && code_point <= 0x9fff) ||  // Han
                        (code_point >= 0xac00 && code_point <= 0xd7a3) ||  // Hangul
                        (code_point >= 0x3041 && code_point <= 0x3094) ||  // Hiragana
                        (code_point >= 0x30a1 && code_point <= 0x30f6) ||  // Katakana
                        (code_point >= 0x2018 && code_point <= 0x201f) ||  // quotation marks
                        code_point == 0x2013 || code_point == 0x2014 ||    // dashes
                        (code_point >= 0x1f300 && code_point <= 0x1f64f);  // emoji
    return itself ? code_point : 0;
  }

 private:
  static constexpr int32_t kTableSize = 0x800;  // up to here, Latin to Arabic, a character takes up to two bytes

  SimpleFolds() {
    for (int32_t code_point = 1; code_point < kTableSize; ++code_point) {
      std::string character;
      append(code_point, character);
      std::string fold;
      fold_piece(character, fold);
      int32_t folded = 0;
      const bool one = !fold.empty() && decode(fold, folded) == fold.size();
      table_[static_cast<size_t>(code_point)] = one && begins_anew(code_point) ? folded : 0;
    }
  }

  std::array<int32_t, kTableSize> table_{};
};

// Folds simple characters off the front of `text`, up to one that is not; the last before that stays too, since the
// two may combine.
void fold_simple(const SimpleFolds& folds, std::string_view& text, std::string& out) {
  size_t at = 0;
  size_t last = 0;
  size_t out_last = out.size();
  while (at < text.size()) {
    int32_t code_point = static_cast<unsigned char>(text[at]);
    const size_t length = code_point < 0x80 ? 1 : decode(text.substr(at), code_point);
    const int32_t folded = length == 0 ? 0 : folds.of(code_point);
    if (folded == 0) {
      out.resize(out_last);
      text.remove_prefix(last);
      return;
    }
    last = at;
    out_last = out.size();
    if (folded < 0x80) {
      out.push_back(static_cast<char>(folded));
    } else {
      append(folded, out);
    }
    at += length;
  }
  text = {};
}

// The length of the piece that `text` starts with: one character and those after it that are not simple. 0 when it
// starts with a byte that is not UTF-8.
size_t piece_size(const SimpleFolds& folds, std::string_view text) {
  size_t size = 0;
  while (size < text.size() && size < kPieceBytesMax) {
    int32_t code_point = 0;
    const size_t length = decode(text.substr(size), code_point);
    if (length == 0 || (size > 0 && folds.of(code_point) != 0)) break;
    size += length;
  }
  return size;
}

}  // namespace

void fold_text(std::string_view text, std::string& out) {
  const SimpleFolds& folds = SimpleFolds::instance();
  while (!text.empty()) {
    fold_simple(folds, text, out);
    if (text.empty()) return;
    const size_t size = piece_size(folds, text);
    if (size == 0) {
      out.push_back(' ');
      text.remove_prefix(1);
    } else {
      fold_piece(text.substr(0, size), out);
      text.remove_prefix(size);
    }
  }
}

}  // namespace mnemo
