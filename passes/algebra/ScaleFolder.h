// The linear layers that read a normalization, and its scale and shift in their weights.
#pragma once

#include "passes/algebra/StateDependence.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <string>

namespace keel::algebra {

/// A contraction that reads a normalization, and how its weights follow it.
struct NormReader {
  mlir::linalg::LinalgOp op;
  mlir::OpOperand *input = nullptr, *weights = nullptr;
  int64_t inputDim = 0;  ///< The weights' dimension that scale and shift run along.
  int64_t outputDim = 0; ///< The result's dimension of outputs.
  mlir::Value bias;      ///< What the result starts from along the outputs; null where that is zero.
};

/// Moves a normalization's scale and shift into the weights and biases of the linear layers that read it, which are given
/// back. Nothing is changed, and a remark of the pass's name says why, where that cannot be.
std::optional<llvm::SmallVector<NormReader>> foldScale(mlir::Operation *norm, llvm::StringRef passName);

/// Whether it can be.
bool canFoldScale(mlir::Operation *norm);

} // namespace keel::algebra
