// Brings every computation into the one form the fuser works on: linalg.generic and norm.moments.
#include "dialect/norm/Decompose.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/RowLoop.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_NORMALIZEGRAPH
#include "passes/fuse/Passes.h.inc"

namespace {
struct DecomposeSoftmax : OpRewritePattern<linalg::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::SoftmaxOp op, PatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> results = op.decomposeOperation(rewriter);
    if (failed(results))
      return failure();
    rewriter.replaceOp(op, *results);
    return success();
  }
};

/// Loops that go over nothing leave what was there before: no part of them can be cut out for a tile.
struct DropEmptyLoops : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(linalg::LinalgOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || !llvm::is_contained(op.getStaticLoopRanges(), 0))
      return failure();
    rewriter.replaceOp(op, op.getDpsInits());
    return success();
  }
};

/// Broadcasts, transposes and fills compute nothing: their readers can do without them. A main loop keeps its operands
/// projected permutations of its own loops, so it takes transposes only.
bool foldsIntoReader(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  if (!producer || !llvm::hasSingleElement(producer.getBody()->getOperations()) || producer->getNumResults() != 1 ||
      producer.payloadUsesValueFromOperand(producer.getDpsInitOperand(0)))
    return false;
  AffineMap source = producer.getNumDpsInputs() == 1 ? producer.getMatchingIndexingMap(producer.getDpsInputOperand(0))
                                                     : AffineMap();
  return !isMainLoop(operand->getOwner()) || (source && source.isPermutation());
}

struct NormalizeGraph : impl::NormalizeGraphBase<NormalizeGraph> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    if (failed(norm::decomposeNormOps(getOperation(), /*keepMoments=*/true)))
      return signalPassFailure();
    RewritePatternSet generalize(context);
    generalize.add<DecomposeSoftmax>(context);
    linalg::populateElementwiseToLinalgConversionPatterns(generalize);
    linalg::populateLinalgNamedOpsGeneralizationPatterns(generalize);
    if (failed(applyPatternsGreedily(getOperation(), std::move(generalize))))
      return signalPassFailure();

    RewritePatternSet fold(context);
    fold.add<DropEmptyLoops>(context);
    linalg::populateElementwiseOpsFusionPatterns(fold, foldsIntoReader);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(fold);
    linalg::GenericOp::getCanonicalizationPatterns(fold, context);
    memref::populateResolveRankedShapedTypeResultDimsPatterns(fold);
    if (failed(applyPatternsGreedily(getOperation(), std::move(fold))))
      return signalPassFailure();

    IRRewriter rewriter(context);
    DominanceInfo dominance(getOperation());
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());
  }
};
} // namespace
} // namespace keel
