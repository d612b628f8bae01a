// The hash that Kafka's Java client places keys with (MurmurHash2, 32 bits, a fixed seed), so that a record lands on
// the same partition whether mnemo or a producer of any language wrote it.
#include "events/coding.h"
#include "events/envelope.h"

namespace mnemo {

uint32_t murmur2(std::string_view bytes) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;

  uint32_t hash = kSeed ^ static_cast<uint32_t>(bytes.size());
  const size_t whole = bytes.size() & ~size_t{3};
  for (size_t at = 0; at < whole; at += 4) {
    uint32_t word = get_le32(bytes.data() + at) * kMultiplier;
    word ^= word >> kShift;
    hash = (hash * kMultiplier) ^ (word * kMultiplier);
  }
  for (size_t at = bytes.size(); at > whole; --at) {
    hash ^= uint32_t{static_cast<uint8_t>(bytes[at - 1])} << (8 * (at - 1 - whole));
  }
  if (whole != bytes.size()) hash *= kMultiplier;

  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

PartitionId partition_of(std::string_view key, uint32_t partitions) {
  MNEMO_CHECK(partitions > 0);
  return PartitionId{(murmur2(key) & 0x7fffffff) % partitions};
}

}  // namespace mnemo
