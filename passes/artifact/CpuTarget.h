// CPU targets: from a name on the command line to LLVM's target machine.
#pragma once

#include "mlir/IR/Location.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <string>

namespace keel {
struct CpuTarget {
  std::string name; ///< as given: "native" or a CPU's name
  std::unique_ptr<llvm::TargetMachine> machine;
  std::string features; ///< what generated code needs, as in /proc/cpuinfo: "avx512f,fma"
  int64_t vectorBits = 128, vectorRegisters = 16;
};

/// The target of that name; an error at `loc` for a name that LLVM does not know.
mlir::FailureOr<CpuTarget> getCpuTarget(llvm::StringRef name, mlir::Location loc);
} // namespace keel
