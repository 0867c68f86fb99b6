// Floating-point arithmetic. PTX ISA 9.7.3 (f32, f64), 9.7.4 (f16, bf16, packed), 9.7.5 (mixed precision), 9.7.6
// (comparison). The .approx functions are not defined to the bit: here they are the host's, rounded once, and subnormals
// flushed where the manual says so.
#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/instructions/Number.h"

#include <algorithm>
#include <cfenv>

namespace keel::emulator {

namespace {
using Word = std::uint64_t;

struct Operation {
  Type type;
  Rounding rounding = Rounding::Nearest;
  bool ftz = false, sat = false, relu = false, nan = false, magnitude = false, signXor = false;
  int comparison = 0, combine = 0;
};

/// One element's bits into a number; f32 and narrower are exact in double.
double value(const Operation &o, Word word) {
  if (o.type.bits == 64)
    return std::bit_cast<double>(word);
  float result = o.type.bits == 32             ? asFloat(word)
                 : o.type.kind == Type::BFloat ? fromBFloat(static_cast<std::uint16_t>(word))
                                               : fromHalf(static_cast<std::uint16_t>(word));
  if (o.ftz && o.type.bits == 16 && o.type.kind == Type::Float)
    return std::fabs(result) < 0x1p-14f ? std::copysign(0.f, result) : result;
  return o.ftz ? flush(result) : result;
}

Word encoded(const Operation &o, double result) {
  if (o.sat)
    result = std::isnan(result) ? 0 : std::clamp(result, 0.0, 1.0);
  if (o.relu)
    result = std::isnan(result) ? result : std::max(result, 0.0);
  if (o.type.bits == 64)
    return std::bit_cast<Word>(result);
  if (o.type.bits == 32) {
    auto narrow = static_cast<float>(result);
    if (std::isnan(narrow))
      return 0x7fffffff; // "the NaN payload is canonical"
    return bitsOf(o.ftz ? flush(narrow) : narrow);
  }
  if (o.type.kind == Type::BFloat)
    return std::isnan(result) ? 0x7fff : encodeFloat(result, bfloat, o.rounding);
  Word bits = std::isnan(result) ? 0x7fff : encodeFloat(result, half, o.rounding);
  return o.ftz && !(bits & 0x7c00) ? bits & 0x8000 : bits;
}

/// The host's rounding mode while f32 and f64 are computed in another than to nearest.
class HostRounding {
public:
  explicit HostRounding(Rounding rounding) : needed(rounding != Rounding::Nearest && rounding != Rounding::NearestAway) {
    if (needed) {
      old = std::fegetround();
      std::fesetround(rounding == Rounding::Zero ? FE_TOWARDZERO : rounding == Rounding::Down ? FE_DOWNWARD : FE_UPWARD);
    }
  }
  ~HostRounding() {
    if (needed)
      std::fesetround(old);
  }

private:
  bool needed;
  int old = 0;
};

// In the operation's own precision, so that each is rounded once. volatile: in the rounding mode of the moment.
template <class T> T sum(T a, T b) {
  volatile T x = a, y = b;
  volatile T r = x + y;
  return r;
}
template <class T> T quotient(T a, T b) {
  volatile T x = a, y = b;
  volatile T r = x / y;
  return r;
}
template <class T> T product(T a, T b) {
  volatile T x = a, y = b;
  volatile T r = x * y;
  return r;
}
template <class T> T root(T a) {
  volatile T x = a;
  volatile T r = std::sqrt(x);
  return r;
}
template <class T> T fused(T a, T b, T c) {
  volatile T x = a, y = b, z = c;
  volatile T r = std::fma(x, y, z);
  return r;
}

double add(const Operation &o, double a, double b) {
  return o.type.bits == 32 ? sum(static_cast<float>(a), static_cast<float>(b)) : sum(a, b);
}
double subtract(const Operation &o, double a, double b) { return add(o, a, -b); }
double multiply(const Operation &o, double a, double b) {
  return o.type.bits == 32 ? product(static_cast<float>(a), static_cast<float>(b)) : product(a, b);
}
double divide(const Operation &o, double a, double b) {
  return o.type.bits == 32 ? quotient(static_cast<float>(a), static_cast<float>(b)) : quotient(a, b);
}
double squareRoot(const Operation &o, double a) { return o.type.bits == 32 ? root(static_cast<float>(a)) : root(a); }
double reciprocal(const Operation &o, double a) { return divide(o, 1, a); }
double multiplyAdd(const Operation &o, double a, double b, double c) {
  return o.type.bits == 32 ? fused(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c)) : fused(a, b, c);
}

double absolute(const Operation &, double a) { return std::fabs(a); }
double negate(const Operation &, double a) { return -a; }
double reciprocalRoot(const Operation &, double a) { return 1 / std::sqrt(a); }
double exp2(const Operation &, double a) { return std::exp2(a); }
double log2(const Operation &, double a) { return std::log2(a); }
double sine(const Operation &, double a) { return std::sin(a); }
double cosine(const Operation &, double a) { return std::cos(a); }
double tangentH(const Operation &, double a) { return std::tanh(a); }

/// -0 is less than +0; without .NaN a number wins over a not-a-number.
double extreme(const Operation &o, double a, double b, bool largest) {
  if (o.magnitude) // .xorsign.abs: the sign is the product's
    return std::copysign(extreme({o.type, o.rounding, false, false, false, o.nan}, std::fabs(a), std::fabs(b), largest),
                         std::signbit(a) != std::signbit(b) ? -1.0 : 1.0);
  if (std::isnan(a) || std::isnan(b))
    return o.nan || (std::isnan(a) && std::isnan(b)) ? std::nan("") : std::isnan(a) ? b : a;
  if (a == b)
    return std::signbit(a) == largest ? b : a;
  return (a < b) == largest ? b : a;
}
double minimum(const Operation &o, double a, double b) { return extreme(o, a, b, false); }
double maximum(const Operation &o, double a, double b) { return extreme(o, a, b, true); }
// copysign d, a, b: a's sign and b's magnitude, a not-a-number's, too
void copySign(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  Word sign = 1ull << (decoded<Operation>(site).type.bits - 1);
  out[0] = (in[0] & sign) | (in[1] & (sign - 1));
}

/// f(element …) for each element of the operands.
template <auto function, std::size_t operands>
void elementwise(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  HostRounding rounding(o.type.bits >= 32 ? o.rounding : Rounding::Nearest);
  Word result = 0;
  for (std::uint32_t e = 0; e < o.type.elements; ++e) {
    auto operand = [&](std::size_t i) { return value(o, in[i] >> e * o.type.bits); };
    double number;
    if constexpr (operands == 1)
      number = function(o, operand(0));
    else if constexpr (operands == 2)
      number = function(o, operand(0), operand(1));
    else
      number = function(o, operand(0), operand(1), operand(2));
    Word bits = encoded(o, number);
    result |= (o.type.elements > 1 ? bits & ((1ull << o.type.bits) - 1) : bits) << (o.type.elements > 1 ? e * o.type.bits : 0);
  }
  out[0] = result;
}

enum Comparison { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, Number, NotNumber };
void setPredicate(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  auto one = [&](std::uint32_t e) {
    double a = value(o, in[0] >> e * o.type.bits), b = value(o, in[1] >> e * o.type.bits);
    bool unordered = std::isnan(a) || std::isnan(b);
    switch (o.comparison & 7) {
    case Number:
      return !unordered;
    case NotNumber:
      return unordered;
    default:
      break;
    }
    if (unordered)
      return o.comparison >= 8; // equ, neu, ltu …
    switch (o.comparison & 7) {
    case Equal:
      return a == b;
    case NotEqual:
      return a != b;
    case Less:
      return a < b;
    case LessEqual:
      return a <= b;
    case Greater:
      return a > b;
    default:
      return a >= b;
    }
  };
  bool first = one(0), second = o.type.elements > 1 ? one(1) : !first;
  if (o.combine) {
    bool c = in[2] & 1;
    auto combined = [&](bool p) { return o.combine == 1 ? p && c : o.combine == 2 ? p || c : p != c; };
    first = combined(first), second = combined(second);
  }
  out[0] = first;
  out[1] = second;
}

void testProperty(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  double a = value(o, in[0]);
  int kind = o.type.bits == 32 ? std::fpclassify(static_cast<float>(a)) : std::fpclassify(a);
  switch (o.comparison) {
  case 0:
    out[0] = std::isfinite(a);
    break;
  case 1:
    out[0] = std::isinf(a);
    break;
  case 2:
    out[0] = !std::isnan(a);
    break;
  case 3:
    out[0] = std::isnan(a);
    break;
  case 4:
    out[0] = kind == FP_NORMAL || kind == FP_ZERO; // zero counts as normal (9.7.3.1)
    break;
  default:
    out[0] = kind == FP_SUBNORMAL;
  }
}

std::optional<Operation> parse(const Name &name) {
  auto type = parseType(name.last());
  if (!type || !type->isFloat())
    return std::nullopt;
  Operation o{*type};
  o.rounding = name.has("rz") ? Rounding::Zero : name.has("rm") ? Rounding::Down : name.has("rp") ? Rounding::Up : Rounding::Nearest;
  o.ftz = name.has("ftz");
  o.sat = name.has("sat");
  o.relu = name.has("relu");
  o.nan = name.has("NaN");
  o.magnitude = name.has("abs") && name.has("xorsign");
  return o;
}

template <keel_emulated_instruction function> std::optional<Binding> plain(const Name &name) {
  auto o = parse(name);
  return o ? std::optional(bind(function, *o)) : std::nullopt;
}

std::optional<Binding> decodeSetPredicate(const Name &name) {
  static constexpr std::pair<std::string_view, int> comparisons[] = {
      {"eq", Equal},      {"ne", NotEqual},      {"lt", Less},      {"le", LessEqual},      {"gt", Greater},
      {"ge", GreaterEqual}, {"num", Number},     {"nan", NotNumber}, {"equ", Equal + 8},    {"neu", NotEqual + 8},
      {"ltu", Less + 8},  {"leu", LessEqual + 8}, {"gtu", Greater + 8}, {"geu", GreaterEqual + 8}};
  auto o = parse(name);
  if (!o)
    return std::nullopt;
  o->combine = name.part(2) == "and" ? 1 : name.part(2) == "or" ? 2 : name.part(2) == "xor" ? 3 : 0;
  for (auto [text, comparison] : comparisons) {
    if (name.part(1) == text) {
      o->comparison = comparison;
      return bind(setPredicate, *o);
    }
  }
  return std::nullopt;
}

std::optional<Binding> decodeTestProperty(const Name &name) {
  static constexpr std::string_view properties[] = {"finite", "infinite", "number", "notanumber", "normal", "subnormal"};
  auto o = parse(name);
  if (!o)
    return std::nullopt;
  for (int i = 0; i < 6; ++i) {
    if (name.part(1) == properties[i]) {
      o->comparison = i;
      return bind(testProperty, *o);
    }
  }
  return std::nullopt;
}
} // namespace

std::span<const Opcode> floatInstructions() {
  static constexpr Opcode table[] = {
      {"add", plain<elementwise<add, 2>>},
      {"sub", plain<elementwise<subtract, 2>>},
      {"mul", plain<elementwise<multiply, 2>>},
      {"div", plain<elementwise<divide, 2>>},
      {"fma", plain<elementwise<multiplyAdd, 3>>},
      {"mad", plain<elementwise<multiplyAdd, 3>>},
      {"min", plain<elementwise<minimum, 2>>},
      {"max", plain<elementwise<maximum, 2>>},
      {"abs", plain<elementwise<absolute, 1>>},
      {"neg", plain<elementwise<negate, 1>>},
      {"copysign", plain<copySign>},
      {"rcp", plain<elementwise<reciprocal, 1>>},
      {"sqrt", plain<elementwise<squareRoot, 1>>},
      {"rsqrt", plain<elementwise<reciprocalRoot, 1>>},
      {"ex2", plain<elementwise<exp2, 1>>},
      {"lg2", plain<elementwise<log2, 1>>},
      {"sin", plain<elementwise<sine, 1>>},
      {"cos", plain<elementwise<cosine, 1>>},
      {"tanh", plain<elementwise<tangentH, 1>>},
      {"setp", decodeSetPredicate},
      {"testp", decodeTestProperty},
  };
  return table;
}

} // namespace keel::emulator
