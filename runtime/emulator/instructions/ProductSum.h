// Sums of products, as tensor cores add them.
//
// The manual leaves the order and the rounding of the sums open. This rule was read off an H200 (compute
// capability 9.0): it gives every bit of the vectors in test/emulator/golden/vectors; other GPUs may differ. Products
// are exact. All products of an instruction's depth and what they are added to are cut off towards zero at 2^(E-25),
// where E is the largest of their exponents (of a product: its operands' exponents, added up); their exact sum is cut
// off towards zero to an f32, or rounded to an f16. Of 8-bit floats there are no vectors: their sum is rounded once.
#ifndef KEEL_EMULATOR_INSTRUCTIONS_PRODUCTSUM_H
#define KEEL_EMULATOR_INSTRUCTIONS_PRODUCTSUM_H

#include "runtime/emulator/instructions/Element.h"

namespace keel::emulator {

class ProductSum {
public:
  static constexpr std::uint32_t columns = 8; // at a time

  /// A: rows times k; B: k times `stride`; both contiguous.
  ProductSum(const float *a, std::uint32_t rows, const float *b, std::uint32_t stride, std::uint32_t k,
             Element element);

  /// c + A·B in a row, in eight columns from `column` on, not yet rounded.
  void add(std::uint32_t row, std::uint32_t column, const float (&c)[columns], double (&sums)[columns]) const;

  /// What add() gave, as bits of an f32 or an f16.
  std::uint32_t toFloatBits(double sum) const {
    if (std::isnan(sum))
      return 0x7fffffff;
    if (way == Way::Once)
      return std::bit_cast<std::uint32_t>(static_cast<float>(sum));
    double kept = std::fabs(sum) >= 0x1p-126 ? std::bit_cast<double>(std::bit_cast<std::uint64_t>(sum) & ~0x1fffffffull)
                                             : std::trunc(sum * 0x1p149) * 0x1p-149;
    return std::bit_cast<std::uint32_t>(static_cast<float>(kept));
  }
  static std::uint16_t toHalfBits(double sum) {
    return std::isnan(sum) ? 0x7fff : static_cast<std::uint16_t>(encodeFloat(sum, half, Rounding::Nearest));
  }

private:
  // Once: exact, rounded once. Float, Double: aligned, in that type, which holds all products (of what matters)
  // exactly.
  enum class Way : std::uint8_t { Once, Float, Double } way;
  const float *a, *b;
  std::uint32_t stride, k;
};

} // namespace keel::emulator

#endif
