// bf16 as what the host moves around: 16 bits.
#pragma once

#include "llvm/IR/Module.h"

namespace keel {
/// Loads, stores, choices and rearrangements of bf16 become those of i16. x86 without bf16 arithmetic takes them, of vectors,
/// for arithmetic, and calls functions that the C library does not have.
void moveBfloatsAsIntegers(llvm::Module &module);
} // namespace keel
