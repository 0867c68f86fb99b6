// Atomics. PTX ISA 9.7.13.5 atom, 9.7.13.6 red.
#include "runtime/emulator/instructions/Number.h"
#include "runtime/emulator/instructions/Strong.h"

#include <algorithm>

namespace keel::emulator {

namespace {
struct Atomic {
  enum Op : std::uint8_t { Add, Min, Max, And, Or, Xor, Exchange, Compare, Increment, Decrement } op;
  Semantics semantics;
  Type type;
  std::uint32_t elements, space;
  bool result;
};

template <class T> T number(const Atomic &atomic, T old, T value) {
  switch (atomic.op) {
  case Atomic::Add:
    return static_cast<T>(old + value);
  case Atomic::Min:
    return std::min(old, value);
  case Atomic::Max:
    return std::max(old, value);
  default:
    return value;
  }
}

std::uint64_t halfResult(const Atomic &atomic, std::uint16_t old, std::uint16_t value) {
  bool bfloat = atomic.type.kind == Type::BFloat;
  float a = bfloat ? fromBFloat(old) : fromHalf(old), b = bfloat ? fromBFloat(value) : fromHalf(value);
  float r = number(atomic, a, b);
  return bfloat ? toBFloat(r) : toHalf(r);
}

std::uint64_t combine(const Atomic &atomic, std::uint64_t old, std::uint64_t a, std::uint64_t b) {
  switch (atomic.op) {
  case Atomic::Exchange:
    return a;
  case Atomic::Compare:
    return old == a ? b : old;
  case Atomic::And:
    return old & a;
  case Atomic::Or:
    return old | a;
  case Atomic::Xor:
    return old ^ a;
  case Atomic::Increment:
    return old >= a ? 0 : old + 1;
  case Atomic::Decrement:
    return old == 0 || old > a ? a : old - 1;
  default:
    break;
  }
  if (atomic.type.isFloat()) {
    if (atomic.type.bits == 64)
      return std::bit_cast<std::uint64_t>(number(atomic, std::bit_cast<double>(old), std::bit_cast<double>(a)));
    if (atomic.type.bits == 32) // global f32 adds flush nothing, shared ones neither (9.7.13.5)
      return std::bit_cast<std::uint32_t>(number(atomic, std::bit_cast<float>(static_cast<std::uint32_t>(old)),
                                                 std::bit_cast<float>(static_cast<std::uint32_t>(a))));
    std::uint64_t low = halfResult(atomic, static_cast<std::uint16_t>(old), static_cast<std::uint16_t>(a));
    if (atomic.type.elements == 1)
      return low;
    return low | halfResult(atomic, static_cast<std::uint16_t>(old >> 16), static_cast<std::uint16_t>(a >> 16)) << 16;
  }
  bool wide = atomic.type.bits == 64;
  if (atomic.type.kind == Type::Signed)
    return wide ? static_cast<std::uint64_t>(number(atomic, static_cast<std::int64_t>(old), static_cast<std::int64_t>(a)))
                : static_cast<std::uint32_t>(number(atomic, static_cast<std::int32_t>(old), static_cast<std::int32_t>(a)));
  return wide ? number(atomic, old, a) : number(atomic, static_cast<std::uint32_t>(old), static_cast<std::uint32_t>(a));
}

template <class T> bool exchange(char *at, std::uint64_t &old, std::uint64_t value) {
  T expected = static_cast<T>(old);
  bool done = __atomic_compare_exchange_n(reinterpret_cast<T *>(at), &expected, static_cast<T>(value), false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST);
  old = expected;
  return done;
}

/// Returns the old value.
std::uint64_t update(const Atomic &atomic, char *at, std::uint32_t bytes, std::uint64_t a, std::uint64_t b) {
  std::uint64_t mask = bytes == 8 ? ~0ull : (1ull << 8 * bytes) - 1;
  std::uint64_t old = loadWord(at, bytes);
  for (;;) {
    std::uint64_t value = combine(atomic, old, a & mask, b & mask) & mask;
    if (bytes == 2 ? exchange<std::uint16_t>(at, old, value)
        : bytes == 4 ? exchange<std::uint32_t>(at, old, value)
                     : exchange<std::uint64_t>(at, old, value))
      return old;
  }
}

void perform(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  Thread &thread = self(t);
  const auto &atomic = decoded<Atomic>(site);
  std::uint32_t bytes = atomic.type.totalBits() / 8;
  StrongOperation operation(thread, in[0], atomic.semantics);
  auto check = [&] {
    return access(thread, in[0], bytes * atomic.elements, bytes * atomic.elements, atomic.space, Access::Update,
                  atomic.semantics.scope, site);
  };
  char *at = check();
  for (std::uint32_t i = 0; i < atomic.elements; ++i, at += bytes) {
    auto address = reinterpret_cast<std::uint64_t>(at);
    std::uint64_t a = in[1 + i], b = atomic.op == Atomic::Compare ? in[2] : 0;
    if (atomic.result) { // one that changes nothing may be a lock or a flag that is waited for
      std::uint64_t now = loadWord(at, bytes), mask = bytes == 8 ? ~0ull : (1ull << 8 * bytes) - 1;
      if ((combine(atomic, now, a & mask, b & mask) & mask) == now) {
        if (pollsInVain(thread, site, address, now)) {
          operation.spin(site);
          check();
        }
      } else {
        progress(thread);
      }
    }
    beforeWrite(thread, address, atomic.semantics, true);
    std::uint64_t old = update(atomic, at, bytes, a, b);
    if (atomic.result)
      out[i] = old;
    afterRead(thread, address, atomic.semantics);
  }
}

std::optional<Binding> decodeAtomic(const Name &name) {
  static constexpr std::pair<std::string_view, Atomic::Op> ops[] = {
      {"add", Atomic::Add}, {"min", Atomic::Min},       {"max", Atomic::Max},     {"and", Atomic::And},       {"or", Atomic::Or},
      {"xor", Atomic::Xor}, {"exch", Atomic::Exchange}, {"cas", Atomic::Compare}, {"inc", Atomic::Increment}, {"dec", Atomic::Decrement}};
  auto type = parseType(name.last());
  if (!type || type->totalBits() < 16 || type->totalBits() > 64 || name.has("async"))
    return std::nullopt;
  for (auto [op, value] : ops)
    if (name.has(op))
      return bind(perform, Atomic{value, parseSemantics(name, true), *type,
                                  name.has("v2") ? 2u : name.has("v4") ? 4u : name.has("v8") ? 8u : 1u, parseSpace(name),
                                  name.part(0) == "atom"});
  return std::nullopt;
}
} // namespace

std::span<const Opcode> atomicInstructions() {
  static constexpr Opcode table[] = {{"atom", decodeAtomic}, {"red", decodeAtomic}};
  return table;
}

} // namespace keel::emulator
