// Mutants: small changes of kernels, each of which a launch can choose, to test what notices them.
#pragma once

#include "passes/emulate/EmulatorCalls.h"

namespace keel::emulation {
/// What takes the place of an instruction that orders threads or copies where a mutant lacks it. Nothing for an
/// instruction that orders nothing.
std::optional<std::string> weaken(llvm::StringRef name);

/// A change of a word that an instruction is given: bits are flipped, or something is added.
struct Disturbance {
  llvm::StringRef kind;
  unsigned operand;
  uint64_t flipped, added;
};

/// The mutants that are such changes: phases, counts and places of mbarriers, swizzles of wgmma's operands. `name` as in Abi.h.
llvm::SmallVector<Disturbance> disturb(llvm::StringRef name, unsigned numIn);

/// The mutants that are changes of values, of a function that is device code still but for the thread: polls that wait
/// for nothing, counters off by one, swizzles without their key, bounds that always hold.
void plantMutants(llvm::Function &function, EmulatorCalls &calls);
} // namespace keel::emulation
