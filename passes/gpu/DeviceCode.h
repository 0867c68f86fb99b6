// From a gpu.module at the LLVM level to PTX and a cubin.
#pragma once

#include "passes/gpu/GpuTarget.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"

namespace keel {
/// What ptxas says of one kernel.
struct KernelResources {
  unsigned registers = 0;   ///< of a thread
  unsigned sharedBytes = 0; ///< static; what the launch asks for comes on top
  unsigned stackBytes = 0;  ///< local memory of a thread that is no spill
  std::string refusal;      ///< why the kernel is no good: it spills registers, or ptxas warns of it; empty: it is
  bool isSerialised = false; ///< ptxas warns: its wgmma wait for one another (C75xx)
};

struct DeviceCode {
  std::string ptx;
  std::vector<char> cubin;
  llvm::StringMap<KernelResources> kernels; ///< by symbol
};

/// The LLVM IR that NVPTX gets, and the emulator too: libdevice linked in, optimised, products and sums fused.
mlir::FailureOr<std::unique_ptr<llvm::Module>> translateDeviceCode(mlir::gpu::GPUModuleOp module,
                                                                   const GpuTarget &target, llvm::LLVMContext &context);

/// PTX of the oldest version that suffices, assembled. A function that libdevice lacks is an error at its place in the
/// model; a kernel that spills, or that ptxas serialises or otherwise warns about, is one by `refuseBad`.
mlir::FailureOr<DeviceCode> assembleDeviceCode(mlir::gpu::GPUModuleOp module, llvm::Module &code,
                                               const GpuTarget &target);

/// An error at the place of the first kernel with a refusal.
mlir::LogicalResult refuseBad(mlir::gpu::GPUModuleOp module, const DeviceCode &code);
} // namespace keel
