// Packed matmul operands: the schedule of the kernels that pack.
#pragma once

#include "dialect/keel/Keel.h"

#include "mlir/IR/PatternMatch.h"

namespace keel {

/// Whether the kernel's body is one linalg.pack, as --pack-operands makes it.
bool isPackKernel(KernelOp kernel);

/// Gives a kernel of one linalg.pack its loop: an scf.forall over blocks of panels, each a copy or a transposition that
/// bufferizes in place. Fails on any other kernel, without changing it.
llvm::LogicalResult tilePackKernel(mlir::RewriterBase &rewriter, KernelOp kernel);

} // namespace keel
