// Kernels with one synchronisation left out: what a test of the emulator's detectors runs.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace keel::emulation {
/// What is left of an instruction that orders threads or copies, once it no longer does.
struct Weakened {
  /// The instruction to execute in its place; "" for none.
  std::string name;
  /// What its results are, where there is none.
  uint64_t result = 0;
};

/// Nothing for an instruction that orders nothing.
std::optional<Weakened> weaken(llvm::StringRef name);
} // namespace keel::emulation
