#include "events/fixed_point.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "events/coding.h"
#include "events/ids.h"

namespace mnemo {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

// In units of fixed point, with more precision than it has.
long double exact_ln_ratio(uint64_t numerator, uint64_t denominator) {
  const auto n = static_cast<long double>(numerator);
  const auto d = static_cast<long double>(denominator);
  return std::log(n / d) * static_cast<long double>(kFixedOne);
}

void expect_nearest_ln(uint64_t numerator, uint64_t denominator) {
  const long double error =
      static_cast<long double>(fixed_ln_ratio(numerator, denominator)) - exact_ln_ratio(numerator, denominator);
  ASSERT_LE(std::fabs(error), 0.5001L) << numerator << " / " << denominator;
}

TEST(FixedLn, IsTheNearestForSmallArguments) {
  for (uint64_t n = 1; n <= 300; ++n) {
    for (uint64_t d = 1; d <= 300; ++d) expect_nearest_ln(n, d);
  }
}

TEST(FixedLn, IsTheNearestForExtremeArguments) {
  std::vector<uint64_t> extremes;
  for (int bit = 0; bit < 64; ++bit) {
    const uint64_t power = uint64_t{1} << bit;
    for (const uint64_t value : {power - 1, power, power + 1}) {
      if (value != 0) extremes.push_back(value);
    }
  }
  extremes.push_back(kMax);
  for (const uint64_t n : extremes) {
    for (const uint64_t d : extremes) expect_nearest_ln(n, d);
  }
}

TEST(FixedLn, IsTheNearestForRandomArguments) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200000; ++i) {
    const uint64_t n = (random() >> random() % 64) | 1;
    const uint64_t d = (random() >> random() % 64) | 1;
    expect_nearest_ln(n, d);
    ASSERT_EQ(fixed_ln_ratio(n, d), -fixed_ln_ratio(d, n)) << n << " / " << d;
  }
}

TEST(FixedLn, KnownValues) {
  EXPECT_EQ(fixed_ln_ratio(1, 1), 0);
  EXPECT_EQ(fixed_ln_ratio(kMax, kMax), 0);
  EXPECT_EQ(fixed_ln_ratio(2, 1), 726817);  // 0.693147 * 2^20
  EXPECT_EQ(fixed_ln_ratio(1, 2), -726817);
  EXPECT_EQ(fixed_ln_ratio(kMax, 1), 46516320);  // 44.3614 * 2^20
  EXPECT_EQ(fixed_ln_ratio(kMax, kMax - 1), 0);
}

TEST(FixedLnDeathTest, ZeroIsABrokenInvariant) {
  EXPECT_DEATH(static_cast<void>(fixed_ln_ratio(0, 1)), "invariant broken");
  EXPECT_DEATH(static_cast<void>(fixed_ln_ratio(1, 0)), "invariant broken");
}

TEST(FixedDecimal, PrintsFourDigitsRoundedHalfAwayFromZero) {
  EXPECT_EQ(fixed_to_decimal(0), "0.0000");
  EXPECT_EQ(fixed_to_decimal(kFixedOne), "1.0000");
  EXPECT_EQ(fixed_to_decimal(-kFixedOne), "-1.0000");
  EXPECT_EQ(fixed_to_decimal(1294546), "1.2346");         // 1.23457...
  EXPECT_EQ(fixed_to_decimal(kFixedOne / 32), "0.0313");  // 0.03125
  EXPECT_EQ(fixed_to_decimal(-kFixedOne / 32), "-0.0313");
  EXPECT_EQ(fixed_to_decimal(3 * kFixedOne / 32), "0.0938");  // 0.09375
  EXPECT_EQ(fixed_to_decimal(52), "0.0000");                  // 0.0000496
  EXPECT_EQ(fixed_to_decimal(53), "0.0001");                  // 0.0000505
  EXPECT_EQ(fixed_to_decimal(2 * kFixedOne - 1), "2.0000");
  EXPECT_EQ(fixed_to_decimal(-2 * kFixedOne + 1), "-2.0000");
}

TEST(FixedDecimal, ZeroHasNoSign) { EXPECT_EQ(fixed_to_decimal(-52), "0.0000"); }

TEST(FixedDecimal, PrintsTheLargestMagnitudes) {
  EXPECT_EQ(fixed_to_decimal(std::numeric_limits<int64_t>::max()), "8796093022208.0000");
  EXPECT_EQ(fixed_to_decimal(std::numeric_limits<int64_t>::min()), "-8796093022208.0000");
}

TEST(FixedDecimal, AgreesWithExactArithmeticOnRandomValues) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100000; ++i) {
    const auto fixed = static_cast<int64_t>(random()) >> (16 + random() % 48);  // so small that x * 20,000 fits
    const int64_t tenths = (std::abs(fixed) * 20000 + kFixedOne) / (2 * kFixedOne);
    std::string digits = std::to_string(tenths);
    if (digits.size() < 5) digits.insert(0, 5 - digits.size(), '0');
    digits.insert(digits.size() - 4, ".");
    ASSERT_EQ(fixed_to_decimal(fixed), (fixed < 0 && tenths > 0 ? "-" : "") + digits) << fixed;
  }
}

uint32_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }

std::string encode(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) put_le32(bytes, bits_of(value));
  return bytes;
}

std::vector<int> quantized(const std::vector<float>& values) {
  const auto vector = quantize_f32_le(encode(values));
  EXPECT_TRUE(vector);
  std::vector<int> out;
  for (const char c : vector->values) out.push_back(static_cast<signed char>(c));
  return out;
}

// By doubles, which are exact here: 127 x has at most 31 significant bits, and a quotient that is not a half differs
// from one by more than a double's precision.
void expect_like_doubles(const std::vector<float>& values) {
  double max = 0;
  for (const float value : values) {
    if (std::isnormal(value)) max = std::max(max, std::fabs(static_cast<double>(value)));
  }
  std::vector<int> expected;
  for (const float value : values) {
    const bool counts = std::isnormal(value) && max > 0;
    expected.push_back(counts ? static_cast<int>(std::round(127.0 * static_cast<double>(value) / max)) : 0);
  }
  ASSERT_EQ(quantized(values), expected) << to_hex(encode(values));
  ASSERT_EQ(quantize_f32_le(encode(values))->max_bits, bits_of(static_cast<float>(max)));
}

TEST(Quantize, KeepsSignAndProportion) {
  EXPECT_EQ(quantized({1.0F, -1.0F, 0.0F, 0.25F, -0.25F}), (std::vector<int>{127, -127, 0, 32, -32}));
  EXPECT_EQ(quantize_f32_le(encode({1.0F, -3.5F}))->max_bits, bits_of(3.5F));
}

TEST(Quantize, RoundsExactHalvesAwayFromZero) {
  // With a maximum of 254, 127 x / max is x / 2.
  EXPECT_EQ(quantized({254.0F, 1.0F, 3.0F, 125.0F, -1.0F, -3.0F, 253.0F}),
            (std::vector<int>{127, 1, 2, 63, -1, -2, 127}));
  for (int x = -254; x <= 254; ++x) expect_like_doubles({254.0F, static_cast<float>(x)});
}

TEST(Quantize, AgreesWithDoublesAroundEveryHalf) {
  for (const float max : {254.0F, 1.0F, 3.0F, 0.1F, 16777215.0F}) {
    for (int k = 0; k < 127; ++k) {
      const auto half = static_cast<float>((k + 0.5) * static_cast<double>(max) / 127.0);
      expect_like_doubles({max, half, std::nextafter(half, 0.0F), std::nextafter(half, max), -half});
    }
  }
}

TEST(Quantize, AllZerosGiveZeros) {
  EXPECT_EQ(quantized({0.0F, -0.0F}), (std::vector<int>{0, 0}));
  EXPECT_EQ(quantize_f32_le(encode({0.0F, -0.0F}))->max_bits, 0U);
}

TEST(Quantize, SubnormalValuesCountAsZero) {
  const float subnormal = std::numeric_limits<float>::denorm_min();
  const float largest_subnormal = std::bit_cast<float>(0x007fffffU);
  const float least_normal = std::numeric_limits<float>::min();
  EXPECT_EQ(quantized({subnormal, -largest_subnormal}), (std::vector<int>{0, 0}));
  EXPECT_EQ(quantize_f32_le(encode({subnormal, -largest_subnormal}))->max_bits, 0U);
  EXPECT_EQ(quantized({least_normal, largest_subnormal, -least_normal}), (std::vector<int>{127, 0, -127}));
}

TEST(Quantize, AgreesWithDoublesOnRandomVectors) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20000; ++round) {
    const uint64_t dimensions = 1 + random() % 16;
    // Of one scale, of a few scales, or of any bit pattern, subnormal ones and both zeros among them.
    const uint64_t kind = round % 3;
    std::vector<float> values;
    while (values.size() < dimensions) {
      auto bits = static_cast<uint32_t>(random());
      if (kind == 0) bits = (bits & 0x807fffffU) | 0x3f000000U;
      if (kind == 1) bits = (bits & 0x807fffffU) | static_cast<uint32_t>(120 + random() % 16) << 23;
      if (random() % 8 == 0) bits &= 0x80000000U;
      if (random() % 16 == 0) bits &= 0x807fffffU;
      if ((bits >> 23 & 0xff) != 0xff) values.push_back(std::bit_cast<float>(bits));
    }
    expect_like_doubles(values);
  }
}

TEST(Quantize, RefusesValuesThatAreNotFiniteAndNamesThem) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad :
       {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), std::bit_cast<float>(0xff800001U)}) {
    const auto vector = quantize_f32_le(encode({1.0F, 2.0F, bad, 3.0F}));
    ASSERT_FALSE(vector);
    EXPECT_EQ(vector.error().code, Code::kInvalidArgument);
    EXPECT_NE(vector.error().message.find("value 2"), std::string::npos) << vector.error().message;
  }
}

TEST(Quantize, RefusesLengthsThatAreNoWholeVector) {
  for (const size_t size : {0, 1, 2, 3, 5, 7, 4097}) {
    const auto vector = quantize_f32_le(std::string(size, '\0'));
    ASSERT_FALSE(vector) << size;
    EXPECT_EQ(vector.error().code, Code::kInvalidArgument);
  }
}

TEST(SortableDouble, SortsAsTheNumbersDo) {
  const std::vector<double> sorted = {-std::numeric_limits<double>::max(),
                                      -1e300,
                                      -2.0,
                                      -1.0,
                                      -1e-300,
                                      -std::numeric_limits<double>::denorm_min(),
                                      0.0,
                                      std::numeric_limits<double>::denorm_min(),
                                      1e-300,
                                      1.0,
                                      1.5,
                                      2.0,
                                      1e300,
                                      std::numeric_limits<double>::max()};
  for (size_t i = 0; i + 1 < sorted.size(); ++i) {
    EXPECT_LT(sortable_from_double_bits(double_bits(sorted[i])), sortable_from_double_bits(double_bits(sorted[i + 1])))
        << sorted[i];
  }
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100000; ++i) {
    const auto a = std::bit_cast<double>(random());
    const auto b = std::bit_cast<double>(random());
    if (!std::isfinite(a) || !std::isfinite(b)) continue;
    ASSERT_EQ(a < b, sortable_from_double_bits(double_bits(a)) < sortable_from_double_bits(double_bits(b)));
  }
}

TEST(SortableDouble, BothZerosAreOne) {
  EXPECT_EQ(sortable_from_double_bits(double_bits(0.0)), 0);
  EXPECT_EQ(sortable_from_double_bits(double_bits(-0.0)), 0);
}

TEST(SortableDouble, BitsAreThoseOfIeee754) {
  EXPECT_EQ(double_bits(1.0), 0x3ff0000000000000U);
  EXPECT_EQ(double_bits(-0.0), 0x8000000000000000U);
}

}  // namespace
}  // namespace mnemo
