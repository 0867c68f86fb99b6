// From norm ops to `linalg`: the reference semantics, and what the fuser works on.
#pragma once

#include "mlir/Support/LLVM.h"

namespace keel::norm {

/// Replaces every decomposable op under `root` by its decomposition; `norm.moments` stays if `keepMoments`.
/// Run CSE afterwards: a gradient rebuilds what its forward op already computes.
llvm::LogicalResult decomposeNormOps(mlir::Operation *root, bool keepMoments);

} // namespace keel::norm
