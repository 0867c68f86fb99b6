// Folds and canonicalization: what needs no knowledge of the ops around it. Rewrites that move a normalization into
// the weights next to it are `passes/algebra`'s.
#include "dialect/norm/Norm.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace keel::norm;

OpFoldResult DropoutOp::fold(FoldAdaptor) {
  // Nothing is dropped.
  return getRate().isZero() ? OpFoldResult(getInput()) : OpFoldResult();
}

OpFoldResult BatchNormInferenceOp::fold(FoldAdaptor) {
  // Statistics that change nothing, bit for bit: mean 0, variance + epsilon 1.
  bool isIdentity = !getScale() && !getShift() && getEpsilon().isZero() &&
                    matchPattern(getMean(), m_AnyZeroFloat()) && matchPattern(getVariance(), m_OneFloat());
  return isIdentity ? OpFoldResult(getInput()) : OpFoldResult();
}

namespace {

/// Drops a scale of ones and a shift of zeros.
template <typename Op> struct DropNeutralParameters : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    bool noScale = op.getScale() && matchPattern(op.getScale(), m_OneFloat());
    bool noShift = op.getShift() && matchPattern(op.getShift(), m_AnyZeroFloat());
    if (!noScale && !noShift)
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      if (noScale)
        op.getScaleMutable().clear();
      if (noShift)
        op.getShiftMutable().clear();
    });
    return success();
  }
};

/// Drops the parameter gradients of a gradient op that nothing reads.
template <typename Op> struct DropUnusedGradients : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto isUnused = [](Value result) { return result && result.use_empty(); };
    bool noScale = isUnused(op.getDscale()), noShift = isUnused(op.getDshift());
    if (!noScale && !noShift)
      return failure();
    OperationState state(op.getLoc(), op->getName());
    state.addOperands(op->getOperands());
    state.addAttributes(op->getAttrs());
    SmallVector<int32_t> segments = llvm::to_vector(op.getProperties().resultSegmentSizes);
    SmallVector<Value> kept;
    for (Value result : op->getResults()) {
      bool isDropped = (noScale && result == op.getDscale()) || (noShift && result == op.getDshift());
      if (isDropped)
        continue;
      kept.push_back(result);
      state.addTypes(result.getType());
    }
    segments[segments.size() - 2] -= noScale;
    segments[segments.size() - 1] -= noShift;
    state.attributes.set("resultSegmentSizes", rewriter.getDenseI32ArrayAttr(segments));
    Operation *slim = rewriter.create(state);
    for (auto [from, to] : llvm::zip_equal(kept, slim->getResults()))
      rewriter.replaceAllUsesWith(from, to);
    rewriter.eraseOp(op);
    return success();
  }
};

struct DropUnusedTargetGradient : OpRewritePattern<SoftmaxCrossEntropyGradOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SoftmaxCrossEntropyGradOp op, PatternRewriter &rewriter) const override {
    if (!op.getDtargets() || !op.getDtargets().use_empty())
      return failure();
    auto slim = SoftmaxCrossEntropyGradOp::create(rewriter, op.getLoc(), op.getDlogits().getType(), Type(),
                                                  op.getDloss(), op.getLogits(), op.getLabels());
    rewriter.replaceAllUsesWith(op.getDlogits(), slim.getDlogits());
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

#define CANONICALIZE(OP, PATTERN)                                                                                      \
  void OP::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {                            \
    patterns.add<PATTERN>(context);                                                                                    \
  }
CANONICALIZE(LayerNormOp, DropNeutralParameters<LayerNormOp>)
CANONICALIZE(RmsNormOp, DropNeutralParameters<RmsNormOp>)
CANONICALIZE(GroupNormOp, DropNeutralParameters<GroupNormOp>)
CANONICALIZE(BatchNormOp, DropNeutralParameters<BatchNormOp>)
CANONICALIZE(BatchNormInferenceOp, DropNeutralParameters<BatchNormInferenceOp>)
CANONICALIZE(LayerNormGradOp, DropUnusedGradients<LayerNormGradOp>)
CANONICALIZE(RmsNormGradOp, DropUnusedGradients<RmsNormGradOp>)
CANONICALIZE(GroupNormGradOp, DropUnusedGradients<GroupNormGradOp>)
CANONICALIZE(BatchNormGradOp, DropUnusedGradients<BatchNormGradOp>)
CANONICALIZE(BatchNormInferenceGradOp, DropUnusedGradients<BatchNormInferenceGradOp>)
CANONICALIZE(SoftmaxCrossEntropyGradOp, DropUnusedTargetGradient)
#undef CANONICALIZE
