// How instructions are found by name. Each file in instructions/ holds one family: a table of opcodes, a decoder that reads
// the modifiers once, when a module is resolved, and functions that run with what it read.
#ifndef KEEL_EMULATOR_INSTRUCTION_H
#define KEEL_EMULATOR_INSTRUCTION_H

#include "runtime/emulator/Machine.h"

#include <optional>
#include <span>
#include <string_view>

namespace keel::emulator {

/// "ld.relaxed.gpu.global.b64", in parts.
struct Name {
  std::string_view text;
  std::vector<std::string_view> parts;

  explicit Name(std::string_view text);
  bool has(std::string_view modifier) const;
  /// The n-th part, or "".
  std::string_view part(std::size_t n) const { return n < parts.size() ? parts[n] : std::string_view(); }
  std::string_view last() const { return parts.back(); }
};

struct Binding {
  keel_emulated_instruction function;
  std::shared_ptr<const void> decoded = nullptr; // what `decoded<T>` finds
};

struct Opcode {
  std::string_view opcode; // the first part of the name
  /// Nothing for modifiers that do not exist or are not implemented.
  std::optional<Binding> (*decode)(const Name &name);
};

template <class T> const T &decoded(const Site *site) { return *static_cast<const T *>(site->import->decoded); }
template <class T> Binding bind(keel_emulated_instruction function, T decoded) {
  return {function, std::make_shared<const T>(decoded)};
}
inline Thread &self(keel_emulated_thread *thread) { return *static_cast<Thread *>(thread); }

/// What the shape of a value is, from a type modifier.
struct Type {
  enum Kind : std::uint8_t { Bits, Signed, Unsigned, Float, BFloat, TFloat, Predicate } kind;
  std::uint8_t bits;     // of an element
  std::uint8_t elements; // 2: packed (f16x2, bf16x2, u16x2 …)
  std::uint32_t totalBits() const { return static_cast<std::uint32_t>(bits) * elements; }
  bool isFloat() const { return kind == Float || kind == BFloat; }
};
std::optional<Type> parseType(std::string_view modifier);
/// The LLVM address space that a state space modifier names: 0 if there is none.
std::uint32_t parseSpace(const Name &name);
Scope parseScope(const Name &name, Scope otherwise);

std::span<const Opcode> registerInstructions();
std::span<const Opcode> barrierInstructions();
std::span<const Opcode> warpInstructions();
std::span<const Opcode> memoryInstructions();
std::span<const Opcode> atomicInstructions();
std::span<const Opcode> asyncCopyInstructions();
std::span<const Opcode> matrixInstructions();
std::span<const Opcode> multiplyInstructions();
std::span<const Opcode> integerInstructions();
std::span<const Opcode> carryInstructions();
std::span<const Opcode> floatInstructions();
std::span<const Opcode> convertInstructions();
std::span<const Opcode> controlInstructions();
std::span<const Opcode> mbarrierInstructions();
std::span<const Opcode> clusterInstructions();
std::span<const Opcode> bulkCopyInstructions();
std::span<const Opcode> warpGroupInstructions();

} // namespace keel::emulator

#endif
