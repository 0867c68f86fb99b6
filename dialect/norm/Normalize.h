// What all normalizations share: statistics, normalized value, and their gradient. An op and its gradient call the
// same functions with the same arguments, so that CSE makes one computation of what both need.
#pragma once

#include "dialect/norm/Emit.h"

namespace keel::norm {

/// A normalization of the emitter's space.
struct Normalization {
  llvm::SmallVector<int64_t> axes;      ///< Statistics are taken along these dimensions.
  llvm::SmallVector<int64_t> scaleDims; ///< The dimensions that scale and shift follow.
  double epsilon = 1.0e-5;
  bool subtractMean = true; ///< The mean is computed and subtracted.
  bool meanTerm = true;     ///< The gradient is centred; false for RMS only.
  bool pivoted = false;     ///< The mean is small beside the deviation: one pass over Σx and Σx² is stable.
};

/// The quantities that forward and backward share.
struct Normalized {
  mlir::Value mean, m2; ///< Only where the mean is subtracted.
  mlir::Value reciprocalDeviation;
  mlir::Value value; ///< x̂, in the space's element type.
};

struct NormalizationGradient {
  mlir::Value dx, dscale, dshift;
};

/// (sum / count + epsilon)^-½ over the dimensions `kept`.
mlir::Value reciprocalDeviation(Emitter &emit, mlir::Value sum, Input count, llvm::ArrayRef<int64_t> kept,
                                double epsilon);

Normalized normalize(Emitter &emit, const Normalization &norm);

/// value·scale + shift along `dims`; either may be null.
mlir::Value scaleAndShift(Emitter &emit, mlir::Value value, mlir::Value scale, mlir::Value shift,
                          llvm::ArrayRef<int64_t> dims);

/// The gradient; dscale and dshift are in the accumulation type.
NormalizationGradient normalizeGradient(Emitter &emit, const Normalization &norm, mlir::Value dy, mlir::Value scale,
                                        bool wantScale, bool wantShift);

/// Σ dy and Σ dy·x̂ to the dimensions `kept`.
mlir::Value sumOf(Emitter &emit, mlir::Value dy, llvm::ArrayRef<int64_t> kept);
mlir::Value sumOfProduct(Emitter &emit, mlir::Value dy, mlir::Value normalized, llvm::ArrayRef<int64_t> kept);

/// The tensor as `type`: its elements rounded, its extents as static as that says.
mlir::Value castTensor(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tensor, mlir::RankedTensorType type);

} // namespace keel::norm
