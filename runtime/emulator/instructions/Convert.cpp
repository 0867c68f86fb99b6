// Conversions. PTX ISA 9.7.9.21 cvt: between integers, between floats, both ways, and two floats into a packed pair (the
// first operand becomes the upper half).
#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/instructions/Number.h"

#include <algorithm>

namespace keel::emulator {

namespace {
using Word = std::uint64_t;

struct Element { // of a source or a destination
  bool isFloat, isSigned;
  std::uint32_t bits;
  Format format; // of floats of fewer than 32 bits
  bool tensor;   // tf32
};
struct Side {
  Element element;
  std::uint32_t elements;
};
struct Conversion {
  Side to, from;
  Rounding rounding;
  bool toIntegral; // .rni …: a float stays one
  bool ftz, sat, relu, finite;
};

std::optional<Side> parseSide(std::string_view text) {
  auto small = [&](Format format, std::uint32_t elements) { return Side{{true, true, 8, format, false}, elements}; };
  if (text == "e4m3x2" || text == "e4m3")
    return small(e4m3, text.size() > 4 ? 2 : 1);
  if (text == "e5m2x2" || text == "e5m2")
    return small(e5m2, text.size() > 4 ? 2 : 1);
  auto type = parseType(text);
  if (!type || type->kind == Type::Predicate || type->kind == Type::Bits || type->bits > 64)
    return std::nullopt;
  bool tensor = type->kind == Type::TFloat;
  return Side{{type->isFloat() || tensor, type->kind != Type::Unsigned, type->bits, type->kind == Type::BFloat ? bfloat : half, tensor},
              type->elements};
}

double floatValue(const Conversion &c, Word word) {
  const Element &element = c.from.element;
  if (element.bits == 64)
    return std::bit_cast<double>(word);
  if (element.bits == 32)
    return c.ftz ? flush(asFloat(word)) : asFloat(word);
  return decodeFloat(static_cast<std::uint32_t>(word & ((1u << element.bits) - 1)), element.format);
}

Word narrowed(double value, Rounding rounding) { // to f32
  auto nearest = static_cast<float>(value);
  if (rounding == Rounding::Nearest || nearest == value || std::isnan(value))
    return bitsOf(nearest);
  bool up = nearest > value;
  if (rounding == Rounding::Zero)
    rounding = value > 0 ? Rounding::Down : Rounding::Up;
  if (rounding == Rounding::Down && up)
    nearest = std::nextafter(nearest, -INFINITY);
  if (rounding == Rounding::Up && !up)
    nearest = std::nextafter(nearest, INFINITY);
  return bitsOf(nearest);
}

Word tensorFloat(float value, Rounding rounding) { // ten bits of mantissa, in an f32
  auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7f800000) == 0x7f800000) // a not-a-number stays one, and keeps its upper bits (recorded on an H200)
    return (std::isnan(value) ? bits | 0x400000 : bits) & 0xffffe000u;
  if (rounding == Rounding::NearestAway)
    bits += 0x1000;
  else if (rounding == Rounding::Nearest)
    bits += 0xfff + (bits >> 13 & 1);
  return bits & 0xffffe000u;
}

Word floatResult(const Conversion &c, double value) {
  const Element &element = c.to.element;
  if (c.toIntegral)
    value = roundToIntegral(value, c.rounding);
  if (c.sat)
    value = std::isnan(value) ? 0 : std::clamp(value, 0.0, 1.0);
  if (c.relu && !std::isnan(value))
    value = std::max(value, 0.0);
  if (element.tensor)
    return tensorFloat(static_cast<float>(value), c.rounding);
  if (element.bits == 64)
    return std::bit_cast<Word>(value);
  if (element.bits == 32) {
    if (std::isnan(value))
      return 0x7fffffff;
    Word bits = narrowed(value, c.rounding);
    return c.ftz ? bitsOf(flush(asFloat(bits))) : bits;
  }
  return encodeFloat(value, element.format, c.toIntegral ? Rounding::Nearest : c.rounding, c.finite);
}

Word extended(const Element &element, Word word) {
  if (element.bits == 64)
    return word;
  std::uint32_t rest = 64 - element.bits;
  return element.isSigned ? static_cast<Word>(static_cast<std::int64_t>(word << rest) >> rest) : word << rest >> rest;
}

/// Out of range goes to the nearest that there is; a not-a-number to 0, or from or to 64 bits to the upper bit alone.
Word integerResult(const Conversion &c, double value) {
  const Element &element = c.to.element;
  if (std::isnan(value))
    return c.from.element.bits == 64 || element.bits == 64 ? extended(element, 1ull << (element.bits - 1)) : 0;
  value = roundToIntegral(value, c.rounding);
  if (!element.isSigned) {
    double limit = std::ldexp(1.0, static_cast<int>(element.bits));
    Word largest = element.bits == 64 ? ~0ull : (1ull << element.bits) - 1;
    return value <= 0 ? 0 : value >= limit ? largest : static_cast<Word>(value);
  }
  double limit = std::ldexp(1.0, static_cast<int>(element.bits) - 1);
  std::int64_t largest = element.bits == 64 ? INT64_MAX : (1ll << (element.bits - 1)) - 1;
  return static_cast<Word>(value <= -limit ? -largest - 1 : value >= limit ? largest : static_cast<std::int64_t>(value));
}

Word fromInteger(const Conversion &c, Word word) {
  word = extended(c.from.element, word);
  const Element &to = c.to.element;
  bool negative = c.from.element.isSigned && static_cast<std::int64_t>(word) < 0;
  if (!to.isFloat) {
    if (c.sat) {
      if (!to.isSigned) {
        Word largest = to.bits == 64 ? ~0ull : (1ull << to.bits) - 1;
        word = negative ? 0 : std::min(word, largest);
      } else {
        std::int64_t largest = to.bits == 64 ? INT64_MAX : (1ll << (to.bits - 1)) - 1;
        word = !negative && word > static_cast<Word>(largest)
                   ? static_cast<Word>(largest)
                   : static_cast<Word>(std::max(static_cast<std::int64_t>(word), -largest - 1));
      }
    }
    return extended(to, word);
  }
  if (to.bits == 32 && c.rounding == Rounding::Nearest && !c.sat) // 64 bits are not exact in double: once is enough
    return bitsOf(c.from.element.isSigned ? static_cast<float>(static_cast<std::int64_t>(word)) : static_cast<float>(word));
  return floatResult(c, c.from.element.isSigned ? static_cast<double>(static_cast<std::int64_t>(word)) : static_cast<double>(word));
}

Word convert(const Conversion &c, Word word) {
  if (!c.from.element.isFloat)
    return fromInteger(c, word);
  double value = floatValue(c, word);
  return c.to.element.isFloat ? floatResult(c, value) : extended(c.to.element, integerResult(c, value));
}

void perform(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &c = decoded<Conversion>(site);
  if (c.to.elements == 1) {
    out[0] = convert(c, in[0]);
    return;
  }
  std::uint32_t bits = c.to.element.bits;
  Word low, high;
  if (c.from.elements == 2) { // from a pair
    low = convert(c, in[0]);
    high = convert(c, in[0] >> c.from.element.bits);
  } else {
    high = convert(c, in[0]);
    low = convert(c, in[1]);
  }
  out[0] = (low & ((1ull << bits) - 1)) | (high & ((1ull << bits) - 1)) << bits;
}

// cvt{.rounding}{.ftz}{.sat}{.relu}{.satfinite}.to.from
std::optional<Binding> decodeConvert(const Name &name) {
  if (name.parts.size() < 3)
    return std::nullopt;
  auto from = parseSide(name.last()), to = parseSide(name.part(name.parts.size() - 2));
  if (!from || !to || name.has("pack") || (from->elements == 2 && to->elements != 2))
    return std::nullopt;
  Conversion c{*to, *from, Rounding::Nearest, false, name.has("ftz"), name.has("sat"), name.has("relu"), name.has("satfinite")};
  static constexpr std::pair<std::string_view, Rounding> roundings[] = {
      {"rn", Rounding::Nearest}, {"rz", Rounding::Zero}, {"rm", Rounding::Down}, {"rp", Rounding::Up}, {"rna", Rounding::NearestAway}};
  for (auto [text, rounding] : roundings)
    if (name.has(text))
      c.rounding = rounding;
  static constexpr std::pair<std::string_view, Rounding> integral[] = {
      {"rni", Rounding::Nearest}, {"rzi", Rounding::Zero}, {"rmi", Rounding::Down}, {"rpi", Rounding::Up}};
  for (auto [text, rounding] : integral)
    if (name.has(text))
      c.rounding = rounding, c.toIntegral = from->element.isFloat && to->element.isFloat;
  return bind(perform, c);
}
} // namespace

std::span<const Opcode> convertInstructions() {
  static constexpr Opcode table[] = {{"cvt", decodeConvert}};
  return table;
}

} // namespace keel::emulator
