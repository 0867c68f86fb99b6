// A linear layer as it stands in the IR: a contraction or convolution with weights, and biases added to it.
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <string>

namespace keel::algebra {

/// Whether a linalg op, or an op on whole tensors, does nothing but combine two operands by an `Op`, element by
/// element.
template <typename Op> bool isPairwise(mlir::Operation *op) {
  if (mlir::isa<Op>(op))
    return mlir::isa<mlir::RankedTensorType>(op->getResult(0).getType());
  auto linalgOp = mlir::dyn_cast<mlir::linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() != 2 || linalgOp->getNumResults() != 1 ||
      linalgOp.getNumParallelLoops() != linalgOp.getNumLoops() || linalgOp.getBlock()->getOperations().size() != 2)
    return false;
  auto pair = mlir::dyn_cast<Op>(linalgOp.getBlock()->front());
  auto isInput = [&](mlir::Value value) {
    auto argument = mlir::dyn_cast<mlir::BlockArgument>(value);
    return argument && argument.getOwner() == linalgOp.getBlock() && argument.getArgNumber() < 2;
  };
  return pair && isInput(pair->getOperand(0)) && isInput(pair->getOperand(1)) &&
         pair->getOperand(0) != pair->getOperand(1) &&
         linalgOp.getBlock()->getTerminator()->getOperand(0) == pair->getResult(0);
}

/// The dimensions of a pairwise op's result that those of an operand follow; nothing if they are permuted.
std::optional<llvm::SmallVector<int64_t>> operandDims(mlir::OpOperand &operand);

/// A vector that `value` holds along its dimension `dim`, the same at every position of the others: the value itself
/// if it has rank 1, or what it was broadcast from. Null if there is none.
mlir::Value vectorAlong(mlir::Value value, int64_t dim);

/// Whether `use` is the only reader of its tensor, but for readers of its shape.
bool isSoleReader(mlir::OpOperand &use);

struct LinearLayer {
  mlir::linalg::LinalgOp contraction;
  mlir::OpOperand *input = nullptr, *weights = nullptr;
  int64_t outputDim = 0;                 ///< The weights' dimension of outputs.
  llvm::SmallVector<mlir::Value> biases; ///< Vectors along the outputs that are added to it.
  std::string obstacle;                  ///< Why there is no linear layer; empty if there is one.
};

/// The linear layer that makes the tensor read by `use`, with its outputs along `channel`, if nothing else reads it.
LinearLayer matchLinearLayer(mlir::OpOperand &use, int64_t channel);

/// The layer's contraction with other weights and another start of its accumulator, and no bias added afterwards.
mlir::Value rebuild(mlir::OpBuilder &builder, LinearLayer layer, mlir::Value weights, mlir::Value init);

/// Erases the op that makes `value` if nothing reads it, and so on for what that read.
void eraseUnused(mlir::Value value);

} // namespace keel::algebra
