#include "events/text/fold.h"

#include <utf8proc.h>

#include <array>

#include "events/result.h"

namespace mnemo {
namespace {

// The library sorts runs of combining marks in quadratic time, so it is given pieces of a bounded size. A piece longer
// than this ends before the next character that begins anew, ...
constexpr size_t kPieceBytes = 128;
// ... or here at the latest: no real text has so many marks on one letter.
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

// Whether the character has nothing to do with those before it: its fold is there, and starts with neither a mark nor
// a later part of a Hangul syllable.
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

// The length of the next piece: valid UTF-8, not empty unless `text` starts with a byte that is not.
size_t piece_size(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && size < kPieceBytesMax) {
    int32_t code_point = 0;
    const size_t length = decode(text.substr(size), code_point);
    if (length == 0 || (size >= kPieceBytes && begins_anew(code_point))) break;
    size += length;
  }
  return size;
}

int32_t separate(int32_t code_point, void* /*unused*/) {
  constexpr int32_t kZeroWidthSpace = 0x200b;
  constexpr int32_t kServiceMark = 0x2120;
  constexpr int32_t kTradeMark = 0x2122;
  const bool separates = code_point == kZeroWidthSpace || code_point == kServiceMark || code_point == kTradeMark;
  return separates ? ' ' : code_point;
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
    std::array<uint8_t, 4> bytes;
    const auto length = utf8proc_encode_char(code_points[i], bytes.data());
    out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(length));
  }
}

}  // namespace

void fold_text(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const size_t size = piece_size(text);
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
