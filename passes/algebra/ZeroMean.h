// Which tensors may be given, and can be given, a zero mean along an axis by centring weights.
#pragma once

#include "passes/algebra/LinearForm.h"
#include "passes/algebra/StateDependence.h"

namespace keel::algebra {

/// A tensor to be centred along `dim` where `term.operand` reads it; multiplied before by `scale`, a vector along that
/// dimension, if there is one (LayerScale).
struct Centring {
  Term term;
  mlir::Value scale;
};

/// The decision for one reader: what to centre, or why that is not possible.
struct ZeroMeanPlan {
  llvm::SmallVector<Centring> centrings;
  /// What LayerScale ops scale: the centred weights take the scale over, and the ops go.
  llvm::SmallVector<mlir::OpOperand *> scaled;
  std::string obstacle; ///< Why it is not possible; empty if it is.
  llvm::DenseSet<std::pair<mlir::Value, int64_t>> visited;

  bool holds() const { return obstacle.empty(); }
};

/// Decides over residual streams. Centring moves a value by something that is constant along the axis, so two things
/// are asked: that every reader, however far, is a layer norm over that axis (then neither a result nor a gradient
/// notices, and the gradient of the value is itself centred), and that every producer can be centred.
class ZeroMeanAnalysis {
public:
  /// What to do so that the tensor read by `use` has zero mean along its dimension `dim`.
  ZeroMeanPlan plan(mlir::OpOperand &use, int64_t dim);

private:
  /// Why a reader of `value` would notice a shift along `dim`; empty if none would.
  std::string shiftObstacle(mlir::Value value, int64_t dim);
  std::string computeShiftObstacle(mlir::Value value, int64_t dim);
  void visit(mlir::OpOperand &use, int64_t dim, mlir::Value scale, ZeroMeanPlan &plan);
  bool visitLayerScale(mlir::OpOperand &use, int64_t dim, ZeroMeanPlan &plan);
  bool isBroadcast(mlir::Value value);

  StateDependence state;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, std::string> shiftObstacles;
};

} // namespace keel::algebra
