// Sums over a kernel's rows: one partial result a part of them, added in the order of the parts, so that the result does
// not depend on who computed which part.
#include "passes/schedule/RowTiler.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;

namespace keel {

// The most partial results a sum may have, so that no buffer grows with the rows: enough for as many workers. It does not
// depend on how many there are.
static constexpr int64_t maxParts = 64;

RowParts RowTiler::chooseParts(Value rows, bool hasSums) {
  AffineExpr d0 = rewriter.getAffineDimExpr(0), blockRows = rewriter.getAffineConstantExpr(rowBlock);
  std::optional<int64_t> known = getConstantIntValue(rows);
  if (!hasSums || (known && *known <= maxParts * rowBlock))
    return {rewriter.getIndexAttr(rowBlock), affine::makeComposedFoldedAffineApply(rewriter, loc, d0.ceilDiv(rowBlock), {rows}),
            false};
  AffineExpr share = d0.ceilDiv(rowBlock * maxParts) * rowBlock;
  OpFoldResult partRows = affine::makeComposedFoldedAffineMax(
      rewriter, loc, AffineMap::get(1, 0, {share, blockRows}, rewriter.getContext()), ArrayRef<OpFoldResult>{rows});
  Value step = getValueOrCreateConstantIndexOp(rewriter, loc, partRows);
  Value count = rewriter.createOrFold<arith::CeilDivUIOp>(loc, rows, step);
  AffineMap bounded = AffineMap::get(1, 0, {d0, rewriter.getAffineConstantExpr(maxParts)}, rewriter.getContext());
  return {partRows, affine::makeComposedFoldedAffineMin(rewriter, loc, bounded, ArrayRef<OpFoldResult>{count}), true};
}

/// One partial result a part: a new dimension in front.
Value RowTiler::emptyPartials(Value result, OpFoldResult parts) {
  SmallVector<OpFoldResult> sizes = {parts};
  llvm::append_range(sizes, sizesOf(cast<OpResult>(result)));
  return tensor::EmptyOp::create(rewriter, loc, sizes, cast<RankedTensorType>(result.getType()).getElementType());
}

/// This part's partial result.
Slice RowTiler::partialOf(Value partials) {
  Slice slice;
  for (int64_t dim = 0, rank = cast<RankedTensorType>(partials.getType()).getRank(); dim < rank; ++dim) {
    slice.offsets.push_back(dim == 0 ? partNumber : rewriter.getIndexAttr(0));
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

/// What the level's rows are added to: the sum of the part's rows before them, at first the combiner's neutral element.
Value RowTiler::startOfSum(const RowLevel &level, Value sum) {
  if (Value carried = level.partials.lookup(sum))
    return carried;
  Value partials = partialSum[sum];
  Slice slice = partialOf(partials);
  Value target = tensor::ExtractSliceOp::create(rewriter, loc, cast<RankedTensorType>(sum.getType()), partials,
                                                slice.offsets, slice.sizes, slice.strides);
  TypedAttr neutral = rewriter.getZeroAttr(getElementTypeOrSelf(sum.getType()));
  if (auto op = sum.getDefiningOp<linalg::GenericOp>())
    neutral = *arith::getNeutralElement(combinerOf(op, cast<OpResult>(sum).getResultNumber()));
  Value start = arith::ConstantOp::create(rewriter, loc, neutral);
  return linalg::FillOp::create(rewriter, loc, start, target).getResult(0);
}

/// Adds the parts' partial results, in order, to the sum's own start.
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

/// Chan, Golub and LeVeque's merge of (count, mean, M2), in the body of a linalg op whose arguments are those of B's rows,
/// then those of A's. Counts are in rows: what else each statistic runs over cancels in the mean, and is put back for M2.
static void mergeInBody(OpBuilder &b, Location loc, ValueRange arguments, Value rowsA, Value rowsB, int64_t perRow) {
  Type element = arguments[0].getType();
  auto toFloat = [&](Value index) -> Value {
    Value integer = arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
    return arith::SIToFPOp::create(b, loc, element, integer);
  };
  Value nA = toFloat(rowsA), nB = toFloat(rowsB);
  Value total = arith::AddFOp::create(b, loc, nA, nB);
  Value delta = arith::SubFOp::create(b, loc, arguments[0], arguments[2]);
  Value weight = arith::DivFOp::create(b, loc, nB, total);
  Value mean = arith::AddFOp::create(b, loc, arguments[2], arith::MulFOp::create(b, loc, delta, weight));
  Value scale = arith::MulFOp::create(b, loc, nA, weight);
  if (perRow != 1)
    scale = arith::MulFOp::create(b, loc, scale, arith::ConstantOp::create(b, loc, b.getFloatAttr(element, perRow)));
  Value square = arith::MulFOp::create(b, loc, arith::MulFOp::create(b, loc, delta, delta), scale);
  Value m2 = arith::AddFOp::create(b, loc, arith::AddFOp::create(b, loc, arguments[1], arguments[3]), square);
  linalg::YieldOp::create(b, loc, ValueRange{mean, m2});
}

/// Adds a block's moments to those of the part's rows before it.
void RowTiler::addMoments(RowLevel &level, norm::MomentsOp op, norm::MomentsOp ofBlock) {
  Value before = getValueOrCreateConstantIndexOp(rewriter, loc, level.claimedOffset);
  Value here = getValueOrCreateConstantIndexOp(rewriter, loc, level.size);
  unsigned rank = cast<RankedTensorType>(op.getMean().getType()).getRank();
  AffineMap all = rewriter.getMultiDimIdentityMap(rank);
  auto sum = linalg::GenericOp::create(
      rewriter, loc, TypeRange(op.getResultTypes()), ofBlock.getResults(),
      ValueRange{level.partials[op.getMean()], level.partials[op.getM2()]}, SmallVector<AffineMap>(4, all),
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
      [&](OpBuilder &b, Location at, ValueRange arguments) {
        mergeInBody(b, at, arguments, before, here, elementsPerRow(op));
      });
  level.tiles[op.getMean()] = sum.getResult(0);
  level.tiles[op.getM2()] = sum.getResult(1);
}

/// The parts' moments, part after part. All parts but the last have `partRows` rows.
void RowTiler::mergeMoments(norm::MomentsOp op, Value means, Value m2s, Value rows, Value partRows) {
  auto type = cast<RankedTensorType>(op.getMean().getType());
  unsigned rank = type.getRank();
  SmallVector<Value> starts;
  for (Value result : {op.getMean(), op.getM2()}) {
    Value destination = wholeDestination(result);
    Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type.getElementType()));
    starts.push_back(linalg::FillOp::create(rewriter, loc, zero, destination).getResult(0));
  }
  AffineMap all = rewriter.getMultiDimIdentityMap(rank + 1);
  SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
  iterators[0] = utils::IteratorType::reduction;
  auto merge = linalg::GenericOp::create(
      rewriter, loc, TypeRange{type, type}, ValueRange{means, m2s}, starts,
      ArrayRef{all, all, all.dropResult(0), all.dropResult(0)}, iterators,
      [&](OpBuilder &b, Location at, ValueRange arguments) {
        Value before = arith::MulIOp::create(b, at, linalg::IndexOp::create(b, at, 0), partRows);
        Value here = arith::MinSIOp::create(b, at, arith::SubIOp::create(b, at, rows, before), partRows);
        mergeInBody(b, at, arguments, before, here, elementsPerRow(op));
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
