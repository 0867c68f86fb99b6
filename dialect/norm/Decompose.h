// From norm ops to `linalg`: the reference semantics, and what the fuser works on.
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace keel::norm {

/// Replaces every decomposable op under `root` by its decomposition; `norm.moments` stays if `keepMoments`.
/// Run CSE afterwards: a gradient rebuilds what its forward op already computes.
llvm::LogicalResult decomposeNormOps(mlir::Operation *root, bool keepMoments);

/// Statistics within a row, of a row that is held, are two passes over it: replaces the moments under `root` that do not go
/// over dimension 0. Those that do stay, to be merged tile by tile, unless a vector is one row.
void decomposeRowMoments(mlir::RewriterBase &rewriter, mlir::Operation *root, bool isVectorRow = false);

} // namespace keel::norm
