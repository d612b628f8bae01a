// File: events/fixed_point.h
// Arithmetic with integers where a float would answer differently on another compiler or CPU.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/result.h"

namespace mnemo {

// Scores and weights: 2^20 stands for 1.
inline constexpr int kFixedBits = 20;
inline constexpr int64_t kFixedOne = int64_t{1} << kFixedBits;

// ln(numerator / denominator) in units of 1/kFixedOne, rounded to the nearest; exact to within 1 unit. Both > 0.
int64_t fixed_ln_ratio(uint64_t numerator, uint64_t denominator);

// "1.2346": decimal with 4 digits, rounded half away from zero.
std::string fixed_to_decimal(int64_t fixed);

// A vector quantised to int8 by its own largest magnitude, with integers only: q = round(127 x / max|x|), halves away
// from zero. `max_bits` is the IEEE 754 single-precision bit pattern of max|x|.
struct QuantizedVector {
  uint32_t max_bits = 0;
  std::string values;  // one signed byte a dimension
  bool operator==(const QuantizedVector&) const = default;
};
// From IEEE 754 single-precision little-endian values. INVALID_ARGUMENT: a length not divisible by 4 or zero, a value
// that is not finite. All zeros gives zeros. Subnormal values count as zero.
Result<QuantizedVector> quantize_f32_le(std::string_view values);

// The bit pattern of a double, and an int64 that sorts as the (finite) doubles do, -0 as +0.
uint64_t double_bits(double value);
int64_t sortable_from_double_bits(uint64_t bits);

}  // namespace mnemo
