// NVIDIA's tools: where they are, and what they know.
#pragma once

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"

#include <string>
#include <vector>

namespace keel {
struct CudaToolkit {
  std::string ptxas;     ///< the assembler
  std::string libdevice; ///< math functions, as LLVM bitcode
};

/// The toolkit at CUDA_HOME, else in /usr/local/cuda, else the one whose ptxas is on PATH, else the one that
/// tools/setup fetched into the build folder. An error at `loc` if there is none.
mlir::FailureOr<CudaToolkit> findCudaToolkit(mlir::Location loc);
/// The first of these folders that holds one, or the same error.
mlir::FailureOr<CudaToolkit> findCudaToolkit(llvm::ArrayRef<std::string> folders, mlir::Location loc);

/// The targets that a toolkit's ptxas assembles for: "sm_80", "sm_90a", ...
mlir::FailureOr<std::vector<std::string>> getKnownTargets(const CudaToolkit &toolkit, mlir::Location loc);

/// Runs a tool, and gives its output and errors together. An error at `loc` if it cannot be started.
struct ToolResult {
  int status = 0;
  std::string output;
};
mlir::FailureOr<ToolResult> runTool(llvm::StringRef program, llvm::ArrayRef<llvm::StringRef> arguments,
                                    mlir::Location loc);
} // namespace keel
