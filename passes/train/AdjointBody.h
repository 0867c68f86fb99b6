// The body of an adjoint op while it is being written, and the op that comes out of it.
#pragma once

#include "passes/train/Backward.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"

namespace keel {

/// A copy of a generic's body, outside of any op, over the forward loops. Its block arguments stand for values indexed
/// by those loops. Differentiated code is appended; `finish` turns it into an op that keeps only what is used.
class AdjointBody {
public:
  enum class Combine { Store, Add, Multiply };

  AdjointBody(mlir::linalg::GenericOp op);

  /// The block argument for `value` read through `map`: one for equal pairs.
  mlir::Value addInput(mlir::Value value, mlir::AffineMap map);
  /// The copy of a value of the forward body.
  mlir::Value lookup(mlir::Value forward) const { return mapping.lookupOrDefault(forward); }
  /// Whether `value` is an input that is read through `map`; then what it stands for.
  mlir::Value getUnchanged(mlir::Value value, mlir::AffineMap map) const;

  /// Makes an op that combines `values` into `inits` at `outputs` (projected permutations of the loops). Loops that
  /// the first output lacks come last and are reductions. The body is used up.
  mlir::FailureOr<mlir::linalg::GenericOp> finish(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> values,
                                                  llvm::ArrayRef<mlir::Value> inits,
                                                  llvm::ArrayRef<mlir::AffineMap> outputs, Combine combine,
                                                  llvm::ArrayRef<Combine> others = {});
  /// Makes the gradient of `like`, which the forward op reads through `map`, from the body's `value`.
  mlir::FailureOr<mlir::Value> finishGradient(mlir::OpBuilder &builder, mlir::Value value, mlir::Value like,
                                              mlir::AffineMap map);

  mlir::Block &getBlock() { return region.front(); }
  mlir::OpBuilder getBuilder() {
    mlir::OpBuilder builder(op.getContext());
    builder.setInsertionPointToEnd(&region.front());
    return builder;
  }

  Gradients gradients;

private:
  struct Input {
    mlir::Value value;
    mlir::AffineMap map;
  };
  /// A dimension of the gradient that several loops sweep, as a convolution's window does: position = stride·outer +
  /// dilation·inner + offset. The gradient gathers instead: its loop is the position, which takes the place of the
  /// outer loop; values indexed by the outer loop are spread out with zeros between, at position + dilation·inner, and
  /// those indexed by the inner loop are reversed.
  struct Window {
    mlir::AffineExpr expression;
    unsigned outer;
    std::optional<unsigned> inner;
    int64_t stride, dilation, offset;
    mlir::OpFoldResult extent, innerExtent;
  };
  mlir::FailureOr<Window> makeWindow(mlir::OpBuilder &builder, mlir::AffineExpr expression, mlir::AffineMap map,
                                     mlir::OpFoldResult extent);
  mlir::LogicalResult applyWindows(mlir::OpBuilder &builder, Input &input);
  mlir::Value spread(mlir::OpBuilder &builder, mlir::Value value, llvm::ArrayRef<const Window *> axes);
  mlir::Value reverse(mlir::OpBuilder &builder, mlir::Value value, llvm::ArrayRef<bool> axes);
  mlir::LogicalResult checkIndices();

  mlir::linalg::GenericOp op;
  unsigned loops;
  mlir::Region region;
  llvm::SmallVector<Input> inputs; // one for each block argument
  llvm::SmallVector<Window> windows;
  mlir::IRMapping mapping;
};

/// Position, constant, and coefficient of each loop in a linear index expression; failure for others.
struct LinearIndex {
  static mlir::FailureOr<LinearIndex> get(mlir::AffineExpr expression, unsigned loops);
  llvm::SmallVector<int64_t> coefficients;
  int64_t constant;
  llvm::SmallVector<unsigned> loops; // those with a coefficient
  bool isLoop() const { return loops.size() == 1 && coefficients[loops[0]] == 1 && constant == 0; }
};

/// The extent of a loop, from an operand that it indexes alone.
mlir::OpFoldResult getLoopExtent(mlir::OpBuilder &builder, mlir::linalg::GenericOp op, unsigned loop);

} // namespace keel
