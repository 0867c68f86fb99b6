// Integers of several words: additions, subtractions and products that read and write the thread's carry flag. PTX ISA
// 9.7.2: add.cc, addc, sub.cc, subc, mad.cc, madc, each of 32 or 64 bits.
#include "runtime/emulator/Instruction.h"

namespace keel::emulator {

namespace {
enum class Kind { Add, Subtract, MultiplyAdd };
struct Operation {
  Kind kind;
  std::uint32_t bits;
  bool isSigned, upper, reads, writes; // the product's upper half; the carry
};

__extension__ using Wide = unsigned __int128;
__extension__ using SignedWide = __int128;

std::uint64_t product(const Operation &operation, std::uint64_t a, std::uint64_t b) {
  std::uint32_t rest = 64 - operation.bits;
  a <<= rest, b <<= rest;
  Wide whole = operation.isSigned ? static_cast<Wide>(static_cast<SignedWide>(static_cast<std::int64_t>(a) >> rest) *
                                                      (static_cast<std::int64_t>(b) >> rest))
                                  : static_cast<Wide>(a >> rest) * (b >> rest);
  return static_cast<std::uint64_t>(operation.upper ? whole >> operation.bits : whole);
}

void perform(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  const auto &operation = decoded<Operation>(site);
  Thread &thread = self(t);
  std::uint64_t mask = operation.bits == 64 ? ~0ull : (1ull << operation.bits) - 1;
  bool multiplies = operation.kind == Kind::MultiplyAdd;
  Wide a = (multiplies ? product(operation, in[0], in[1]) : in[0]) & mask, b = in[multiplies ? 2 : 1] & mask;
  Wide carry = operation.reads && thread.carry;
  // A borrow is a carry beyond the width, too.
  Wide result = operation.kind == Kind::Subtract ? a - b - carry : a + b + carry;
  if (operation.writes)
    thread.carry = (result >> operation.bits & 1) != 0;
  out[0] = static_cast<std::uint64_t>(result) & mask;
  if (operation.isSigned && operation.bits == 32)
    out[0] = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(out[0])));
}

// add{c}{.cc}.type, sub{c}{.cc}.type, mad{c}.{lo,hi}{.cc}.type
template <Kind kind> std::optional<Binding> decode(const Name &name) {
  auto type = parseType(name.last());
  bool reads = name.part(0).back() == 'c', writes = name.has("cc");
  if (!type || (type->kind != Type::Signed && type->kind != Type::Unsigned) || type->bits < 32 || type->elements != 1 ||
      (!reads && !writes) || (kind == Kind::MultiplyAdd && !name.has("lo") && !name.has("hi")))
    return std::nullopt;
  return bind(perform, Operation{kind, type->bits, type->kind == Type::Signed, name.has("hi"), reads, writes});
}
} // namespace

std::span<const Opcode> carryInstructions() {
  static constexpr Opcode table[] = {
      {"add", decode<Kind::Add>},         {"addc", decode<Kind::Add>},
      {"sub", decode<Kind::Subtract>},    {"subc", decode<Kind::Subtract>},
      {"mad", decode<Kind::MultiplyAdd>}, {"madc", decode<Kind::MultiplyAdd>},
  };
  return table;
}

} // namespace keel::emulator
