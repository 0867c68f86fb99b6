// A matrix packed into panels, a block of its rows at a time: as the epilogue of what makes the rows, or alone.
#include "passes/schedule/PackOperands.h"
#include "passes/schedule/RowTiler.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;

namespace keel {

bool isPanelPack(linalg::PackOp pack) {
  if (pack.getSourceType().getRank() != 2 || pack.getInnerDimsPos().size() != 1 || !pack.getDestType().hasStaticShape() ||
      !pack.getSourceType().hasStaticShape() || pack.getStaticInnerTiles()[0] != pack.getDestType().getShape().back())
    return false;
  // Canonicalization drops the padding where nothing is padded.
  int64_t extent = pack.getSourceType().getDimSize(pack.getInnerDimsPos()[0]);
  if (!pack.getPaddingValue() && extent % pack.getStaticInnerTiles()[0] != 0)
    return false;
  ArrayRef<int64_t> order = pack.getOuterDimsPerm();
  return (order.empty() ? 0 : order[0]) == pack.getInnerDimsPos()[0];
}

bool isPackKernel(KernelOp kernel) {
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  auto pack = yield.getNumOperands() == 1 ? yield.getOperand(0).getDefiningOp<linalg::PackOp>() : nullptr;
  return pack && isPanelPack(pack) && kernel.getInputs().size() == 1 && pack.getSource() == kernel.getBlock()->getArgument(0);
}

/// Where some rows of the matrix are in panels of its columns, [panel][row][column], or of its rows, [panel][column][row].
/// Panels of rows begin with the rows.
Slice RowTiler::panelsOf(OpFoldResult offset, OpFoldResult size, linalg::PackOp pack) {
  ArrayRef<int64_t> shape = pack.getDestType().getShape();
  OpFoldResult zero = rewriter.getIndexAttr(0);
  Slice slice{{zero, zero, zero}, getAsIndexOpFoldResult(rewriter.getContext(), shape), {}};
  slice.strides.assign(3, rewriter.getIndexAttr(1));
  AffineExpr d0 = rewriter.getAffineDimExpr(0);
  bool ofRows = pack.getInnerDimsPos()[0] == 0;
  slice.offsets[!ofRows] = ofRows ? affine::makeComposedFoldedAffineApply(rewriter, loc, d0.floorDiv(shape[2]), {offset}) : offset;
  slice.sizes[!ofRows] = ofRows ? affine::makeComposedFoldedAffineApply(rewriter, loc, d0.ceilDiv(shape[2]), {size}) : size;
  return slice;
}

/// Copies the level's rows into panels, one panel after the other.
void RowTiler::tilePack(RowLevel &level, linalg::PackOp pack) {
  AffineMap whole = rewriter.getMultiDimIdentityMap(2);
  Value rows = operandRows(level, pack.getSource(), whole, 0, pack);
  Value target = level.claimed[pack.getResult()];
  Slice slice = panelsOf(level.claimedOffset, level.size, pack);
  target = tensor::ExtractSliceOp::create(rewriter, loc, target, slice.offsets, slice.sizes, slice.strides);
  ArrayRef<int64_t> shape = pack.getDestType().getShape();
  unsigned columnDim = pack.getInnerDimsPos()[0]; // the dimension of the source that panels split
  int64_t panel = shape[2], extent = pack.getSourceType().getDimSize(columnDim);
  if (extent % panel != 0)
    target = linalg::FillOp::create(rewriter, loc, pack.getPaddingValue(), target).getResult(0);

  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0), one = arith::ConstantIndexOp::create(rewriter, loc, 1);
  Value count = getValueOrCreateConstantIndexOp(rewriter, loc, slice.sizes[0]);
  auto loop = scf::ForOp::create(rewriter, loc, zero, count, one, target);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(loop.getBody());
  Value number = loop.getInductionVar(), carried = loop.getRegionIterArg(0);
  AffineExpr d0 = rewriter.getAffineDimExpr(0), s0 = rewriter.getAffineSymbolExpr(0);
  SmallVector<OpFoldResult> offsets(2, rewriter.getIndexAttr(0)), unit(2, rewriter.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes = {level.size, rewriter.getIndexAttr(pack.getSourceType().getDimSize(1))};
  offsets[columnDim] = affine::makeComposedFoldedAffineApply(rewriter, loc, d0 * panel, ArrayRef<OpFoldResult>{number});
  if (extent % panel == 0)
    sizes[columnDim] = rewriter.getIndexAttr(panel);
  else
    sizes[columnDim] = affine::makeComposedFoldedAffineMin(
        rewriter, loc, AffineMap::get(1, 1, {s0 - d0 * panel, rewriter.getAffineConstantExpr(panel)}, rewriter.getContext()),
        {OpFoldResult(number), sizes[columnDim]});
  Value source = tensor::ExtractSliceOp::create(rewriter, loc, rows, offsets, sizes, unit);

  // The panel's rows and columns: the source's, the other way around where rows are split.
  if (columnDim == 0)
    std::swap(sizes[0], sizes[1]);
  auto extentOf = [](OpFoldResult size) { return getConstantIntValue(size).value_or(ShapedType::kDynamic); };
  auto type = RankedTensorType::get({extentOf(sizes[0]), extentOf(sizes[1])}, pack.getSourceType().getElementType());
  SmallVector<OpFoldResult> at = {number, rewriter.getIndexAttr(0), rewriter.getIndexAttr(0)};
  SmallVector<OpFoldResult> part = {rewriter.getIndexAttr(1), sizes[0], sizes[1]}, strides(3, rewriter.getIndexAttr(1));
  Value destination = tensor::ExtractSliceOp::create(rewriter, loc, type, carried, at, part, strides);
  AffineMap swapped = AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, rewriter.getContext());
  auto copy = linalg::GenericOp::create(
      rewriter, loc, type, source, destination, ArrayRef{columnDim == 0 ? swapped : whole, whole},
      SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
      [](OpBuilder &builder, Location at, ValueRange arguments) { linalg::YieldOp::create(builder, at, arguments[0]); });
  Value inserted = tensor::InsertSliceOp::create(rewriter, loc, copy.getResult(0), carried, at, part, strides);
  scf::YieldOp::create(rewriter, loc, inserted);
  level.tiles[pack.getResult()] = loop.getResult(0);
}

} // namespace keel
