// GPU targets: from a name on the command line to what LLVM and ptxas are told.
#pragma once

#include "passes/gpu/Toolkit.h"

#include "llvm/Target/TargetMachine.h"

#include <memory>

namespace keel {
struct GpuTarget {
  std::string name;      ///< "sm_80"
  unsigned sm = 0;       ///< 80
  bool specific = false; ///< sm_90a, sm_100f: runs on that architecture (or family) alone
  unsigned ptx = 0;      ///< the oldest PTX version that has the target, times ten: 70
  CudaToolkit toolkit;
};

/// Whether the name asks for a GPU ("sm_..."), known or not.
bool isGpuTarget(llvm::StringRef name);

/// The target of that name; an error at `loc` for one that ptxas or LLVM does not know, or that is older than sm_80.
mlir::FailureOr<GpuTarget> getGpuTarget(llvm::StringRef name, mlir::Location loc);

/// LLVM's code generator for the target and a version of PTX.
std::unique_ptr<llvm::TargetMachine> createTargetMachine(const GpuTarget &target, unsigned ptx);
} // namespace keel
