// The columns that ops of planar kernels go over.
#pragma once

#include "mlir/IR/Operation.h"

namespace keel {

/// Whether an op goes over the same columns as each of the others, or over groups of theirs.
bool shareColumns(mlir::Operation *op, llvm::ArrayRef<mlir::Operation *> others);

} // namespace keel
