// 16-bit (and smaller) floating-point formats on the host.
#ifndef KEEL_EMULATOR_INSTRUCTIONS_NUMBER_H
#define KEEL_EMULATOR_INSTRUCTIONS_NUMBER_H

#include <bit>
#include <cmath>
#include <algorithm>
#include <cstdint>

namespace keel::emulator {

enum class Rounding : std::uint8_t { Nearest, Zero, Down, Up, NearestAway };

inline float asFloat(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }
inline std::uint64_t bitsOf(float value) { return std::bit_cast<std::uint32_t>(value); }

inline float fromBFloat(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// A binary format: 1 sign, `exponentBits`, `mantissaBits`. `finite`: no infinity, and one not-a-number (e4m3).
struct Format {
  int exponentBits, mantissaBits;
  bool finite = false;
};
constexpr Format half{5, 10}, bfloat{8, 7}, e4m3{4, 3, true}, e5m2{5, 2};

float decodeFloat(std::uint32_t bits, Format format);
/// saturate: to the largest finite number instead of infinity.
std::uint32_t encodeFloat(double value, Format format, Rounding rounding, bool saturate = false);

inline std::uint16_t toBFloat(float value) {
  auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fff; // the canonical not-a-number
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline float fromHalf(std::uint16_t bits) {
  std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16, exponent = bits >> 10 & 31, mantissa = bits & 0x3ff;
  if (exponent == 31)
    return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent)
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  float value = static_cast<float>(mantissa) * 0x1p-24f;
  return sign ? -value : value;
}
inline std::uint16_t toHalf(float value) {
  if (std::isnan(value))
    return 0x7fff;
  return static_cast<std::uint16_t>(encodeFloat(value, half, Rounding::Nearest));
}

/// Rounds to an integer.
double roundToIntegral(double value, Rounding rounding);

/// Subnormals to zero, with their sign.
inline float flush(float value) { return std::fabs(value) < 0x1p-126f ? std::copysign(0.f, value) : value; }

} // namespace keel::emulator

#endif
