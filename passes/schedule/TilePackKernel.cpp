// The loops of a kernel that packs a matrix into panels.
#include "passes/schedule/PackOperands.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace keel;

// A matrix's linalg.pack along one dimension, panels first.
static linalg::PackOp findPack(KernelOp kernel) {
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  auto pack = yield.getNumOperands() == 1 ? yield.getOperand(0).getDefiningOp<linalg::PackOp>() : nullptr;
  if (!pack || pack.getSourceType().getRank() != 2 || pack.getInnerDimsPos().size() != 1 ||
      !pack.getDestType().hasStaticShape() || !pack.getSourceType().hasStaticShape() ||
      pack.getStaticInnerTiles()[0] != pack.getDestType().getShape().back())
    return nullptr;
  // Canonicalization drops the padding where nothing is padded.
  int64_t extent = pack.getSourceType().getDimSize(pack.getInnerDimsPos()[0]);
  if (!pack.getPaddingValue() && extent % pack.getStaticInnerTiles()[0] != 0)
    return nullptr;
  int64_t columns = pack.getInnerDimsPos()[0];
  ArrayRef<int64_t> order = pack.getOuterDimsPerm();
  return (order.empty() ? 0 : order[0]) == columns ? pack : nullptr;
}

bool keel::isPackKernel(KernelOp kernel) { return bool(findPack(kernel)); }

LogicalResult keel::tilePackKernel(RewriterBase &rewriter, KernelOp kernel) {
  linalg::PackOp pack = findPack(kernel);
  if (!pack)
    return failure();
  // Blocks of this many rows of a panel: a square of both operands fits the L1 cache.
  constexpr int64_t rowBlock = 64;
  Location loc = pack.getLoc();
  int64_t columnDim = pack.getInnerDimsPos()[0];
  int64_t columns = pack.getSourceType().getDimSize(columnDim), depth = pack.getSourceType().getDimSize(1 - columnDim);
  int64_t panels = pack.getDestType().getDimSize(0), panel = pack.getDestType().getDimSize(2);
  int64_t blocks = llvm::divideCeil(depth, rowBlock);
  bool padded = columns % panel != 0, partial = depth % rowBlock != 0;
  Type element = pack.getSourceType().getElementType();
  MLIRContext *context = rewriter.getContext();
  AffineExpr d0 = getAffineDimExpr(0, context), d1 = getAffineDimExpr(1, context);

  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(pack);
  auto forall = scf::ForallOp::create(rewriter, loc, ArrayRef<OpFoldResult>{rewriter.getIndexAttr(panels * blocks)},
                                      ValueRange(pack.getDest()), /*mapping=*/std::nullopt);
  rewriter.setInsertionPoint(forall.getTerminator());
  Value output = forall.getRegionIterArgs()[0];
  OpFoldResult item = forall.getInductionVar(0);
  auto apply = [&](AffineExpr expr, OpFoldResult operand) {
    return affine::makeComposedFoldedAffineApply(rewriter, loc, expr, operand);
  };
  auto clip = [&](bool needed, OpFoldResult low, int64_t extent, int64_t block) -> OpFoldResult {
    if (!needed)
      return rewriter.getIndexAttr(std::min(extent, block));
    AffineMap map = AffineMap::get(1, 0, {extent - d0, rewriter.getAffineConstantExpr(block)}, context);
    return affine::makeComposedFoldedAffineMin(rewriter, loc, map, low);
  };
  OpFoldResult zero = rewriter.getIndexAttr(0), one = rewriter.getIndexAttr(1), width = rewriter.getIndexAttr(panel);
  OpFoldResult panelIndex = apply(d0.floorDiv(blocks), item), low = apply((d0 % blocks) * rowBlock, item);
  OpFoldResult firstColumn = apply(d0 * panel, panelIndex);
  OpFoldResult numRows = clip(partial, low, depth, rowBlock), numColumns = clip(padded, firstColumn, columns, panel);

  auto typeOf = [&](OpFoldResult rows, OpFoldResult extent) {
    auto dim = [](OpFoldResult size) { return getConstantIntValue(size).value_or(ShapedType::kDynamic); };
    return RankedTensorType::get({dim(rows), dim(extent)}, element);
  };
  SmallVector<OpFoldResult> offsets = {panelIndex, low, zero}, sizes = {one, numRows, width}, strides(3, one);
  Value target = tensor::ExtractSliceOp::create(rewriter, loc, typeOf(numRows, width), output, offsets, sizes, strides);
  if (padded)
    target = linalg::FillOp::create(rewriter, loc, pack.getPaddingValue(), target).getResult(0);
  SmallVector<OpFoldResult> sourceOffsets = {low, firstColumn}, sourceSizes = {numRows, numColumns};
  if (columnDim == 0) {
    std::swap(sourceOffsets[0], sourceOffsets[1]);
    std::swap(sourceSizes[0], sourceSizes[1]);
  }
  SmallVector<OpFoldResult> unit(2, one), origin(2, zero), part = {numRows, numColumns};
  Value source = tensor::ExtractSliceOp::create(rewriter, loc, pack.getSource(), sourceOffsets, sourceSizes, unit);
  Value whole = target;
  if (padded)
    target = tensor::ExtractSliceOp::create(rewriter, loc, whole, origin, part, unit);
  AffineMap plain = AffineMap::get(2, 0, {d0, d1}, context), swapped = AffineMap::get(2, 0, {d1, d0}, context);
  SmallVector<utils::IteratorType> parallel(2, utils::IteratorType::parallel);
  Value copied = linalg::GenericOp::create(rewriter, loc, target.getType(), source, target,
                                           ArrayRef{columnDim == 0 ? swapped : plain, plain}, parallel,
                                           [](OpBuilder &builder, Location loc, ValueRange arguments) {
                                             linalg::YieldOp::create(builder, loc, arguments[0]);
                                           })
                     .getResult(0);
  if (padded)
    copied = tensor::InsertSliceOp::create(rewriter, loc, copied, whole, origin, part, unit);
  scf::InParallelOp end = forall.getTerminator();
  rewriter.setInsertionPointToEnd(end.getBody());
  tensor::ParallelInsertSliceOp::create(rewriter, loc, copied, output, offsets, sizes, strides);
  rewriter.replaceOp(pack, forall.getResults());
  return success();
}
