#include "events/text/split.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "events/text/characters.h"
#include "events/text/compound.h"
#include "events/text/fold.h"

namespace mnemo {
namespace {

static_assert(std::endian::native == std::endian::little, "words of 8 bytes are taken to start with the low byte");

constexpr size_t kAsciiPieceBytes = 4096;
constexpr uint64_t kEach = 0x0101010101010101;
constexpr uint64_t kHigh = 0x80 * kEach;

bool is_space(char c) { return static_cast<unsigned char>(c) <= ' '; }

// Up to 8 bytes, the missing ones 0.
uint64_t load(const char* p, size_t left) {
  uint64_t bytes = 0;
  if (left >= sizeof bytes) {
    std::memcpy(&bytes, p, sizeof bytes);
  } else {
    std::memcpy(&bytes, p, left);
  }
  return bytes;
}

size_t ascii_prefix(std::string_view text) {
  for (size_t at = 0; at < text.size(); at += 8) {
    const uint64_t high = load(text.data() + at, text.size() - at) & kHigh;
    if (high != 0) return at + static_cast<size_t>(std::countr_zero(high)) / 8;
  }
  return text.size();
}

// For 8 bytes below 0x80 at once: the high bit of those within first .. last.
constexpr uint64_t bytes_within(uint64_t bytes, uint8_t first, uint8_t last) {
  return (bytes + (0x80U - first) * kEach) & ~(bytes + (0x7fU - last) * kEach) & kHigh;
}

// The high bits of 8 bytes as 8 bits.
constexpr uint64_t gather_high_bits(uint64_t bytes) { return (bytes >> 7) * 0x0102040810204080 >> 56; }

constexpr size_t kBlockBytes = 64;

// Writes a block to `out` in lower case; a bit of the result is set where a letter or digit is.
uint64_t lower_block(const char* block, char* out) {
  uint64_t words = 0;
  for (size_t at = 0; at < kBlockBytes; at += 8) {
    uint64_t bytes;
    std::memcpy(&bytes, block + at, sizeof bytes);
    const uint64_t letters = bytes_within(bytes | 0x20 * kEach, 'a', 'z');
    const uint64_t lower = bytes | letters >> 2;  // 0x80 >> 2: the bit that upper case lacks
    std::memcpy(out + at, &lower, sizeof lower);
    words |= gather_high_bits(letters | bytes_within(bytes, '0', '9')) << at;
  }
  return words;
}

// The same of less than a block; zeros follow it.
uint64_t lower_rest(std::string_view rest, char* out) {
  std::array<char, kBlockBytes> block{};
  std::copy(rest.begin(), rest.end(), block.begin());
  return lower_block(block.data(), out);
}

size_t decode(const char* p, const char* end, int32_t& code_point) {
  const auto length = utf8proc_iterate(reinterpret_cast<const uint8_t*>(p), end - p, &code_point);
  return static_cast<size_t>(length);
}

// Finds the tokens of folded text, character by character.
class UnicodeSplitter {
 public:
  UnicodeSplitter(const char* text, TokenList& tokens) : collector_(text, tokens), begin_(text) {}

  void take(CharClass kind, const char* at, const char* next) {
    switch (kind) {
      case CharClass::kLetter:
        if (open_ != CharClass::kLetter) start(kind, at);
        return;
      case CharClass::kMark: return;
      case CharClass::kCharacter: start(kind, at); return;
      case CharClass::kSymbol:
        close(at);
        collector_.single(at, next);
        return;
      case CharClass::kSeparator: close(at); return;
    }
  }

  void finish(const char* end) {
    close(end);
    collector_.finish();
  }

 private:
  void start(CharClass kind, const char* at) {
    close(at);
    open_ = kind;
    begin_ = at;
  }

  void close(const char* end) {
    if (open_ == CharClass::kLetter) collector_.word(begin_, end);
    if (open_ == CharClass::kCharacter) collector_.single(begin_, end);
    open_ = CharClass::kSeparator;
  }

  TokenCollector collector_;
  const char* begin_;
  CharClass open_ = CharClass::kSeparator;  // what began at begin_ and goes on: kLetter, kCharacter, else nothing
};

CharClass classify_ascii(char c) {
  const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return word ? CharClass::kLetter : CharClass::kSeparator;
}

}  // namespace

Piece next_piece(std::string_view text) {
  const size_t window = std::min(text.size(), kAsciiPieceBytes);
  const size_t ascii = ascii_prefix(text.substr(0, window));
  if (ascii == text.size()) return {text, true};
  size_t cut = ascii;
  while (cut > 0 && !is_space(text[cut - 1])) --cut;
  if (cut > 0) return {text.substr(0, cut), true};
  const auto* space = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(ascii), text.end(), is_space);
  const std::string_view chunk = text.substr(0, static_cast<size_t>(space - text.begin()));
  return {chunk, ascii_prefix(chunk) == chunk.size()};
}

void split_ascii(std::string_view piece, std::string& folded, TokenList& tokens) {
  const size_t needed = piece.size() + kBlockBytes + kTokenPadding;
  if (folded.size() < needed) folded.resize(needed);
  char* const text = folded.data();
  TokenCollector collector(text, tokens);
  const char* begin = nullptr;  // of the word that is open, if one is
  uint64_t before = 0;          // 1 when the byte before the block belongs to a word
  // The last block is never full, so that every word ends within a block.
  for (size_t at = 0; at <= piece.size(); at += kBlockBytes) {
    const bool full = piece.size() - at >= kBlockBytes;
    const uint64_t words = full ? lower_block(piece.data() + at, text + at) : lower_rest(piece.substr(at), text + at);
    for (uint64_t edges = words ^ (words << 1 | before); edges != 0; edges &= edges - 1) {
      const char* const edge = text + at + std::countr_zero(edges);
      if (begin != nullptr) collector.word(begin, edge);
      begin = begin == nullptr ? edge : nullptr;
    }
    before = words >> 63;
  }
  collector.finish();
}

void split_unicode(std::string_view piece, std::string& folded, TokenList& tokens) {
  folded.clear();
  fold_text(piece, folded);
  const size_t size = folded.size();
  folded.resize(size + kTokenPadding);
  const char* const end = folded.data() + size;
  UnicodeSplitter splitter(folded.data(), tokens);
  for (const char* at = folded.data(); at < end;) {
    const bool ascii = static_cast<unsigned char>(*at) < 0x80;
    int32_t code_point = 0;
    const char* const next = at + (ascii ? 1 : decode(at, end, code_point));
    splitter.take(ascii ? classify_ascii(*at) : classify(code_point), at, next);
    at = next;
  }
  splitter.finish(end);
}

}  // namespace mnemo
