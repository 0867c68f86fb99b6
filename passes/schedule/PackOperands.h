// Packed matmul operands, as --pack-operands makes them.
#pragma once

#include "dialect/keel/Keel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace keel {

/// Whether the op packs a matrix along one dimension, panels first.
bool isPanelPack(mlir::linalg::PackOp pack);

/// Whether the kernel's body is one such op, on the kernel's input.
bool isPackKernel(KernelOp kernel);

} // namespace keel
