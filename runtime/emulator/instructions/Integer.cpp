// Integer arithmetic, logic and comparison. PTX ISA 9.7.1 (integer), 9.7.6 (comparison), 9.7.8 (logic and shift), 9.7.9.7
// prmt. What reads or writes the carry is in Carry.cpp.
#include "runtime/emulator/Instruction.h"

#include <algorithm>
#include <array>
#include <string>

namespace keel::emulator {

namespace {
struct Operation {
  Type type;
  int detail;     // of a comparison: which; of mul and mad: 0 lo, 1 hi, 2 wide
  int combine = 0; // setp with a predicate: 1 and, 2 or, 3 xor
  bool saturate = false;
};

using Word = std::uint64_t;
constexpr Word mask(std::uint32_t bits) { return bits >= 64 ? ~0ull : (1ull << bits) - 1; }

/// The operand, extended from its type.
Word operand(const Type &type, Word word) {
  word &= mask(type.bits);
  if (type.kind == Type::Signed && type.bits < 64 && word >> (type.bits - 1) & 1)
    word |= ~mask(type.bits);
  return word;
}
std::int64_t asSigned(Word word) { return static_cast<std::int64_t>(word); }
bool less(const Type &type, Word a, Word b) { return type.kind == Type::Signed ? asSigned(a) < asSigned(b) : a < b; }

__extension__ using SignedProduct = __int128;
__extension__ using Product = unsigned __int128;

/// The upper and lower halves of a product of two operands of the type.
Product wideProduct(const Type &type, Word a, Word b) {
  return type.kind == Type::Signed ? static_cast<Product>(static_cast<SignedProduct>(asSigned(a)) * asSigned(b))
                                   : static_cast<Product>(a) * b;
}

using Unary = Word (*)(const Operation &, Word);
using Binary = Word (*)(const Operation &, Word, Word);
using Ternary = Word (*)(const Operation &, Word, Word, Word);

Word saturated(const Operation &operation, Word value) {
  if (!operation.saturate) // .sat is for s32
    return value;
  return static_cast<Word>(std::clamp<std::int64_t>(asSigned(value), INT32_MIN, INT32_MAX));
}

Word add(const Operation &o, Word a, Word b) { return saturated(o, a + b); }
Word subtract(const Operation &o, Word a, Word b) { return saturated(o, a - b); }
Word multiply(const Operation &o, Word a, Word b) {
  Product product = wideProduct(o.type, a, b);
  return static_cast<Word>(o.detail == 1 ? product >> o.type.bits : product);
}
Word multiplyAdd(const Operation &o, Word a, Word b, Word c) { return multiply(o, a, b) + c; }
Word multiply24(const Operation &o, Word a, Word b) {
  auto narrow = [&](Word w) { return o.type.kind == Type::Signed ? static_cast<Word>(asSigned(w << 40) >> 40) : w & mask(24); };
  Word product = narrow(a) * narrow(b);
  return o.detail == 1 ? product >> 16 : product;
}
Word divide(const Operation &o, Word a, Word b) {
  if (b == 0)
    return ~0ull; // "machine-specific"
  if (o.type.kind != Type::Signed)
    return a / b;
  return asSigned(b) == -1 ? 0 - a : static_cast<Word>(asSigned(a) / asSigned(b));
}
Word remainder(const Operation &o, Word a, Word b) {
  if (b == 0)
    return a;
  if (o.type.kind != Type::Signed)
    return a % b;
  return asSigned(b) == -1 ? 0 : static_cast<Word>(asSigned(a) % asSigned(b));
}
Word minimum(const Operation &o, Word a, Word b) { return less(o.type, a, b) ? a : b; }
Word maximum(const Operation &o, Word a, Word b) { return less(o.type, a, b) ? b : a; }
Word absolute(const Operation &, Word a) { return asSigned(a) < 0 ? 0 - a : a; }
Word negate(const Operation &, Word a) { return 0 - a; }
Word complement(const Operation &, Word a) { return ~a; }
Word logicalNot(const Operation &, Word a) { return a == 0; }
Word conjunction(const Operation &, Word a, Word b) { return a & b; }
Word disjunction(const Operation &, Word a, Word b) { return a | b; }
Word difference(const Operation &, Word a, Word b) { return a ^ b; }
Word shiftLeft(const Operation &o, Word a, Word b) { return b >= o.type.bits ? 0 : a << b; }
Word shiftRight(const Operation &o, Word a, Word b) {
  std::uint32_t count = static_cast<std::uint32_t>(std::min<Word>(b, o.type.bits));
  if (o.type.kind == Type::Signed)
    return static_cast<Word>(asSigned(a) >> std::min(count, 63u));
  return count >= 64 ? 0 : a >> count;
}
Word populationCount(const Operation &, Word a) { return static_cast<Word>(std::popcount(a)); }
Word leadingZeros(const Operation &o, Word a) { return static_cast<Word>(std::countl_zero(a)) - (64 - o.type.bits); }
Word findBit(const Operation &o, Word a) {
  if (o.type.kind == Type::Signed && asSigned(a) < 0)
    a = ~a;
  Word zeros = static_cast<Word>(std::countl_zero(a));
  if (zeros == 64)
    return 0xffffffff;
  return o.detail ? zeros - (64 - o.type.bits) : 63 - zeros;
}
Word reverse(const Operation &o, Word a) {
  Word result = 0;
  for (std::uint32_t i = 0; i < o.type.bits; ++i)
    result |= (a >> i & 1) << (o.type.bits - 1 - i);
  return result;
}
// bfe d, a, position, length
Word extract(const Operation &o, Word a, Word b, Word c) {
  std::uint32_t position = b & 0xff, length = c & 0xff, top = o.type.bits - 1;
  Word sign = o.type.kind != Type::Signed || length == 0 ? 0 : a >> std::min(position + length - 1, top) & 1;
  Word result = 0;
  for (std::uint32_t i = 0; i <= top; ++i)
    result |= (i < length && position + i <= top ? a >> (position + i) & 1 : sign) << i;
  return result;
}
Word permute(const Operation &, Word a, Word b, Word c) {
  Word bytes = (a & mask(32)) | b << 32, result = 0;
  for (std::uint32_t i = 0; i < 4; ++i) {
    Word selector = c >> 4 * i & 15, byte = bytes >> 8 * (selector & 7) & 0xff;
    if (selector & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= byte << 8 * i;
  }
  return result;
}
Word sumOfDifferences(const Operation &o, Word a, Word b, Word c) { return c + (less(o.type, a, b) ? b - a : a - b); }

template <Unary function> void unary(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  out[0] = operand(o.type, function(o, operand(o.type, in[0])));
}
/// As unary, with a 32-bit result (popc, clz, bfind).
template <Unary function> void count(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  out[0] = function(o, operand(o.type, in[0])) & mask(32);
}
template <Binary function> void binary(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  Word result = 0;
  for (std::uint32_t e = 0; e < o.type.elements; ++e) // packed ones by element
    result |= (operand(o.type, function(o, operand(o.type, in[0] >> e * o.type.bits), operand(o.type, in[1] >> e * o.type.bits))) &
               mask(o.type.elements > 1 ? o.type.bits : 64))
              << e * o.type.bits;
  out[0] = result;
}
/// The second operand is an unsigned 32-bit number whatever the type.
template <Binary function> void shift(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  out[0] = operand(o.type, function(o, operand(o.type, in[0]), in[1] & mask(32)));
}
template <Ternary function> void ternary(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  out[0] = operand(o.type, function(o, operand(o.type, in[0]), operand(o.type, in[1]), operand(o.type, in[2])));
}
template <Ternary function> void bitField(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  out[0] = operand(o.type, function(o, operand(o.type, in[0]), in[1], in[2]));
}
/// mul.wide, mad.wide: the result is twice as wide.
void wide(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  Type twice{o.type.kind, static_cast<std::uint8_t>(2 * o.type.bits), 1};
  Word sum = operand(o.type, in[0]) * operand(o.type, in[1]) + (site->num_in > 2 ? in[2] : 0);
  out[0] = operand(twice, sum);
}
// bfi f, a, b, position, length: a's bits into b.
void insert(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  std::uint32_t position = in[2] & 0xff, length = in[3] & 0xff;
  Word result = in[1];
  for (std::uint32_t i = 0; i < length && position + i < o.type.bits; ++i)
    result = (result & ~(1ull << (position + i))) | (in[0] >> i & 1) << (position + i);
  out[0] = result & mask(o.type.bits);
}
// lop3.b32 d, a, b, c, table
void logic3(keel_emulated_thread *, const Word *in, Word *out, const Site *) {
  Word result = 0;
  for (std::uint32_t row = 0; row < 8; ++row)
    if (in[3] >> row & 1)
      result |= (row & 4 ? in[0] : ~in[0]) & (row & 2 ? in[1] : ~in[1]) & (row & 1 ? in[2] : ~in[2]);
  out[0] = result & mask(32);
}
// shf.l/r.clamp/wrap.b32 d, a, b, c: b:a shifted
void funnel(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  int detail = decoded<Operation>(site).detail; // 1: right, 2: clamp
  Word both = (in[0] & mask(32)) | in[1] << 32;
  Word amount = detail & 2 ? std::min<Word>(in[2] & mask(32), 32) : in[2] & 31;
  out[0] = (detail & 1 ? both >> amount : both << amount >> 32) & mask(32);
  if (!(detail & 1) && amount == 32)
    out[0] = in[0] & mask(32);
}
// dp4a.atype.btype d, a, b, c
void dotProduct(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  int detail = decoded<Operation>(site).detail; // 1: a signed, 2: b signed
  std::int64_t sum = static_cast<std::int32_t>(in[2]);
  for (std::uint32_t i = 0; i < 4; ++i) {
    auto byte = [&](Word word, bool isSigned) {
      auto bits = static_cast<std::uint8_t>(word >> 8 * i);
      return isSigned ? static_cast<std::int64_t>(static_cast<std::int8_t>(bits)) : bits;
    };
    sum += byte(in[0], detail & 1) * byte(in[1], detail & 2);
  }
  out[0] = static_cast<std::uint32_t>(sum);
}

// setp.cmp{.boolop}.type p|q, a, b{, c}
enum Comparison { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };
bool compare(const Type &type, int comparison, Word a, Word b) {
  switch (comparison) {
  case Equal:
    return a == b;
  case NotEqual:
    return a != b;
  case Less:
    return less(type, a, b);
  case LessEqual:
    return !less(type, b, a);
  case Greater:
    return less(type, b, a);
  default:
    return !less(type, a, b);
  }
}
void setPredicate(keel_emulated_thread *, const Word *in, Word *out, const Site *site) {
  const auto &o = decoded<Operation>(site);
  bool result = compare(o.type, o.detail, operand(o.type, in[0]), operand(o.type, in[1])), other = !result;
  if (o.combine) {
    bool c = in[2] & 1;
    auto combined = [&](bool p) { return o.combine == 1 ? p && c : o.combine == 2 ? p || c : p != c; };
    result = combined(result), other = combined(other);
  }
  out[0] = result;
  out[1] = other;
}
// selp d, a, b, predicate; slct d, a, b, c: by the sign of c
void select(keel_emulated_thread *, const Word *in, Word *out, const Site *) { out[0] = in[2] & 1 ? in[0] : in[1]; }
void selectBySign(keel_emulated_thread *, const Word *in, Word *out, const Site *) {
  out[0] = static_cast<std::int32_t>(in[2]) >= 0 ? in[0] : in[1];
}

bool isInteger(const std::optional<Type> &type) { return type && !type->isFloat() && type->kind != Type::TFloat; }

template <keel_emulated_instruction function> std::optional<Binding> plain(const Name &name) {
  auto type = parseType(name.last());
  return isInteger(type) && !name.has("cc") ? std::optional(bind(function, Operation{*type, 0, 0, name.has("sat")})) : std::nullopt;
}
template <keel_emulated_instruction narrow> std::optional<Binding> product(const Name &name) {
  auto type = parseType(name.last());
  if (!isInteger(type) || name.has("cc"))
    return std::nullopt;
  return bind(name.has("wide") ? wide : narrow, Operation{*type, name.has("hi"), 0, name.has("sat")});
}
std::optional<Binding> decodeFindBit(const Name &name) {
  auto type = parseType(name.last());
  return isInteger(type) ? std::optional(bind(count<findBit>, Operation{*type, name.has("shiftamt")})) : std::nullopt;
}
std::optional<Binding> decodeFunnel(const Name &name) {
  return bind(funnel, Operation{{Type::Bits, 32, 1}, (name.has("r") ? 1 : 0) | (name.has("clamp") ? 2 : 0)});
}
std::optional<Binding> decodeDot(const Name &name) {
  return bind(dotProduct, Operation{{Type::Bits, 32, 1}, (name.part(1) == "s32" ? 1 : 0) | (name.part(2) == "s32" ? 2 : 0)});
}
std::optional<Binding> decodePermute(const Name &name) {
  if (name.parts.size() != 2) // the modes .f4e and so on
    return std::nullopt;
  return bind(bitField<permute>, Operation{{Type::Bits, 32, 1}, 0});
}
std::optional<Binding> decodeLogic3(const Name &name) {
  return name.parts.size() == 2 ? std::optional(Binding{logic3}) : std::nullopt;
}
std::optional<Binding> decodeSetPredicate(const Name &name) {
  auto type = parseType(name.last());
  if (!isInteger(type))
    return std::nullopt;
  static constexpr std::pair<std::string_view, Comparison> comparisons[] = {
      {"eq", Equal}, {"ne", NotEqual}, {"lt", Less},      {"le", LessEqual}, {"gt", Greater},
      {"ge", GreaterEqual}, {"lo", Less}, {"ls", LessEqual}, {"hi", Greater},   {"hs", GreaterEqual}};
  int combine = name.part(2) == "and" ? 1 : name.part(2) == "or" ? 2 : name.part(2) == "xor" ? 3 : 0;
  for (auto [text, comparison] : comparisons)
    if (name.part(1) == text)
      return bind(setPredicate, Operation{*type, comparison, combine});
  return std::nullopt;
}
template <keel_emulated_instruction function> std::optional<Binding> whatever(const Name &) { return Binding{function}; }
} // namespace

std::span<const Opcode> integerInstructions() {
  static constexpr Opcode table[] = {
      {"add", plain<binary<add>>},
      {"sub", plain<binary<subtract>>},
      {"mul", product<binary<multiply>>},
      {"mad", product<ternary<multiplyAdd>>},
      {"mul24", product<binary<multiply24>>},
      {"div", plain<binary<divide>>},
      {"rem", plain<binary<remainder>>},
      {"min", plain<binary<minimum>>},
      {"max", plain<binary<maximum>>},
      {"abs", plain<unary<absolute>>},
      {"neg", plain<unary<negate>>},
      {"not", plain<unary<complement>>},
      {"cnot", plain<unary<logicalNot>>},
      {"and", plain<binary<conjunction>>},
      {"or", plain<binary<disjunction>>},
      {"xor", plain<binary<difference>>},
      {"shl", plain<shift<shiftLeft>>},
      {"shr", plain<shift<shiftRight>>},
      {"popc", plain<count<populationCount>>},
      {"clz", plain<count<leadingZeros>>},
      {"bfind", decodeFindBit},
      {"brev", plain<unary<reverse>>},
      {"bfe", plain<bitField<extract>>},
      {"bfi", plain<insert>},
      {"sad", plain<ternary<sumOfDifferences>>},
      {"prmt", decodePermute},
      {"lop3", decodeLogic3},
      {"shf", decodeFunnel},
      {"dp4a", decodeDot},
      {"setp", decodeSetPredicate},
      {"selp", whatever<select>},
      {"slct", whatever<selectBySign>},
  };
  return table;
}

} // namespace keel::emulator
