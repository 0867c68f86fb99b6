// One op of a kernel on some of its rows.
#include "passes/schedule/RowTiler.h"

#include "passes/fuse/Partition.h"
#include "passes/fuse/View.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"

using namespace mlir;

namespace keel {

void RowTiler::tileOp(RowLevel &level, Operation *operation) {
  if (auto pack = dyn_cast<linalg::PackOp>(operation))
    return tilePack(level, pack);
  unsigned loop = domain.loop.lookup(operation);
  if (auto moments = dyn_cast<norm::MomentsOp>(operation)) {
    Value input = operandRows(level, moments.getInput(), LoopNest::get(operation)->operandMaps[0], loop, operation);
    auto tiled = norm::MomentsOp::create(rewriter, loc, input, moments.getAxes());
    level.tiles[moments.getMean()] = tiled.getMean();
    level.tiles[moments.getM2()] = tiled.getM2();
    if (level.partials.contains(moments.getMean()))
      addMoments(level, moments, tiled);
    return;
  }

  auto op = cast<linalg::GenericOp>(operation);
  SmallVector<Value> operands;
  for (OpOperand *input : op.getDpsInputOperands())
    operands.push_back(operandRows(level, input->get(), op.getMatchingIndexingMap(input), loop, op));
  SmallVector<Type> types;
  for (auto [index, init] : llvm::enumerate(op.getDpsInitsMutable())) {
    Value result = op->getResult(index);
    if (domain.rowDim.contains(result))
      operands.push_back(destinationRows(level, op, init, loop));
    else
      operands.push_back(startOfSum(level, result));
    types.push_back(operands.back().getType());
  }
  auto tiled = cast<linalg::LinalgOp>(mlir::clone(rewriter, operation, types, operands));

  SmallVector<OpFoldResult> offsets(op.getNumLoops(), rewriter.getIndexAttr(0));
  offsets[loop] = level.offset;
  if (level.outer) {
    AffineExpr sum = rewriter.getAffineDimExpr(0) + rewriter.getAffineDimExpr(1);
    offsets[loop] = affine::makeComposedFoldedAffineApply(rewriter, loc, sum, {level.outer->offset, level.offset});
  }
  linalg::offsetIndices(rewriter, tiled, offsets);

  for (auto [from, to] : llvm::zip(op->getResults(), tiled->getResults())) {
    level.tiles[from] = to;
    auto claimed = level.claimed.find(from);
    if (!level.outer || claimed == level.claimed.end())
      continue;
    // Carried from one few rows to the next.
    Slice slice = rowsOf(level.claimedOffset, level.size, claimed->second, domain.rowDim.lookup(from));
    claimed->second =
        tensor::InsertSliceOp::create(rewriter, loc, to, claimed->second, slice.offsets, slice.sizes, slice.strides);
  }
}

/// The part of `value` that the level's rows read through `map`, when `loop` runs over the rows.
Value RowTiler::operandRows(RowLevel &level, Value value, AffineMap map, unsigned loop, Operation *op) {
  if (Value tile = level.tiles.lookup(value))
    return tile;
  if (!isa<RankedTensorType>(value.getType()) || !usesLoop(map, loop))
    return value;
  if (Operation *view = value.getDefiningOp(); view && isView(view) && isInDomain(view)) {
    Value rows = operandRows(level, view->getOperand(0), getViewLoops(view).operandMaps[0], domain.loop.lookup(view), view);
    return level.tiles[value] = reshapeLike(rewriter, view, rows);
  }
  std::optional<unsigned> dim = dimOfLoop(map, loop);
  auto producer = value.getDefiningOp<linalg::GenericOp>();
  if (dim && producer && isRepeated(producer))
    return repeatedRows(level, producer, *dim, Value());
  if (level.outer) {
    Value rows;
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPoint(level.loop);
      rows = operandRows(*level.outer, value, map, loop, op);
    }
    return extractRows(level.offset, level.size, rows, *dim);
  }
  // State that the domain updates in place is read where it is written.
  if (Value target = output.lookup(value); target && dim)
    return extractRows(level.claimedOffset, level.size, target, *dim);
  return dim ? extractRows(level.offset, level.size, value, *dim)
             : slidingWindow(level, value, map, loop, cast<linalg::LinalgOp>(op));
}

/// A window that slides with the rows: a convolution over them.
Value RowTiler::slidingWindow(RowLevel &level, Value value, AffineMap map, unsigned loop, linalg::LinalgOp op) {
  SmallVector<OpFoldResult> bounds;
  for (Range range : op.createLoopRanges(rewriter, loc))
    bounds.push_back(range.size);
  SmallVector<OpFoldResult> tileSizes(bounds.size(), rewriter.getIndexAttr(0));
  tileSizes[loop] = level.size;
  SmallVector<OpFoldResult> starts = linalg::computeTileOffsets(rewriter, loc, {level.offset}, tileSizes);
  SmallVector<OpFoldResult> extents = linalg::computeTileSizes(rewriter, loc, tileSizes, bounds);
  return linalg::makeTiledShape(rewriter, loc, value, tileSizes, map, starts, bounds, extents,
                                /*omitPartialTileCheck=*/true)
      ->getResult(0);
}

/// A fill or broadcast, done for the level's rows only.
Value RowTiler::repeatedRows(RowLevel &level, linalg::GenericOp op, unsigned rowDim, Value destination) {
  unsigned loop = *loopOfDim(op.getMatchingIndexingMap(op.getDpsInitOperand(0)), rowDim);
  SmallVector<Value> operands;
  for (OpOperand *input : op.getDpsInputOperands())
    operands.push_back(operandRows(level, input->get(), op.getMatchingIndexingMap(input), loop, op));
  operands.push_back(destination ? destination : emptyRows(level, op.getResult(0), op.getDpsInits()[0], rowDim));
  return mlir::clone(rewriter, op.getOperation(), operands.back().getType(), operands)->getResult(0);
}

/// Where the level's rows of a result go: to what takes them if they leave the loop, else into scratch memory.
Value RowTiler::destinationRows(RowLevel &level, linalg::GenericOp op, OpOperand &init, unsigned loop) {
  Value result = cast<DestinationStyleOpInterface>(op.getOperation()).getTiedOpResult(&init);
  unsigned rowDim = domain.rowDim.lookup(result);
  if (Value tile = level.tiles.lookup(init.get()))
    return tile;
  Value target = level.claimed.contains(result)
                     ? extractRows(level.claimedOffset, level.size, level.claimed[result], rowDim)
                     : Value();
  if (target && level.outer)
    return target; // started when the block was
  bool accumulates = op.payloadUsesValueFromOperand(&init);
  if (!accumulates)
    return target ? target : emptyRows(level, result, init.get(), rowDim);
  auto producer = init.get().getDefiningOp<linalg::GenericOp>();
  if (producer && isRepeated(producer))
    return repeatedRows(level, producer, rowDim, target);
  if (target && output.contains(init.get()))
    return target;
  return operandRows(level, init.get(), op.getMatchingIndexingMap(&init), loop, op);
}

} // namespace keel
