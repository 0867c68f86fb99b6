// Matrix products of a warp: D = A·B + C. PTX ISA 9.7.14.5 mma.sync: shapes m16n8k4 and m16n8k8 (tf32), m16n8k8 and
// m16n8k16 (f16, bf16), m16n8k16 and m16n8k32 (8-bit floats and integers).
//
// One rule gives all fragments (9.7.14.5.4 and following). With g = lane / 4, t = lane mod 4, and E elements in a
// register: register r of A holds row g + 8 (r mod 2), columns t·E + 4E·(r / 2) and on; register r of B holds rows t·E
// + 4E·r and on of column g; C and D hold rows g and g + 8, columns 2t and 2t + 1.
//
// ProductSum.h has the order and the rounding of the sums.
#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/instructions/ProductSum.h"

#include <algorithm>
#include <string>

namespace keel::emulator {

namespace {
enum class Sum : std::uint8_t { Float, Half, Integer };

struct Product {
  std::uint32_t k, registersA, registersB;
  Element a, b;
  Sum c, d;
  bool saturate;
};

constexpr std::uint32_t rows = 16, columns = ProductSum::columns, deepest = 32;

template <Element element> void unpackA(Warp &warp, const Product &product, float *a) {
  constexpr std::uint32_t count = perRegister(element);
  for (std::uint32_t lane = 0; lane < warpSize; ++lane) {
    const std::uint64_t *in = warp.thread(lane).in;
    for (std::uint32_t r = 0; r < product.registersA; ++r)
      for (std::uint32_t e = 0; e < count; ++e)
        a[(lane / 4 + 8 * (r & 1)) * product.k + lane % 4 * count + e + 4 * count * (r >> 1)] =
            value<element>(static_cast<std::uint32_t>(in[r]), e);
  }
}

template <Element element> void unpackB(Warp &warp, const Product &product, float *b) {
  constexpr std::uint32_t count = perRegister(element);
  for (std::uint32_t lane = 0; lane < warpSize; ++lane) {
    const std::uint64_t *in = warp.thread(lane).in + product.registersA;
    for (std::uint32_t r = 0; r < product.registersB; ++r)
      for (std::uint32_t e = 0; e < count; ++e)
        b[(lane % 4 * count + e + 4 * count * r) * columns + lane / 4] =
            value<element>(static_cast<std::uint32_t>(in[r]), e);
  }
}

/// A row of the result is in four lanes, two columns in each: in their registers `first` and the next.
void multiplyFloats(Warp &warp, const Product &product, const float *a, const float *b) {
  ProductSum sum(a, rows, b, columns, product.k, product.a);
  for (std::uint32_t row = 0; row < rows; ++row) {
    float c[columns];
    double sums[columns];
    std::uint32_t half = row / 8, first = 2 * half;
    for (std::uint32_t column = 0; column < columns; ++column) {
      const std::uint64_t *in = warp.thread(row % 8 * 4 + column / 2).in + product.registersA + product.registersB;
      c[column] = product.c == Sum::Float ? asFloat(in[first + column % 2])
                                          : fromHalf(static_cast<std::uint16_t>(in[half] >> 16 * (column % 2)));
    }
    sum.add(row, 0, c, sums);
    for (std::uint32_t t = 0; t < columns / 2; ++t) {
      std::uint64_t *out = warp.thread(row % 8 * 4 + t).out;
      if (product.d == Sum::Float) {
        out[first] = sum.toFloatBits(sums[2 * t]);
        out[first + 1] = sum.toFloatBits(sums[2 * t + 1]);
      } else {
        out[half] = sum.toHalfBits(sums[2 * t]) | static_cast<std::uint64_t>(sum.toHalfBits(sums[2 * t + 1])) << 16;
      }
    }
  }
}

void multiplyIntegers(Warp &warp, const Product &product, const float *a, const float *b) {
  for (std::uint32_t lane = 0; lane < warpSize; ++lane) {
    Thread &thread = warp.thread(lane);
    for (std::uint32_t i = 0; i < 4; ++i) {
      const float *row = a + (lane / 4 + 8 * (i >> 1)) * product.k, *column = b + lane % 4 * 2 + (i & 1);
      std::int64_t sum = static_cast<std::int32_t>(thread.in[product.registersA + product.registersB + i]);
      for (std::uint32_t k = 0; k < product.k; ++k)
        sum += static_cast<std::int32_t>(row[k]) * static_cast<std::int32_t>(column[k * columns]);
      if (product.saturate)
        sum = std::clamp<std::int64_t>(sum, INT32_MIN, INT32_MAX);
      thread.out[i] = static_cast<std::uint32_t>(sum);
    }
  }
}

void multiplyAll(Warp &warp, std::uint32_t, const Site &site) {
  const auto &product = decoded<Product>(&site);
  float a[rows * deepest], b[deepest * columns];
  dispatch(product.a, [&]<Element element> { unpackA<element>(warp, product, a); });
  dispatch(product.b, [&]<Element element> { unpackB<element>(warp, product, b); });
  product.c == Sum::Integer ? multiplyIntegers(warp, product, a, b) : multiplyFloats(warp, product, a, b);
}

void multiply(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  meet(self(t), allLanes, Convergence::Whole, in, out, site, multiplyAll);
}

std::optional<Sum> sum(std::string_view type) {
  if (type == "f32")
    return Sum::Float;
  if (type == "f16")
    return Sum::Half;
  if (type == "s32")
    return Sum::Integer;
  return std::nullopt;
}

// mma.sync.aligned.shape.row.col{.satfinite}.dtype.atype.btype.ctype d, a, b, c
std::optional<Binding> decodeMultiply(const Name &name) {
  std::size_t count = name.parts.size();
  std::string_view shape = name.part(3);
  if (count < 10 || !name.has("sync") || !name.has("aligned") || !name.has("row") || !name.has("col") ||
      shape.substr(0, 6) != "m16n8k" || name.has("sp") || name.has("block_scale"))
    return std::nullopt;
  auto k = static_cast<std::uint32_t>(std::atoi(std::string(shape.substr(6)).c_str()));
  auto d = sum(name.part(count - 4)), c = sum(name.part(count - 1));
  auto a = parseElement(name.part(count - 3)), b = parseElement(name.part(count - 2));
  if (!a || !b || !c || !d)
    return std::nullopt;
  bool integer = *a >= Element::Signed, small = *a >= Element::E4m3;
  bool fits = small ? k == 16 || k == 32 : *a == Element::TFloat ? k == 4 || k == 8 : k == 8 || k == 16;
  bool pairs = small ? *b >= Element::E4m3 && (*b >= Element::Signed) == integer : *a == *b;
  if (!fits || !pairs || (*c == Sum::Integer) != integer || (*d == Sum::Integer) != integer ||
      ((*c == Sum::Half || *d == Sum::Half) && (*a == Element::BFloat || *a == Element::TFloat)))
    return std::nullopt;
  std::uint32_t inLane = 8 * k / warpSize; // elements of B; A has twice as many
  return bind(multiply, Product{k, 2 * inLane / perRegister(*a), inLane / perRegister(*a), *a, *b, *c, *d,
                                name.has("satfinite")});
}
} // namespace

std::span<const Opcode> multiplyInstructions() {
  static constexpr Opcode table[] = {{"mma", decodeMultiply}};
  return table;
}

} // namespace keel::emulator
