// Dynamic loss scaling, for gradients that pass through f16: Micikevicius et al. 2018, arXiv 1710.03740, section 3.2.
#pragma once

#include "passes/train/State.h"

namespace keel {

/// The gradients are those of the loss times `loss_scale`, a power of two, so that small ones do not vanish in f16. The
/// update divides by it. When a gradient is not finite the step changes no other state and the scale is halved; after
/// `loss_scale_interval` good steps in a row it is doubled. It stays between 1 and 2^24. All of it is part of the step:
/// no host decides.
class LossScale {
public:
  /// Creates the state: the settings `loss_scale` (65536 at first) and `loss_scale_interval` (2000), and the counter
  /// `loss_scale_good_steps`.
  static mlir::FailureOr<LossScale> create(StepState &state);

  /// The gradient from which the backward pass starts: a tensor<f32>.
  mlir::Value getScale(StepState &state) const { return state.load(scale); }

  /// The reciprocal of the scale, or 0 if a gradient is not finite; also stores the next scale. `gradients` are tensors of
  /// floats.
  mlir::Value finish(mlir::OpBuilder &builder, mlir::Location loc, StepState &state,
                     llvm::ArrayRef<mlir::Value> gradients) const;

private:
  mlir::ml_program::GlobalOp scale, interval, goodSteps;
};

/// Whether a float is greater than 0.
mlir::Value isPositive(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value number);

/// `value` where `factor`, a tensor of rank 0, is positive, else `old`.
mlir::Value selectByFactor(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value factor, mlir::Value value,
                       mlir::Value old);

} // namespace keel
