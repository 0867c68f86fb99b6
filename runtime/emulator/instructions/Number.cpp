// Conversions between formats by their definition.
#include "runtime/emulator/instructions/Number.h"

namespace keel::emulator {

double roundToIntegral(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::Nearest:
    return std::nearbyint(value); // the host rounds to nearest even
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  default:
    return std::round(value);
  }
}

float decodeFloat(std::uint32_t bits, Format format) {
  int bias = (1 << (format.exponentBits - 1)) - 1;
  std::uint32_t mantissa = bits & ((1u << format.mantissaBits) - 1);
  int exponent = static_cast<int>(bits >> format.mantissaBits) & ((1 << format.exponentBits) - 1);
  bool negative = bits >> (format.exponentBits + format.mantissaBits) & 1;
  bool special = exponent == (1 << format.exponentBits) - 1;
  double value;
  if (special && !format.finite)
    value = mantissa ? std::nan("") : static_cast<double>(INFINITY);
  else if (special && mantissa == (1u << format.mantissaBits) - 1)
    value = std::nan("");
  else if (exponent)
    value = std::ldexp(static_cast<double>(mantissa | 1u << format.mantissaBits), exponent - bias - format.mantissaBits);
  else
    value = std::ldexp(static_cast<double>(mantissa), 1 - bias - format.mantissaBits);
  return static_cast<float>(negative ? -value : value);
}

std::uint32_t encodeFloat(double value, Format format, Rounding rounding, bool saturate) {
  int bias = (1 << (format.exponentBits - 1)) - 1;
  std::uint32_t all = (1u << (format.exponentBits + format.mantissaBits)) - 1; // without the sign
  std::uint32_t infinity = all & ~((1u << format.mantissaBits) - 1);
  std::uint32_t largest = format.finite ? all - 1 : infinity - 1;
  std::uint32_t sign = std::signbit(value) ? all + 1 : 0;
  if (std::isnan(value))
    return all;
  double magnitude = std::fabs(value);
  if (magnitude == 0)
    return sign;
  // Rounding up or down is away from or to zero, depending on the sign.
  bool up = (rounding == Rounding::Up && !sign) || (rounding == Rounding::Down && sign);
  Rounding effective = rounding == Rounding::Up || rounding == Rounding::Down ? (up ? Rounding::Up : Rounding::Zero) : rounding;
  std::uint32_t result;
  if (std::isinf(magnitude)) {
    result = largest + 1;
  } else {
    int exponent = std::max(std::ilogb(magnitude), 1 - bias);
    double scaled = roundToIntegral(std::ldexp(magnitude, format.mantissaBits - exponent), effective);
    // A carry into the exponent comes by itself: the encoding counts through it.
    double code = static_cast<double>(exponent + bias - 1) * std::ldexp(1.0, format.mantissaBits) + scaled;
    result = code > largest ? largest + 1 : static_cast<std::uint32_t>(code);
  }
  if (result > largest) {
    bool beyond = std::isinf(magnitude) ? false : effective == Rounding::Zero;
    result = saturate || beyond ? largest : format.finite ? all : infinity;
  }
  return sign | result;
}

} // namespace keel::emulator
