// Reverse-mode differentiation of the ops of a block.
#pragma once

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace keel {

/// Whether values of `type` have gradients: floats and tensors of floats.
bool isDifferentiable(mlir::Type type);

/// What an op's rule gives a gradient to: its operands, then the values that its regions use from above, in order of
/// first use.
llvm::SmallVector<mlir::Value> getDifferentiationInputs(mlir::Operation *op);

/// A constant of the type of `like`, a float or a tensor of floats, whose elements are all `value`.
mlir::Value constantLike(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value like, double value);

/// `value` as `type`: tensor.cast between tensor types of different static knowledge.
mlir::Value castTo(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, mlir::Type type);

/// The gradients known so far. No entry is a zero: nothing is ever added to zero.
class Gradients {
public:
  /// The gradient of `value`, null where it is zero.
  mlir::Value lookup(mlir::Value value) const { return gradients.lookup(value); }
  void set(mlir::Value value, mlir::Value gradient) { gradients[value] = gradient; }
  /// Adds one contribution to the gradient of `value`.
  void add(mlir::OpBuilder &builder, mlir::Value value, mlir::Value contribution);

private:
  llvm::DenseMap<mlir::Value, mlir::Value> gradients;
};

/// Walks the ops of `block` (those before `end`, or all) backwards and builds the gradients of what they depend on, at
/// the builder's insertion point. `gradients` holds those of the block's results on entry. Only values that depend on
/// `roots` get one. An op that stands between a gradient and a root and has no derivative is an error.
mlir::LogicalResult buildBackward(mlir::OpBuilder &builder, mlir::Block &block, llvm::ArrayRef<mlir::Value> roots,
                                  Gradients &gradients, mlir::Operation *end = nullptr);

/// Removes the ops of `block` that nothing uses, from the end.
void eraseDeadOps(mlir::Block &block);

} // namespace keel
