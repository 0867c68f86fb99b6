// Values that are linear along an axis: sums of tensors, each multiplied by something constant along that axis.
#pragma once

#include "mlir/IR/Value.h"

#include <string>

namespace keel::algebra {

/// A tensor that a linear form sums, and its dimension that runs along the form's axis.
struct Term {
  mlir::OpOperand *operand;
  int64_t dim;
};

/// `value[.., n, ..] = Σ c·t[.., n, ..]` over the terms t, with coefficients c that do not vary along n: a residual
/// sum, a row scalar, a linear layer (its terms are the weights and the accumulator), a broadcast bias, a gather of
/// rows, and any reshape or slice that leaves n alone. If every term has zero mean along n, so has the value.
struct LinearForm {
  llvm::SmallVector<Term> terms;
  std::string obstacle; ///< Why the value is no linear form; empty if it is one.

  bool holds() const { return obstacle.empty(); }
  /// A form without terms is zero.
  bool isZero() const { return holds() && terms.empty(); }
};

/// How `value` is computed along its dimension `dim`.
LinearForm getLinearForm(mlir::Value value, int64_t dim);

/// The result that a reader computes from a tensor, and where the tensor's axis goes in it.
struct Reading {
  mlir::Value result; ///< Null when only the shape is read, or when there is an obstacle.
  int64_t dim = 0;
  std::string obstacle; ///< Why the axis does not survive; empty if it does.
};

/// Follows dimension `dim` of a tensor into the op that reads it through `use`.
Reading followAxis(mlir::OpOperand &use, int64_t dim);

} // namespace keel::algebra
