// Sums over a kernel's rows: one partial result a block, added in the order of the blocks, so that the result does not
// depend on who computed which block.
#include "passes/schedule/RowTiler.h"

#include "mlir/Analysis/SliceAnalysis.h"

using namespace mlir;

namespace keel {

/// One partial result a block: a new dimension in front.
Value RowTiler::emptyPartials(Value result, OpFoldResult blocks) {
  SmallVector<OpFoldResult> sizes = {blocks};
  llvm::append_range(sizes, sizesOf(cast<OpResult>(result)));
  return tensor::EmptyOp::create(rewriter, loc, sizes, cast<RankedTensorType>(result.getType()).getElementType());
}

/// This block's partial result.
Slice RowTiler::blockOf(Value partials) {
  Slice slice;
  for (int64_t dim = 0, rank = cast<RankedTensorType>(partials.getType()).getRank(); dim < rank; ++dim) {
    slice.offsets.push_back(dim == 0 ? blockNumber : rewriter.getIndexAttr(0));
    slice.sizes.push_back(dim == 0 ? rewriter.getIndexAttr(1) : extent(partials, dim));
    slice.strides.push_back(rewriter.getIndexAttr(1));
  }
  return slice;
}

static Operation *combinerOf(linalg::GenericOp op, unsigned index) {
  SmallVector<Operation *> combiners;
  matchReduction(op.getRegionOutputArgs(), index, combiners);
  return combiners[0];
}

/// The start of a block's partial sum: the combiner's neutral element.
Value RowTiler::neutralStart(linalg::GenericOp op, unsigned index) {
  Value result = op->getResult(index), partials = block.partials[result];
  Slice slice = blockOf(partials);
  Value target = tensor::ExtractSliceOp::create(rewriter, loc, cast<RankedTensorType>(result.getType()), partials,
                                                slice.offsets, slice.sizes, slice.strides);
  Value start = arith::ConstantOp::create(rewriter, loc, *arith::getNeutralElement(combinerOf(op, index)));
  return linalg::FillOp::create(rewriter, loc, start, target).getResult(0);
}

/// Adds the blocks' partial results, in order, to the sum's own start.
void RowTiler::finishSum(Value sum, Value partials) {
  auto op = sum.getDefiningOp<linalg::GenericOp>();
  unsigned index = cast<OpResult>(sum).getResultNumber();
  auto type = cast<RankedTensorType>(sum.getType());
  Operation *combiner = combinerOf(op, index);
  unsigned rank = type.getRank();
  AffineMap all = rewriter.getMultiDimIdentityMap(rank + 1);
  SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
  iterators[0] = utils::IteratorType::reduction;
  auto finish = linalg::GenericOp::create(
      rewriter, loc, TypeRange(type), ValueRange(partials), ValueRange(op.getDpsInits()[index]),
      ArrayRef{all, all.dropResult(0)}, iterators, [&](OpBuilder &b, Location at, ValueRange arguments) {
        IRMapping mapping;
        mapping.map(combiner->getOperand(0), arguments[0]);
        mapping.map(combiner->getOperand(1), arguments[1]);
        linalg::YieldOp::create(b, at, b.clone(*combiner, mapping)->getResult(0));
      });
  replaceOutside(sum, finish.getResult(0));
}

/// Chan, Golub and LeVeque's merge of (count, mean, M2), block after block. All blocks but the last have `rowBlock`
/// rows times what else each statistic runs over.
void RowTiler::mergeMoments(norm::MomentsOp op, Value means, Value m2s, Value rows) {
  auto type = cast<RankedTensorType>(op.getMean().getType());
  Type element = type.getElementType();
  unsigned rank = type.getRank();
  SmallVector<Value> starts;
  for (Value result : {op.getMean(), op.getM2()}) {
    Value destination = wholeDestination(result);
    Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(element));
    starts.push_back(linalg::FillOp::create(rewriter, loc, zero, destination).getResult(0));
  }
  AffineMap all = rewriter.getMultiDimIdentityMap(rank + 1);
  SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
  iterators[0] = utils::IteratorType::reduction;
  Value blockRows = arith::ConstantIndexOp::create(rewriter, loc, rowBlock);
  auto merge = linalg::GenericOp::create(
      rewriter, loc, TypeRange{type, type}, ValueRange{means, m2s}, starts,
      ArrayRef{all, all, all.dropResult(0), all.dropResult(0)}, iterators,
      [&](OpBuilder &b, Location at, ValueRange arguments) {
        auto toFloat = [&](Value index) -> Value {
          Value integer = arith::IndexCastOp::create(b, at, b.getI64Type(), index);
          return arith::SIToFPOp::create(b, at, element, integer);
        };
        // Counts in rows: the common factor cancels in the mean, and is put back for M2.
        Value before = arith::MulIOp::create(b, at, linalg::IndexOp::create(b, at, 0), blockRows);
        Value left = arith::SubIOp::create(b, at, rows, before);
        Value here = arith::MinSIOp::create(b, at, left, blockRows);
        Value nA = toFloat(before), nB = toFloat(here);
        Value total = arith::AddFOp::create(b, at, nA, nB);
        Value delta = arith::SubFOp::create(b, at, arguments[0], arguments[2]);
        Value weight = arith::DivFOp::create(b, at, nB, total);
        Value mean = arith::AddFOp::create(b, at, arguments[2], arith::MulFOp::create(b, at, delta, weight));
        Value scale = arith::MulFOp::create(b, at, nA, weight);
        if (int64_t perRow = elementsPerRow(op); perRow != 1)
          scale = arith::MulFOp::create(b, at, scale, arith::ConstantOp::create(b, at, b.getFloatAttr(element, perRow)));
        Value square = arith::MulFOp::create(b, at, arith::MulFOp::create(b, at, delta, delta), scale);
        Value m2 = arith::AddFOp::create(b, at, arith::AddFOp::create(b, at, arguments[1], arguments[3]), square);
        linalg::YieldOp::create(b, at, ValueRange{mean, m2});
      });
  replaceOutside(op.getMean(), merge.getResult(0));
  replaceOutside(op.getM2(), merge.getResult(1));
}

/// How many elements of a row go into one statistic.
int64_t RowTiler::elementsPerRow(norm::MomentsOp op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  unsigned loop = domain.loop.lookup(op);
  int64_t count = 1;
  for (int64_t axis : op.getAxes())
    if (unsigned(axis) != loop)
      count *= type.getDimSize(axis);
  return count;
}

} // namespace keel
