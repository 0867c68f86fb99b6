// Matrix products of a warp: D = A·B + C. PTX ISA 9.7.14.5 mma.sync: shapes m16n8k4 and m16n8k8 (tf32), m16n8k8 and
// m16n8k16 (f16, bf16), m16n8k16 and m16n8k32 (8-bit floats and integers).
//
// One rule gives all fragments (9.7.14.5.4 and following). With g = lane / 4, t = lane mod 4, and E elements in a register:
// register r of A holds row g + 8 (r mod 2), columns t·E + 4E·(r / 2) and on; register r of B holds rows t·E + 4E·r and on of
// column g; C and D hold rows g and g + 8, columns 2t and 2t + 1.
//
// The order and the rounding of the sums are left open by the manual. Products are exact here, and the sum is rounded once.
#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/instructions/Element.h"

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

template <Element element> void unpackA(Warp &warp, const Product &product, float (&a)[16][32]) {
  constexpr std::uint32_t count = perRegister(element);
  for (std::uint32_t lane = 0; lane < warpSize; ++lane) {
    const std::uint64_t *in = warp.thread(lane).in;
    for (std::uint32_t r = 0; r < product.registersA; ++r)
      for (std::uint32_t e = 0; e < count; ++e)
        a[lane / 4 + 8 * (r & 1)][lane % 4 * count + e + 4 * count * (r >> 1)] = value<element>(static_cast<std::uint32_t>(in[r]), e);
  }
}

template <Element element> void unpackB(Warp &warp, const Product &product, float (&b)[32][8]) {
  constexpr std::uint32_t count = perRegister(element);
  for (std::uint32_t lane = 0; lane < warpSize; ++lane) {
    const std::uint64_t *in = warp.thread(lane).in + product.registersA;
    for (std::uint32_t r = 0; r < product.registersB; ++r)
      for (std::uint32_t e = 0; e < count; ++e)
        b[lane % 4 * count + e + 4 * count * r][lane / 4] = value<element>(static_cast<std::uint32_t>(in[r]), e);
  }
}

void multiplyAll(Warp &warp, std::uint32_t, const Site &site) {
  const auto &product = decoded<Product>(&site);
  float a[16][32], b[32][8];
  dispatch(product.a, [&]<Element element> { unpackA<element>(warp, product, a); });
  dispatch(product.b, [&]<Element element> { unpackB<element>(warp, product, b); });
  double sums[16][8] = {};
  for (std::uint32_t row = 0; row < 16; ++row)
    for (std::uint32_t k = 0; k < product.k; ++k)
      for (std::uint32_t column = 0; column < 8; ++column)
        sums[row][column] += static_cast<double>(a[row][k]) * static_cast<double>(b[k][column]);
  for (std::uint32_t lane = 0; lane < warpSize; ++lane) {
    Thread &thread = warp.thread(lane);
    const std::uint64_t *in = thread.in + product.registersA + product.registersB;
    std::uint64_t results[4];
    for (std::uint32_t i = 0; i < 4; ++i) {
      double sum = sums[lane / 4 + 8 * (i >> 1)][lane % 4 * 2 + (i & 1)];
      if (product.c == Sum::Integer) {
        auto wide = static_cast<std::int64_t>(sum) + static_cast<std::int32_t>(in[i]);
        if (product.saturate)
          wide = std::clamp<std::int64_t>(wide, INT32_MIN, INT32_MAX);
        results[i] = static_cast<std::uint32_t>(wide);
        continue;
      }
      sum += product.c == Sum::Float ? asFloat(in[i]) : fromHalf(static_cast<std::uint16_t>(in[i >> 1] >> 16 * (i & 1)));
      results[i] = product.d == Sum::Float ? bitsOf(static_cast<float>(sum)) : toHalf(static_cast<float>(sum));
      if (product.d == Sum::Float && std::isnan(sum))
        results[i] = 0x7fffffff;
    }
    if (product.d == Sum::Half) {
      thread.out[0] = results[0] | results[1] << 16;
      thread.out[1] = results[2] | results[3] << 16;
    } else {
      std::copy_n(results, 4, thread.out);
    }
  }
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
