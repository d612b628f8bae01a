#include "events/fixed_point.h"

#include <algorithm>
#include <bit>

#include "events/coding.h"

namespace mnemo {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kLogBits = 48;                   // fraction bits of a binary logarithm before it is scaled
constexpr uint64_t kLn2 = 0xb17217f7d1cf79ab;  // ln 2 in units of 2^-64

// log2(value) in units of 2^-48, cut; value > 0. Squaring the mantissa doubles its logarithm: whenever the square
// reaches 2, the next bit of the logarithm is a one.
int64_t log2_fixed(uint64_t value) {
  const int shift = std::countl_zero(value);
  uint64_t mantissa = value << shift;  // in [1, 2), in units of 2^-63
  int64_t log = 63 - shift;
  for (int i = 0; i < kLogBits; ++i) {
    const Wide square = Wide{mantissa} * mantissa;  // in [1, 4), in units of 2^-126
    const bool one = (square >> 127) != 0;
    mantissa = static_cast<uint64_t>(square >> (one ? 64 : 63));
    log = log * 2 + (one ? 1 : 0);
  }
  return log;
}

constexpr uint32_t kSignBit = 0x80000000;
constexpr int kMantissaBits = 23;
constexpr uint32_t kMantissaMask = (1U << kMantissaBits) - 1;
constexpr uint32_t kExponentMax = 0xff;  // infinities and NaNs

uint32_t exponent_of(uint32_t bits) { return (bits & ~kSignBit) >> kMantissaBits; }
uint64_t mantissa_of(uint32_t bits) { return (bits & kMantissaMask) | (1U << kMantissaBits); }

// round(127 x / max), halves away from zero; x and max are normal numbers and |x| <= max.
int quantize(uint32_t bits, uint32_t max_bits) {
  const uint32_t shift = exponent_of(max_bits) - exponent_of(bits);
  if (shift >= 10) return 0;  // |x| < max / 512
  const uint64_t whole = mantissa_of(max_bits) << shift;
  const auto magnitude = static_cast<int>((2 * 127 * mantissa_of(bits) + whole) / (2 * whole));
  return (bits & kSignBit) != 0 ? -magnitude : magnitude;
}

}  // namespace

int64_t fixed_ln_ratio(uint64_t numerator, uint64_t denominator) {
  MNEMO_CHECK(numerator > 0 && denominator > 0);
  const int64_t log = log2_fixed(numerator) - log2_fixed(denominator);
  constexpr int kShift = kLogBits + 64 - kFixedBits;
  const Wide product = Wide{static_cast<uint64_t>(log < 0 ? -log : log)} * kLn2;
  const auto magnitude = static_cast<int64_t>((product + (Wide{1} << (kShift - 1))) >> kShift);
  return log < 0 ? -magnitude : magnitude;
}

std::string fixed_to_decimal(int64_t fixed) {
  constexpr uint64_t kScale = 10000;
  // The magnitude of the least int64 does not fit an int64.
  const uint64_t magnitude = fixed < 0 ? ~static_cast<uint64_t>(fixed) + 1 : static_cast<uint64_t>(fixed);
  constexpr uint64_t kUnit = static_cast<uint64_t>(kFixedOne);
  const uint64_t fraction = ((magnitude % kUnit) * kScale + kUnit / 2) / kUnit;
  const uint64_t whole = magnitude / kUnit + fraction / kScale;
  const std::string digits = std::to_string(kScale + fraction % kScale).substr(1);
  const bool negative = fixed < 0 && (whole > 0 || fraction > 0);
  return (negative ? "-" : "") + std::to_string(whole) + '.' + digits;
}

Result<QuantizedVector> quantize_f32_le(std::string_view values) {
  if (values.empty() || values.size() % 4 != 0) {
    return fail(Code::kInvalidArgument, "vector of " + std::to_string(values.size()) +
                                            " bytes: it must hold at least one value of 4 bytes, and whole ones only");
  }
  QuantizedVector vector;
  for (size_t at = 0; at < values.size(); at += 4) {
    const uint32_t bits = get_le32(values.data() + at);
    if (exponent_of(bits) == kExponentMax) {
      return fail(Code::kInvalidArgument,
                  "vector value " + std::to_string(at / 4) + " is infinite or not a number: send finite values only");
    }
    // Bit patterns of magnitudes sort as the magnitudes do.
    if (exponent_of(bits) != 0) vector.max_bits = std::max(vector.max_bits, bits & ~kSignBit);
  }
  vector.values.reserve(values.size() / 4);
  for (size_t at = 0; at < values.size(); at += 4) {
    const uint32_t bits = get_le32(values.data() + at);
    vector.values.push_back(static_cast<char>(exponent_of(bits) == 0 ? 0 : quantize(bits, vector.max_bits)));
  }
  return vector;
}

uint64_t double_bits(double value) { return std::bit_cast<uint64_t>(value); }

int64_t sortable_from_double_bits(uint64_t bits) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const auto magnitude = static_cast<int64_t>(bits & ~kSign);
  return (bits & kSign) != 0 ? -magnitude : magnitude;
}

}  // namespace mnemo
