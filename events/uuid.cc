#include "events/uuid.h"

#include <algorithm>
#include <array>
#include <functional>

namespace mnemo {
namespace {

constexpr uint64_t kMsMax = (uint64_t{1} << 48) - 1;
constexpr uint16_t kCounterMax = 0xfff;
// A new millisecond starts its counter in the lower half, so that at least 2,048 ids fit before time must run ahead.
constexpr uint16_t kCounterStartMask = 0x7ff;
constexpr std::array<size_t, 4> kDashesAt = {8, 13, 18, 23};

bool is_dash_at(size_t i) { return std::find(kDashesAt.begin(), kDashesAt.end(), i) != kDashesAt.end(); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::mt19937_64 seeded(uint64_t seed) {
  if (seed != 0) return std::mt19937_64(seed);
  std::random_device device;
  std::array<uint32_t, 8> words;
  std::generate(words.begin(), words.end(), std::ref(device));
  std::seed_seq sequence(words.begin(), words.end());
  return std::mt19937_64(sequence);
}

}  // namespace

UuidGenerator::UuidGenerator(const Clock& clock, uint64_t seed) : clock_(clock), random_(seeded(seed)) {}

Bytes16 UuidGenerator::next() {
  const auto now = static_cast<uint64_t>(std::clamp<TimestampMs>(clock_.now_ms(), 0, static_cast<TimestampMs>(kMsMax)));
  const std::lock_guard lock(mutex_);
  if (now > last_ms_) {
    last_ms_ = now;
    counter_ = static_cast<uint16_t>(random_() & kCounterStartMask);
  } else if (counter_ < kCounterMax) {
    ++counter_;
  } else {
    // The clock stands still or went back and the counter is used up: order comes before the time of day.
    ++last_ms_;
    counter_ = static_cast<uint16_t>(random_() & kCounterStartMask);
  }
  const uint64_t high = last_ms_ << 16 | uint64_t{7} << 12 | counter_;
  const uint64_t low = uint64_t{2} << 62 | random_() >> 2;
  Bytes16 id;
  for (size_t i = 0; i < 8; ++i) {
    id[i] = static_cast<uint8_t>(high >> (56 - 8 * i));
    id[8 + i] = static_cast<uint8_t>(low >> (56 - 8 * i));
  }
  return id;
}

std::string uuid_text(const Bytes16& id) {
  std::string text = to_hex(id);
  for (const size_t at : kDashesAt) text.insert(at, 1, '-');
  return text;
}

Result<Bytes16> parse_uuid(std::string_view text) {
  Bytes16 id{};
  size_t digits = 0;
  bool good = text.size() == 36;
  for (size_t i = 0; good && i < text.size(); ++i) {
    if (is_dash_at(i)) {
      good = text[i] == '-';
      continue;
    }
    const int digit = hex_digit(text[i]);
    good = digit >= 0;
    id[digits / 2] = static_cast<uint8_t>(id[digits / 2] << 4 | (digit & 0xf));
    ++digits;
  }
  if (good) return id;
  return fail(Code::kInvalidArgument,
              "not a UUID: it must have 32 hexadecimal digits in groups of 8-4-4-4-12, with '-' between them");
}

}  // namespace mnemo
