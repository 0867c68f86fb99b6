// Builds one keel.kernel from the computations that the partition put together.
#pragma once

#include "passes/fuse/Partition.h"

#include "dialect/keel/Keel.h"

#include "mlir/IR/Builders.h"

namespace keel {

/// Builds the kernel of `group`, one of a block's `groups`, at the builder's insertion point. Returns it, and for each
/// of its results the value of the original program that it stands for.
std::pair<KernelOp, llvm::SmallVector<mlir::Value>> buildKernel(mlir::OpBuilder &builder, const KernelGroup &group,
                                                               llvm::ArrayRef<KernelGroup> groups, mlir::Block &block,
                                                               llvm::StringRef name);

} // namespace keel
