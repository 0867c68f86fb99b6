// The loops of ProductSum: eight columns at a time, in vectors that every compiler has instructions for.
#include "runtime/emulator/instructions/ProductSum.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace keel::emulator {

namespace {
constexpr int keptBits = 25; // below the largest exponent

using Floats = float __attribute__((vector_size(16)));
using Words = std::uint32_t __attribute__((vector_size(16)));
using Integers = std::int32_t __attribute__((vector_size(16)));
constexpr std::uint32_t lanes = 4, vectors = ProductSum::columns / lanes;
constexpr std::uint32_t exponentMask = 0x7f800000;

/// Zero, or normal and far from overflow: floats hold their products, except those that are too small to matter.
bool isPlain(const float *values, std::size_t count) {
  std::uint32_t others = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t magnitude = std::bit_cast<std::uint32_t>(values[i]) & 0x7fffffff;
    constexpr std::uint32_t least = 1u << 23, limit = (127u + 62) << 23;
    others |=
        static_cast<std::uint32_t>(magnitude != 0) & static_cast<std::uint32_t>(magnitude - least >= limit - least);
  }
  return !others;
}

/// 2 to the exponent of each: bits without sign and mantissa.
Floats power(Floats values) { return std::bit_cast<Floats>(std::bit_cast<Words>(values) & exponentMask); }

Floats load(const float *values) {
  Floats result;
  std::memcpy(&result, values, sizeof result);
  return result;
}

/// False if a float does not do. An int has room for the sum of 16 products, each less than 2^(E+2).
bool addFloats(const float *a, const float *b, std::uint32_t stride, std::uint32_t k, const float *c, double *sums) {
  Floats largest[vectors];
  for (std::uint32_t v = 0; v < vectors; ++v)
    largest[v] = power(load(c + lanes * v));
  const float *right = b;
  for (std::uint32_t i = 0; i < k; ++i, right += stride) {
    auto left = std::bit_cast<float>(std::bit_cast<std::uint32_t>(a[i]) & exponentMask);
    for (std::uint32_t v = 0; v < vectors; ++v) {
      Floats product = left * power(load(right + lanes * v));
      largest[v] = largest[v] > product ? largest[v] : product;
    }
  }
  Integers fits = Integers{} == 0;
  Floats scale[vectors]; // 2^25 over the largest
  Integers units[vectors], added[vectors];
  for (std::uint32_t v = 0; v < vectors; ++v) {
    fits &= (largest[v] >= 0x1p-99f) & (largest[v] <= 0x1p127f);
    scale[v] = std::bit_cast<Floats>(((2 * 127u + keptBits) << 23) - std::bit_cast<Words>(largest[v]));
    units[v] = Integers{};
  }
  if (!(fits[0] & fits[1] & fits[2] & fits[3]))
    return false;
  right = b;
  for (std::uint32_t i = 0; i < k; ++i, right += stride)
    for (std::uint32_t v = 0; v < vectors; ++v)
      units[v] += __builtin_convertvector(a[i] * load(right + lanes * v) * scale[v], Integers);
  for (std::uint32_t v = 0; v < vectors; ++v) {
    added[v] = __builtin_convertvector(load(c + lanes * v) * scale[v], Integers);
    for (std::uint32_t j = 0; j < lanes; ++j)
      sums[lanes * v + j] = (static_cast<double>(units[v][j]) + static_cast<double>(added[v][j])) *
                            (static_cast<double>(largest[v][j]) * 0x1p-25);
  }
  return true;
}

/// The same of one column, of any finite numbers.
double addDoubles(const float *a, const float *b, std::uint32_t stride, std::uint32_t k, float c) {
  auto power = [](double value) {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) & 0x7ff0000000000000);
  };
  double largest = power(c);
  for (std::uint32_t i = 0; i < k; ++i)
    largest = std::max(largest, power(a[i]) * power(b[std::size_t(i) * stride]));
  if (largest == 0)
    return 0;
  double unit = largest * 0x1p-25;
  std::int64_t units = static_cast<std::int64_t>(c / unit);
  for (std::uint32_t i = 0; i < k; ++i)
    units += static_cast<std::int64_t>(static_cast<double>(a[i]) * b[std::size_t(i) * stride] / unit);
  return static_cast<double>(units) * unit;
}

double addOnce(const float *a, const float *b, std::uint32_t stride, std::uint32_t k, float c) {
  double sum = 0;
  for (std::uint32_t i = 0; i < k; ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[std::size_t(i) * stride]);
  return sum + static_cast<double>(c);
}
} // namespace

ProductSum::ProductSum(const float *a, std::uint32_t rows, const float *b, std::uint32_t stride, std::uint32_t k,
                       Element element)
    : a(a), b(b), stride(stride), k(k) {
  if (element >= Element::E4m3)
    way = Way::Once;
  else
    way = isPlain(a, std::size_t(rows) * k) && isPlain(b, std::size_t(k) * stride) ? Way::Float : Way::Double;
}

void ProductSum::add(std::uint32_t row, std::uint32_t column, const float (&c)[columns],
                     double (&sums)[columns]) const {
  const float *left = a + std::size_t(row) * k, *right = b + column;
  if (way == Way::Float && addFloats(left, right, stride, k, c, sums))
    return;
  if (way == Way::Float && std::all_of(left, left + k, [](float value) { return value == 0; })) {
    for (std::uint32_t j = 0; j < columns; ++j)
      sums[j] = static_cast<double>(c[j]) + 0.0;
    return;
  }
  for (std::uint32_t j = 0; j < columns; ++j) { // an infinity or a not-a-number comes through, whatever else is added
    sums[j] = addOnce(left, right + j, stride, k, c[j]);
    if (way != Way::Once && std::isfinite(sums[j]))
      sums[j] = addDoubles(left, right + j, stride, k, c[j]);
  }
}

} // namespace keel::emulator
