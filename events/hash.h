// File: events/hash.h
// The hashes that formats are built on; docs/formats.md says where each is used. All are pure functions, the same on
// every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/ids.h"

namespace mnemo {

// XXH3 (xxHash 0.8), seed 0: fast, not secret, not collision-resistant against an adversary.
uint64_t xxh3_64(std::string_view bytes);

// An unsigned 128-bit number that wraps around; the sum of XXH3-128 hashes of rows is an order-independent digest.
struct Digest {
  uint64_t high = 0;
  uint64_t low = 0;

  bool operator==(const Digest&) const = default;
  Digest& operator+=(const Digest& other) {
    low += other.low;
    high += other.high + (low < other.low ? 1 : 0);
    return *this;
  }
  Digest& operator-=(const Digest& other) {
    const uint64_t before = low;
    low -= other.low;
    high -= other.high + (before < other.low ? 1 : 0);
    return *this;
  }
};
Digest xxh3_128(std::string_view bytes);
std::string to_hex(const Digest& digest);  // 32 digits, high half first

// BLAKE2b with a 16-byte result (RFC 7693), unkeyed: ids. Collision-resistant.
Bytes16 blake2b_128(std::string_view bytes);
// The same, keyed with 32 secret bytes: fingerprints.
Bytes16 blake2b_128(std::string_view bytes, std::string_view key32);

}  // namespace mnemo
