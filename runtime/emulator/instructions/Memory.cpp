// Loads and stores. PTX ISA 9.7.9.8 ld, 9.7.9.9 ld.global.nc, 9.7.9.12 st; 9.7.13.4 fence, membar; 9.7.9.15 prefetch,
// 9.7.9.19 isspacep, 9.7.9.20 cvta.
#include "runtime/emulator/instructions/MBarrier.h"
#include "runtime/emulator/instructions/Strong.h"

#include <cstring>

namespace keel::emulator {

namespace {
struct Move {
  Semantics semantics;
  Type type;
  std::uint32_t elements, bytes, space; // bytes of an element
};

std::optional<Move> parseMove(const Name &name) {
  auto type = parseType(name.last());
  if (!type || type->kind == Type::Predicate || name.has("async") || name.has("bulk"))
    return std::nullopt;
  std::uint32_t elements = name.has("v2") ? 2 : name.has("v4") ? 4 : name.has("v8") ? 8 : 1;
  return Move{parseSemantics(name, false), *type, elements, type->totalBits() / 8, parseSpace(name)};
}

std::uint64_t extended(const Type &type, std::uint64_t value) {
  if (type.kind != Type::Signed)
    return value;
  std::uint32_t rest = 64 - type.bits;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << rest) >> rest);
}

void load(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  Thread &thread = self(t);
  const auto &move = decoded<Move>(site);
  std::uint32_t bytes = move.elements * move.bytes;
  StrongOperation operation(thread, in[0], move.semantics);
  auto check = [&]() -> const char * {
    if (move.space == 4 || move.space == 5)
      return reinterpret_cast<const char *>(in[0]);
    return access(thread, in[0], bytes, bytes, move.space, Access::Load, move.semantics.scope, site);
  };
  const char *from = check();
  if (move.bytes == 16) {
    std::memcpy(out, from, bytes);
    return;
  }
  if (move.semantics.scope == Scope::Weak) {
    for (std::uint32_t i = 0; i < move.elements; ++i) {
      std::uint64_t value = 0;
      std::memcpy(&value, from + i * move.bytes, move.bytes);
      out[i] = extended(move.type, value);
    }
    return;
  }
  // A vector is as many accesses, in any order (PTX ISA 8.2.2).
  auto address = reinterpret_cast<std::uint64_t>(from);
  std::uint64_t all = 0;
  for (bool again = true; again;) {
    all = 0;
    for (std::uint32_t i = move.elements; i-- > 0;) {
      std::uint64_t value = loadWord(from + i * move.bytes, move.bytes);
      out[i] = extended(move.type, value);
      all = all * 0x9e3779b97f4a7c15ull + value;
    }
    again = pollsInVain(thread, site, address, all);
    if (again) {
      operation.spin(site);
      check();
      // Once: if nothing has changed meanwhile, the kernel gets the old value, and decides itself.
      for (std::uint32_t i = move.elements; i-- > 0;)
        out[i] = extended(move.type, loadWord(from + i * move.bytes, move.bytes));
      break;
    }
  }
  for (std::uint32_t i = 0; i < move.elements; ++i)
    afterRead(thread, address + i * move.bytes, move.semantics);
}

void store(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  const auto &move = decoded<Move>(site);
  std::uint32_t bytes = move.elements * move.bytes;
  StrongOperation operation(thread, in[0], move.semantics);
  char *to;
  if (move.space == 5)
    to = reinterpret_cast<char *>(in[0]);
  else
    to = access(thread, in[0], bytes, bytes, move.space, Access::Store, move.semantics.scope, site);
  if (move.bytes == 16) {
    std::memcpy(to, in + 1, bytes);
    return;
  }
  if (move.semantics.scope == Scope::Weak) {
    for (std::uint32_t i = 0; i < move.elements; ++i)
      std::memcpy(to + i * move.bytes, &in[1 + i], move.bytes);
    return;
  }
  for (std::uint32_t i = 0; i < move.elements; ++i) {
    char *element = to + i * move.bytes;
    beforeWrite(thread, reinterpret_cast<std::uint64_t>(element), move.semantics, false);
    storeWord(element, move.bytes, in[1 + i]);
  }
  progress(thread);
}

std::optional<Binding> decodeLoad(const Name &name) {
  auto move = parseMove(name);
  return move ? std::optional(bind(load, *move)) : std::nullopt;
}
std::optional<Binding> decodeStore(const Name &name) {
  auto move = parseMove(name);
  return move ? std::optional(bind(store, *move)) : std::nullopt;
}

// ---- fence{.sem}.scope, membar.level. fence.proxy.async lets the asynchronous proxy see.
void fenceAt(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *site) {
  fence(self(t), decoded<Scope>(site));
}
void fenceForProxy(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) {
  fenceProxy(self(t));
  showMBarriers(self(t));
}
void fenceMBarriers(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) { showMBarriers(self(t)); }
void nothing(keel_emulated_thread *, const std::uint64_t *, std::uint64_t *, const Site *) {}

std::optional<Binding> decodeFence(const Name &name) {
  if (name.has("proxy") && name.has("async"))
    return Binding{fenceForProxy};
  if (name.has("mbarrier_init"))
    return Binding{fenceMBarriers};
  if (name.has("proxy"))
    return Binding{nothing};
  return bind(fenceAt, name.has("gl") ? Scope::Gpu : parseScope(name, Scope::Sys));
}

std::optional<Binding> decodeNothing(const Name &) { return Binding{nothing}; }

// ---- cvta{.to}.space.size: see Abi.h for what addresses are.
void toShared(keel_emulated_thread *, const std::uint64_t *in, std::uint64_t *out, const Site *) { out[0] = in[0] & 0xffffffff; }
void fromShared(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *) {
  out[0] = t->window | (in[0] & 0xffffffff);
}
void same(keel_emulated_thread *, const std::uint64_t *in, std::uint64_t *out, const Site *) { out[0] = in[0]; }

std::optional<Binding> decodeConvertAddress(const Name &name) {
  if (!name.has("shared") && !name.has("shared::cta") && !name.has("shared::cluster"))
    return Binding{same};
  return Binding{name.has("to") ? toShared : fromShared};
}

void isShared(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *) {
  out[0] = (in[0] ^ t->window) >> 32 == 0;
}
void isLocal(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *) {
  Thread &thread = self(t);
  out[0] = in[0] - reinterpret_cast<std::uint64_t>(thread.stack) < thread.stackBytes;
}
void isGlobal(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  std::uint64_t shared[2], local[2];
  isShared(t, in, shared, site);
  isLocal(t, in, local, site);
  out[0] = !shared[0] && !local[0];
}

std::optional<Binding> decodeIsSpace(const Name &name) {
  switch (parseSpace(name)) {
  case 1:
    return Binding{isGlobal};
  case 3:
    return Binding{isShared};
  case 5:
    return Binding{isLocal};
  }
  return std::nullopt;
}

// ---- What LLVM IR has and PTX has not.
void copyBytes(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  for (std::uint64_t i = 0; i < in[2]; ++i) {
    char *to = access(self(t), in[0] + i, 1, 1, 0, Access::Store, Scope::Weak, site);
    *to = *access(self(t), in[1] + i, 1, 1, 0, Access::Load, Scope::Weak, site);
  }
}
void setBytes(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  for (std::uint64_t i = 0; i < in[2]; ++i)
    *access(self(t), in[0] + i, 1, 1, 0, Access::Store, Scope::Weak, site) = static_cast<char>(in[1]);
}
std::optional<Binding> decodeCopyBytes(const Name &) { return Binding{copyBytes}; }
std::optional<Binding> decodeSetBytes(const Name &) { return Binding{setBytes}; }
} // namespace

std::span<const Opcode> memoryInstructions() {
  static constexpr Opcode table[] = {
      {"ld", decodeLoad},           {"ldu", decodeLoad},       {"st", decodeStore},           {"fence", decodeFence},
      {"membar", decodeFence},      {"cvta", decodeConvertAddress}, {"isspacep", decodeIsSpace}, {"prefetch", decodeNothing},
      {"prefetchu", decodeNothing}, {"applypriority", decodeNothing}, {"memcpy", decodeCopyBytes}, {"memmove", decodeCopyBytes},
      {"memset", decodeSetBytes}};
  return table;
}

} // namespace keel::emulator
