// File: events/coding.h
// The byte-level encodings that every row, key and canonical form is built from.
//
// Big-endian fixed integers sort as bytes the way the numbers do, so keys use them. Varints are LEB128 as protobuf
// writes them; zigzag maps small negative numbers to small unsigned ones. Decoder never reads past its input: the
// first short or overlong read makes it fail for good, which ok() tells; reads after that return zero or empty.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace mnemo {

inline void put_be32(std::string& out, uint32_t v) {
  const char b[4] = {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
                     static_cast<char>(v)};
  out.append(b, 4);
}
inline void put_be64(std::string& out, uint64_t v) {
  put_be32(out, static_cast<uint32_t>(v >> 32));
  put_be32(out, static_cast<uint32_t>(v));
}
inline void put_le32(std::string& out, uint32_t v) {
  const char b[4] = {static_cast<char>(v), static_cast<char>(v >> 8), static_cast<char>(v >> 16),
                     static_cast<char>(v >> 24)};
  out.append(b, 4);
}
inline void put_le64(std::string& out, uint64_t v) {
  put_le32(out, static_cast<uint32_t>(v));
  put_le32(out, static_cast<uint32_t>(v >> 32));
}
inline uint32_t get_be32(const char* p) {
  const auto* b = reinterpret_cast<const unsigned char*>(p);
  return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | uint32_t{b[3]};
}
inline uint64_t get_be64(const char* p) { return uint64_t{get_be32(p)} << 32 | get_be32(p + 4); }
inline uint32_t get_le32(const char* p) {
  const auto* b = reinterpret_cast<const unsigned char*>(p);
  return uint32_t{b[3]} << 24 | uint32_t{b[2]} << 16 | uint32_t{b[1]} << 8 | uint32_t{b[0]};
}
inline uint64_t get_le64(const char* p) { return uint64_t{get_le32(p + 4)} << 32 | get_le32(p); }

inline void put_varint(std::string& out, uint64_t v) {
  while (v >= 0x80) {
    out.push_back(static_cast<char>(v | 0x80));
    v >>= 7;
  }
  out.push_back(static_cast<char>(v));
}
inline uint64_t zigzag(int64_t v) { return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63); }
inline int64_t unzigzag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }
inline void put_bytes(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out.append(bytes);
}

class Decoder {
 public:
  explicit Decoder(std::string_view input) : p_(input.data()), end_(input.data() + input.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return p_ == end_; }
  // True when everything was read and nothing went wrong.
  bool done() const { return ok_ && p_ == end_; }
  size_t left() const { return static_cast<size_t>(end_ - p_); }

  uint8_t u8() { return need(1) ? static_cast<uint8_t>(*p_++) : uint8_t{0}; }
  uint32_t be32() { return need(4) ? get_be32(take(4)) : 0; }
  uint64_t be64() { return need(8) ? get_be64(take(8)) : 0; }
  uint32_t le32() { return need(4) ? get_le32(take(4)) : 0; }
  uint64_t le64() { return need(8) ? get_le64(take(8)) : 0; }
  uint64_t varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (!need(1)) return 0;
      const auto byte = static_cast<uint8_t>(*p_++);
      if (shift == 63 && byte > 1) break;
      v |= uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return v;
    }
    ok_ = false;
    return 0;
  }
  int64_t zigzag64() { return unzigzag(varint()); }
  // The view points into the input.
  std::string_view raw(size_t n) { return need(n) ? std::string_view(take(n), n) : std::string_view(); }
  std::string_view bytes() { return raw(static_cast<size_t>(varint())); }

 private:
  bool need(size_t n) {
    if (ok_ && left() >= n) return true;
    ok_ = false;
    return false;
  }
  const char* take(size_t n) {
    const char* at = p_;
    p_ += n;
    return at;
  }

  const char* p_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace mnemo
