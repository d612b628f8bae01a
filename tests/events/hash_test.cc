#include "events/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace mnemo {
namespace {

// The first 128 bits that `xxh128sum` prints, and the 64 that `xxhsum -H3` prints, for these inputs.
TEST(Hash, Xxh3GivesTheReferenceToolsValues) {
  EXPECT_EQ(xxh3_64(""), 0x2d06800538d394c2U);
  EXPECT_EQ(to_hex(xxh3_128("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(xxh3_64("abc"), 0x78af5f94892f3950U);
  EXPECT_EQ(to_hex(xxh3_128("abc")), "06b05ab6733a618578af5f94892f3950");
}

// RFC 7693's function with a 16-byte result, as `b2sum -l 128` and Python's hashlib.blake2b(digest_size=16) print it.
TEST(Hash, Blake2bGivesTheReferenceToolsValues) {
  EXPECT_EQ(to_hex(blake2b_128("")), "cae66941d9efbd404e4d88758ea67670");
  EXPECT_EQ(to_hex(blake2b_128("abc")), "cf4ab791c62b8d2b2109c90275287816");
}

TEST(Hash, KeyedBlake2bDependsOnEveryByteOfTheKey) {
  const std::string key(32, 'k');
  const Bytes16 with_key = blake2b_128("abc", key);
  EXPECT_NE(with_key, blake2b_128("abc"));
  for (size_t i = 0; i < key.size(); ++i) {
    std::string other = key;
    other[i] = 'x';
    EXPECT_NE(blake2b_128("abc", other), with_key) << "byte " << i;
  }
}

TEST(Hash, BytesMayHoldZeros) {
  EXPECT_NE(xxh3_64(std::string_view("a\0b", 3)), xxh3_64(std::string_view("a\0c", 3)));
  EXPECT_NE(blake2b_128(std::string_view("a\0b", 3)), blake2b_128("a"));
}

TEST(Digest, SumsDoNotDependOnOrderAndWrapAround) {
  const Digest a = xxh3_128("a");
  const Digest b = xxh3_128("b");
  const Digest full{.high = ~uint64_t{0}, .low = ~uint64_t{0}};
  Digest ab = a;
  ab += b;
  Digest ba = b;
  ba += a;
  EXPECT_EQ(ab, ba);
  Digest wrapped = full;
  wrapped += Digest{.high = 0, .low = 1};
  EXPECT_EQ(wrapped, Digest{});
}

TEST(Digest, SubtractingUndoesAddingWithCarryAndBorrow) {
  Digest sum{.high = 7, .low = ~uint64_t{0}};
  const Digest before = sum;
  const Digest step{.high = 1, .low = 2};
  sum += step;
  EXPECT_EQ(sum, (Digest{.high = 9, .low = 1}));
  sum -= step;
  EXPECT_EQ(sum, before);
}

TEST(Digest, HexHasTheHighHalfFirst) {
  EXPECT_EQ(to_hex(Digest{.high = 1, .low = 0xab}), "000000000000000100000000000000ab");
}

}  // namespace
}  // namespace mnemo
