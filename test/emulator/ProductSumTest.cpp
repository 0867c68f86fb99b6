// The rule by which tensor cores add products, beside its definition.
#include "runtime/emulator/instructions/ProductSum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

namespace keel::emulator {
namespace {
constexpr std::uint32_t k = 16, columns = ProductSum::columns;

/// One column of the result, as an f32: all is exact in long double, whose exponents reach far enough.
std::uint32_t defined(const float *a, const float *b, float c) {
  int largest = -10000;
  auto consider = [&](int exponent, bool counts) { largest = counts ? std::max(largest, exponent) : largest; };
  for (std::uint32_t i = 0; i < k; ++i)
    consider(std::ilogb(a[i]) + std::ilogb(b[i * columns]), a[i] != 0 && b[i * columns] != 0);
  consider(std::ilogb(c), c != 0);
  auto units = [&](long double value) { return std::trunc(std::ldexp(value, 25 - largest)); };
  long double sum = units(c);
  for (std::uint32_t i = 0; i < k; ++i)
    sum += units(static_cast<long double>(a[i]) * b[i * columns]);
  if (sum == 0)
    return 0;
  sum = std::ldexp(sum, largest - 25);
  int last = std::max(std::ilogb(sum), -126) - 23; // the last bit of an f32
  return std::bit_cast<std::uint32_t>(static_cast<float>(std::ldexp(std::trunc(std::ldexp(sum, -last)), last)));
}

using Bits = std::array<std::uint32_t, columns>;

/// One row; the results as f32.
Bits add(const std::vector<float> &a, const std::vector<float> &b, const float (&c)[columns]) {
  ProductSum sum(a.data(), 1, b.data(), columns, k, Element::BFloat);
  double sums[columns];
  sum.add(0, 0, c, sums);
  Bits bits;
  std::ranges::transform(sums, bits.begin(), [&](double value) { return sum.toFloatBits(value); });
  return bits;
}

TEST(ProductSum, IsWhatWasReadOffAnH200) {
  std::mt19937 random(7);
  auto number = [&](int spread) { // a bf16: zeros and subnormals, too
    int exponent = 127 - spread + static_cast<int>(random() % (2 * static_cast<unsigned>(spread) + 1));
    return random() % 8 ? std::bit_cast<float>((static_cast<std::uint32_t>(random()) & 0x807f0000u) |
                                               static_cast<std::uint32_t>(std::min(exponent, 254)) << 23)
                        : 0.f;
  };
  for (int spread : {0, 3, 12, 40, 60, 90, 127}) {
    for (int round = 0; round < 400; ++round) {
      std::vector<float> a(k), b(k * columns);
      float c[columns];
      for (float &value : a)
        value = round % 16 == 3 ? 0 : number(spread); // a row of zeros, at times
      for (float &value : b)
        value = number(spread);
      for (float &value : c)
        value = round % 4 == 3 ? 0 : number(round % 3 ? spread : 127);
      Bits bits = add(a, b, c);
      for (std::uint32_t j = 0; j < columns; ++j)
        ASSERT_EQ(bits[j], defined(a.data(), b.data() + j, c[j])) << spread << " " << round << " " << j;
    }
  }
}

TEST(ProductSum, InfinitiesAndNotANumbers) {
  std::vector<float> a(k, 1), b(k * columns, 2);
  a[3] = INFINITY;
  b[3 * columns + 1] = 0;
  b[3 * columns + 2] = -1;
  b[3 * columns + 3] = NAN;
  float c[columns] = {0, 0, 5, 0, -INFINITY, INFINITY, NAN, 0};
  Bits bits = add(a, b, c);
  EXPECT_EQ(bits,
            (Bits{0x7f800000, 0x7fffffff, 0xff800000, 0x7fffffff, 0x7fffffff, 0x7f800000, 0x7fffffff, 0x7f800000}));
}

TEST(ProductSum, CutsOff) {
  std::vector<float> a(k), b(k * columns);
  a[0] = 1, a[1] = 0x1.fp-25f, a[2] = 0x1p-25f, a[3] = 0x1.fp-26f; // of the last nothing is left
  for (std::uint32_t i = 0; i < k; ++i)
    b[i * columns] = 1, b[i * columns + 1] = -1, b[i * columns + 2] = i ? 2 : 1, b[i * columns + 3] = i ? 8 : 1;
  Bits bits = add(a, b, {});
  EXPECT_EQ(bits[0], 0x3f800000u);
  EXPECT_EQ(bits[1], 0xbf800000u); // towards zero
  EXPECT_EQ(bits[2], 0x3f800001u); // 3 + 2 + 1 units of 2^-25, four to the last bit; to nearest, it would be two bits
  EXPECT_EQ(bits[3], 0x3f800007u); // 15 + 8 + 7
}

} // namespace
} // namespace keel::emulator
