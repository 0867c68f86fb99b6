// Pads become linalg.generic, so that they are computed in kernels; what a loop carries stays in one buffer. Runs after
// differentiation, which knows pads.
#include "passes/import/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace keel {
#define GEN_PASS_DEF_LOWERTENSOROPS
#include "passes/import/Passes.h.inc"
} // namespace keel

using namespace mlir;

namespace {

struct PadToGeneric : OpRewritePattern<tensor::PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::PadOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RankedTensorType type = op.getResultType();
    int64_t rank = type.getRank();
    ReifiedRankedShapedTypeDims shapes;
    if (failed(reifyResultShapes(rewriter, op, shapes)))
      return failure();
    auto materialize = [&](OpFoldResult value) { return getValueOrCreateConstantIndexOp(rewriter, loc, value); };
    // Of each padded dimension: where the source starts, and its last index.
    SmallVector<Value> lows(rank), sizes(rank);
    for (int64_t dim = 0; dim < rank; ++dim) {
      OpFoldResult low = op.getMixedLowPad()[dim], high = op.getMixedHighPad()[dim];
      if (isConstantIntValue(low, 0) && isConstantIntValue(high, 0))
        continue;
      lows[dim] = materialize(low);
      sizes[dim] = materialize(tensor::getMixedSize(rewriter, loc, op.getSource(), dim));
    }
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value one = arith::ConstantIndexOp::create(rewriter, loc, 1);
    Value empty = tensor::EmptyOp::create(rewriter, loc, shapes[0], type.getElementType());
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(
        rewriter, loc, empty.getType(), ValueRange(), empty, rewriter.getMultiDimIdentityMap(rank), iterators,
        [&](OpBuilder &builder, Location loc, ValueRange) {
          SmallVector<Value> position;
          Value inside;
          for (int64_t dim = 0; dim < rank; ++dim) {
            position.push_back(linalg::IndexOp::create(builder, loc, dim));
            if (!lows[dim])
              continue;
            Value at = arith::SubIOp::create(builder, loc, position.back(), lows[dim]);
            auto compare = [&](arith::CmpIPredicate predicate, Value rhs) {
              Value holds = arith::CmpIOp::create(builder, loc, predicate, at, rhs);
              inside = inside ? arith::AndIOp::create(builder, loc, inside, holds).getResult() : holds;
            };
            compare(arith::CmpIPredicate::sge, zero);
            compare(arith::CmpIPredicate::slt, sizes[dim]);
            // Outside, some element inside is read and not used.
            Value last = arith::SubIOp::create(builder, loc, sizes[dim], one);
            at = arith::MinSIOp::create(builder, loc, at, last);
            position.back() = arith::MaxSIOp::create(builder, loc, at, zero);
          }
          IRMapping mapping;
          Block *body = &op.getRegion().front();
          for (auto [dim, argument] : llvm::enumerate(body->getArguments()))
            if (!argument.use_empty())
              mapping.map(argument, linalg::IndexOp::create(builder, loc, dim).getResult());
          for (Operation &inner : body->without_terminator())
            builder.clone(inner, mapping);
          Value padding = mapping.lookupOrDefault(body->getTerminator()->getOperand(0));
          Value element = tensor::ExtractOp::create(builder, loc, op.getSource(), position);
          if (inside)
            element = arith::SelectOp::create(builder, loc, inside, element, padding);
          linalg::YieldOp::create(builder, loc, element);
        });
    Value result = generic.getResult(0);
    if (result.getType() != type)
      result = tensor::CastOp::create(rewriter, loc, type, result);
    rewriter.replaceOp(op, result);
    return success();
  }
};

// Whether `value` is `argument` after updates of parts of it, which bufferize in place by themselves.
bool updates(Value value, Value argument) {
  while (value != argument) {
    if (auto insertion = value.getDefiningOp<tensor::InsertSliceOp>())
      value = insertion.getDest();
    else if (auto loop = value.getDefiningOp<scf::ForOp>())
      value = loop.getTiedLoopInit(cast<OpResult>(value))->get();
    else
      return false;
  }
  return true;
}

// A tensor that a loop yields goes into the buffer of the one that came in: without a copy the memory plan would have to
// know which of two buffers an iteration reads. Where it is computed in place the copy is from itself, and folds.
void keepInBuffer(Block &block, Block::BlockArgListType arguments, MutableArrayRef<OpOperand> yielded) {
  OpBuilder builder(block.getTerminator());
  for (auto [argument, operand] : llvm::zip(arguments, yielded))
    if (isa<RankedTensorType>(argument.getType()) && argument.getType() == operand.get().getType() &&
        !updates(operand.get(), argument))
      operand.set(bufferization::MaterializeInDestinationOp::create(builder, operand.getOwner()->getLoc(),
                                                                    operand.get(), argument)
                      .getResult());
}

struct LowerTensorOps : keel::impl::LowerTensorOpsBase<LowerTensorOps> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (auto loop = dyn_cast<scf::ForOp>(op))
        keepInBuffer(*loop.getBody(), loop.getRegionIterArgs(), loop.getBody()->getTerminator()->getOpOperands());
      if (auto loop = dyn_cast<scf::WhileOp>(op))
        if (loop.getBeforeArguments().size() == loop.getAfterArguments().size())
          keepInBuffer(*loop.getAfterBody(), loop.getAfterArguments(),
                       loop.getAfterBody()->getTerminator()->getOpOperands());
    });
    RewritePatternSet patterns(&getContext());
    patterns.add<PadToGeneric>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
