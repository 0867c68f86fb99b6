// Which values are written to memory and read back, however computations are grouped: besides the operands of contractions,
// what a training step saves for its backward pass, and what must wait for a sum over all rows.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/SetVector.h"

namespace keel {

/// The values of full size that are summed over their rows, and read again by what needs the sums: a batch norm's input and
/// the gradient of its result. Not those whose moments are taken without a pivot.
llvm::SmallVector<mlir::Value> findValuesReadAfterSums(mlir::func::FuncOp function);

/// The results that a contraction on the way to the function's results depends on and that something else reads: what a
/// forward pass leaves for the backward pass. Of those, the ones of full size (statistics are not), but for what can be
/// computed element by element from `rounded`, from others of the list, and from what is `given`. In program order.
llvm::SmallVector<mlir::Value> findSavedValues(mlir::func::FuncOp function,
                                               llvm::ArrayRef<mlir::linalg::LinalgOp> contractions,
                                               const llvm::SetVector<mlir::Value> &rounded,
                                               llvm::function_ref<bool(mlir::Value)> isGiven);

} // namespace keel
