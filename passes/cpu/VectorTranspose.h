// Transposes a square of vectors in registers.
#pragma once

#include "mlir/IR/Builders.h"

namespace keel {

/// Transposes as many vectors as each has lanes, a power of two: log2(lanes) rounds of one shuffle a vector.
llvm::SmallVector<mlir::Value> transposeSquare(mlir::OpBuilder &builder, mlir::Location loc,
                                               llvm::ArrayRef<mlir::Value> rows);

} // namespace keel
