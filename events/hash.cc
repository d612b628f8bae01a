#include "events/hash.h"

#include <sodium.h>

#include "events/coding.h"
#include "events/result.h"

// Inlined into this one file: the library's own symbols do not know the machine that they run on.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace mnemo {
namespace {

// Chooses libsodium's implementation for this CPU, once.
void init_sodium() {
  static const bool ready = sodium_init() >= 0;
  MNEMO_CHECK(ready);
}

Bytes16 generic_hash(std::string_view bytes, std::string_view key) {
  init_sodium();
  Bytes16 hash;
  const int failed = crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                        bytes.size(), reinterpret_cast<const unsigned char*>(key.data()), key.size());
  MNEMO_CHECK(failed == 0);
  return hash;
}

}  // namespace

uint64_t xxh3_64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Digest xxh3_128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return Digest{.high = hash.high64, .low = hash.low64};
}

std::string to_hex(const Digest& digest) {
  std::string bytes;
  put_be64(bytes, digest.high);
  put_be64(bytes, digest.low);
  return to_hex(bytes);
}

Bytes16 blake2b_128(std::string_view bytes) { return generic_hash(bytes, {}); }

Bytes16 blake2b_128(std::string_view bytes, std::string_view key32) {
  MNEMO_CHECK(key32.size() == 32);
  return generic_hash(bytes, key32);
}

}  // namespace mnemo
