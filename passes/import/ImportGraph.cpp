// Cleans up what exporters write: attributes of dialects that are not here, calls, run-time assertions, unit
// dimensions, tensor ops that have a plainer form in linalg. What it computes stays the same.
#include "passes/import/Passes.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

namespace keel {
#define GEN_PASS_DEF_IMPORTGRAPH
#include "passes/import/Passes.h.inc"
} // namespace keel

using namespace mlir;

namespace {

// mhlo.num_partitions, jax.result_info, torch.debug_dump_path, ...
void stripForeignAttributes(Operation *op) {
  auto isForeign = [](NamedAttribute attribute) {
    return attribute.getName().strref().contains('.') && !attribute.getNameDialect();
  };
  for (NamedAttribute attribute : llvm::to_vector(op->getDiscardableAttrs()))
    if (isForeign(attribute))
      op->removeDiscardableAttr(attribute.getName());
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    for (NamedAttribute attribute : llvm::to_vector(function.getArgAttrs(i)))
      if (isForeign(attribute))
        function.removeArgAttr(i, attribute.getName());
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    for (NamedAttribute attribute : llvm::to_vector(function.getResultAttrs(i)))
      if (isForeign(attribute))
        function.removeResultAttr(i, attribute.getName());
}

struct EraseAssert : OpRewritePattern<cf::AssertOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(cf::AssertOp op, PatternRewriter &rewriter) const override {
    rewriter.eraseOp(op);
    return success();
  }
};

// tensor.gather does not bufferize. Its indices become inputs, one for each coordinate, so that the element of a row is
// known before the row is read.
struct GatherToGeneric : OpRewritePattern<tensor::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::GatherOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value source = op.getSource(), indices = op.getIndices();
    RankedTensorType resultType = op.getResultType(), sourceType = op.getSourceType();
    ArrayRef<int64_t> gathered = op.getGatherDims();
    unsigned rank = resultType.getRank(), batchRank = op.getIndicesType().getRank() - 1;
    bool isReduced = rank != batchRank + sourceType.getRank(); // gathered dimensions are dropped, not of size one
    // For each source dimension: the result dimension that runs over it.
    SmallVector<int64_t> resultDims;
    int64_t next = batchRank;
    for (int64_t dim = 0; dim < sourceType.getRank(); ++dim) {
      bool isGathered = llvm::is_contained(gathered, dim);
      resultDims.push_back(isGathered ? -1 : next);
      next += !isGathered || !isReduced;
    }
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim = 0; dim < rank; ++dim)
      sizes.push_back(rewriter.getIndexAttr(1));
    for (unsigned dim = 0; dim < batchRank; ++dim)
      sizes[dim] = tensor::getMixedSize(rewriter, loc, indices, dim);
    for (auto [sourceDim, resultDim] : llvm::enumerate(resultDims))
      if (resultDim >= 0)
        sizes[resultDim] = tensor::getMixedSize(rewriter, loc, source, sourceDim);
    Value empty = tensor::EmptyOp::create(rewriter, loc, sizes, resultType.getElementType());
    SmallVector<AffineMap> maps;
    SmallVector<Value> inputs;
    for (unsigned i = 0; i < gathered.size(); ++i) {
      SmallVector<AffineExpr> exprs;
      for (unsigned dim = 0; dim < batchRank; ++dim)
        exprs.push_back(rewriter.getAffineDimExpr(dim));
      exprs.push_back(rewriter.getAffineConstantExpr(i));
      maps.push_back(AffineMap::get(rank, 0, exprs, rewriter.getContext()));
      inputs.push_back(indices);
    }
    maps.push_back(rewriter.getMultiDimIdentityMap(rank));
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(
        rewriter, loc, empty.getType(), inputs, empty, maps, iterators,
        [&](OpBuilder &builder, Location loc, ValueRange arguments) {
          SmallVector<Value> position;
          unsigned coordinate = 0;
          for (int64_t resultDim : resultDims) {
            if (resultDim >= 0) {
              position.push_back(linalg::IndexOp::create(builder, loc, resultDim));
              continue;
            }
            position.push_back(
                getValueOrCreateCastToIndexLike(builder, loc, builder.getIndexType(), arguments[coordinate++]));
          }
          Value element = tensor::ExtractOp::create(builder, loc, source, position);
          linalg::YieldOp::create(builder, loc, element);
        });
    Value result = generic.getResult(0);
    if (result.getType() != resultType)
      result = tensor::CastOp::create(rewriter, loc, resultType, result);
    rewriter.replaceOp(op, result);
    return success();
  }
};

// tensor.scatter does not bufferize. It becomes loops over its indices: one slice is inserted after the other.
struct ScatterToLoops : OpRewritePattern<tensor::ScatterOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::ScatterOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value source = op.getSource(), indices = op.getIndices();
    RankedTensorType sourceType = op.getSourceType(), destType = op.getDestType();
    unsigned batchRank = op.getIndicesType().getRank() - 1;
    bool isReduced = sourceType.getRank() != batchRank + destType.getRank(); // scattered dimensions are dropped
    SmallVector<OpFoldResult> sizes, sourceSizes(batchRank, rewriter.getIndexAttr(1));
    SmallVector<int64_t> sliceShape;
    for (int64_t dim = 0; dim < destType.getRank(); ++dim) {
      bool isScattered = llvm::is_contained(op.getScatterDims(), dim);
      sizes.push_back(isScattered ? OpFoldResult(rewriter.getIndexAttr(1))
                                  : tensor::getMixedSize(rewriter, loc, op.getDest(), dim));
      if (isScattered && isReduced)
        continue;
      sourceSizes.push_back(sizes.back());
      sliceShape.push_back(isScattered ? 1 : destType.getDimSize(dim));
    }
    auto sliceType = RankedTensorType::get(sliceShape, sourceType.getElementType());
    auto constant = [&](int64_t value) { return arith::ConstantIndexOp::create(rewriter, loc, value); };
    SmallVector<Value> lower(batchRank, constant(0)), step(batchRank, constant(1)), upper;
    for (unsigned dim = 0; dim < batchRank; ++dim)
      upper.push_back(tensor::DimOp::create(rewriter, loc, indices, dim));
    scf::LoopNest nest = scf::buildLoopNest(
        rewriter, loc, lower, upper, step, op.getDest(),
        [&](OpBuilder &builder, Location loc, ValueRange batch, ValueRange carried) -> scf::ValueVector {
          OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
          SmallVector<OpFoldResult> from = getAsOpFoldResult(batch), to(destType.getRank(), zero);
          from.resize(sourceType.getRank(), zero);
          for (auto [coordinate, dim] : llvm::enumerate(op.getScatterDims())) {
            SmallVector<Value> position(batch);
            position.push_back(arith::ConstantIndexOp::create(builder, loc, coordinate));
            Value index = tensor::ExtractOp::create(builder, loc, indices, position);
            to[dim] = getValueOrCreateCastToIndexLike(builder, loc, builder.getIndexType(), index);
          }
          SmallVector<OpFoldResult> sourceSteps(sourceType.getRank(), one), steps(destType.getRank(), one);
          Value slice = tensor::ExtractSliceOp::create(builder, loc, sliceType, source, from, sourceSizes, sourceSteps);
          return {tensor::InsertSliceOp::create(builder, loc, slice, carried.front(), to, sizes, steps)};
        });
    rewriter.replaceOp(op, nest.results);
    return success();
  }
};

// linalg.pack is a pad, a reshape and a transpose; linalg.unpack the reverse.
struct LowerPack : OpRewritePattern<linalg::PackOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::PackOp op, PatternRewriter &rewriter) const override {
    return linalg::lowerPack(rewriter, op);
  }
};
struct LowerUnPack : OpRewritePattern<linalg::UnPackOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::UnPackOp op, PatternRewriter &rewriter) const override {
    return linalg::lowerUnPack(rewriter, op);
  }
};

// tensor.splat is a fill.
struct SplatToFill : OpRewritePattern<tensor::SplatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::SplatOp op, PatternRewriter &rewriter) const override {
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), op.getType(), op.getDynamicSizes());
    rewriter.replaceOpWithNewOp<linalg::FillOp>(op, op.getInput(), empty);
    return success();
  }
};

// tensor.generate and tensor.from_elements by upstream's rewrite.
template <typename Op>
struct ToDestinationStyle : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    return failure(failed(linalg::rewriteInDestinationPassingStyle(rewriter, op)));
  }
};

struct ImportGraph : keel::impl::ImportGraphBase<ImportGraph> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    getOperation()->walk(stripForeignAttributes);

    // Helper functions, which JAX makes for relu, take, ...
    OpPassManager pipeline(ModuleOp::getOperationName());
    pipeline.addPass(createInlinerPass());
    pipeline.addPass(createSymbolDCEPass());
    if (failed(runPipeline(pipeline, getOperation())))
      return signalPassFailure();

    RewritePatternSet patterns(context);
    patterns.add<EraseAssert, GatherToGeneric, ScatterToLoops, LowerPack, LowerUnPack, SplatToFill,
                 ToDestinationStyle<tensor::GenerateOp>>(context);
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    linalg::populateElementwiseToLinalgConversionPatterns(patterns);
    linalg::populateDecomposeWinogradOpsPatterns(patterns);
    // Broadcasts along a dimension of size one, [rows x 1], are written without it.
    linalg::ControlDropUnitDims control;
    linalg::populateFoldUnitExtentDimsPatterns(patterns, control);
    linalg::populateFoldUnitExtentDimsCanonicalizationPatterns(patterns, control);
    // A sum over a dimension of size one is then elementwise, and its start an input like any other.
    linalg::populateMoveInitOperandsToInputPattern(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};

} // namespace
