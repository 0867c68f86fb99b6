// Tiling of norm.moments: over rows, and over the axes by partial reduction with Chan's merge.
#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace keel::norm;

using Sizes = SmallVector<OpFoldResult>;

/// The elements of `all` at `dims`.
static Sizes pick(ArrayRef<OpFoldResult> all, ArrayRef<int64_t> dims) {
  return llvm::map_to_vector(dims, [&](int64_t dim) { return all[dim]; });
}

static SmallVector<int64_t> keptDims(MomentsOp op) {
  return complementDims(op.getInput().getType().getRank(), op.getAxes());
}

static tensor::ExtractSliceOp sliceInput(MomentsOp op, OpBuilder &builder, ArrayRef<OpFoldResult> offsets,
                                         ArrayRef<OpFoldResult> sizes) {
  Sizes strides(offsets.size(), builder.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(builder, op.getLoc(), op.getInput(), offsets, sizes, strides);
}

LogicalResult MomentsOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &shapes) {
  Sizes sizes = tensor::getMixedSizes(builder, getLoc(), getInput());
  shapes.assign(2, pick(sizes, keptDims(*this)));
  return success();
}

//===----------------------------------------------------------------------===//
// Tiling over the dimensions that are kept
//===----------------------------------------------------------------------===//

SmallVector<utils::IteratorType> MomentsOp::getLoopIteratorTypes() {
  SmallVector<utils::IteratorType> types(getInput().getType().getRank(), utils::IteratorType::parallel);
  for (int64_t axis : getAxes())
    types[axis] = utils::IteratorType::reduction;
  return types;
}

SmallVector<Range> MomentsOp::getIterationDomain(OpBuilder &builder) {
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  return llvm::map_to_vector(tensor::getMixedSizes(builder, getLoc(), getInput()),
                             [&](OpFoldResult size) { return Range{zero, size, one}; });
}

FailureOr<TilingResult> MomentsOp::getTiledImplementation(OpBuilder &builder, ArrayRef<OpFoldResult> offsets,
                                                          ArrayRef<OpFoldResult> sizes) {
  // A tile has no moments to continue from, so a row must be whole; split rows are a partial reduction's.
  RankedTensorType type = getInput().getType();
  for (int64_t axis : getAxes()) {
    bool isWhole = isZeroInteger(offsets[axis]) &&
                   (type.isDynamicDim(axis) || isConstantIntValue(sizes[axis], type.getDimSize(axis)));
    if (!isWhole)
      return failure();
  }
  tensor::ExtractSliceOp slice = sliceInput(*this, builder, offsets, sizes);
  auto tile = MomentsOp::create(builder, getLoc(), slice.getResult(), getAxes());
  return TilingResult{{tile}, SmallVector<Value>(tile->getResults()), {slice}};
}

LogicalResult MomentsOp::getResultTilePosition(OpBuilder &, unsigned, ArrayRef<OpFoldResult> offsets,
                                               ArrayRef<OpFoldResult> sizes, Sizes &resultOffsets, Sizes &resultSizes) {
  resultOffsets = pick(offsets, keptDims(*this));
  resultSizes = pick(sizes, keptDims(*this));
  return success();
}

LogicalResult MomentsOp::getIterationDomainTileFromResultTile(OpBuilder &builder, unsigned,
                                                              ArrayRef<OpFoldResult> offsets,
                                                              ArrayRef<OpFoldResult> sizes,
                                                              SmallVectorImpl<OpFoldResult> &domainOffsets,
                                                              SmallVectorImpl<OpFoldResult> &domainSizes) {
  domainSizes = tensor::getMixedSizes(builder, getLoc(), getInput());
  domainOffsets.assign(domainSizes.size(), builder.getIndexAttr(0));
  for (auto [i, dim] : llvm::enumerate(keptDims(*this))) {
    domainOffsets[dim] = offsets[i];
    domainSizes[dim] = sizes[i];
  }
  return success();
}

FailureOr<TilingResult> MomentsOp::generateResultTileValue(OpBuilder &builder, unsigned resultNumber,
                                                           ArrayRef<OpFoldResult> offsets,
                                                           ArrayRef<OpFoldResult> sizes) {
  Sizes domainOffsets, domainSizes;
  if (failed(getIterationDomainTileFromResultTile(builder, resultNumber, offsets, sizes, domainOffsets, domainSizes)))
    return failure();
  FailureOr<TilingResult> tile = getTiledImplementation(builder, domainOffsets, domainSizes);
  if (succeeded(tile))
    tile->tiledValues = {tile->tiledValues[resultNumber]};
  return tile;
}

//===----------------------------------------------------------------------===//
// Partial reduction: every tile of the axes has its own moments
//===----------------------------------------------------------------------===//
//
// The merge needs each part's count, which is not the same for all when the last tile is short. It travels with the
// mean: the partial results are (mean, count) of shape kept × parts × 2, and M2 of shape kept × parts. Parts that are
// never written have count 0 and change nothing.

FailureOr<SmallVector<Value>>
MomentsOp::generateInitialTensorForPartialReduction(OpBuilder &builder, Location loc, ArrayRef<OpFoldResult> tileSizes,
                                                    const SetVector<unsigned> &reductionDims) {
  Sizes sizes = pick(tileSizes, keptDims(*this));
  for (unsigned dim : reductionDims)
    sizes.push_back(tileSizes[dim]);
  Type type = getM2().getType().getElementType();
  Value zero = constantOf(builder, loc, type, 0.0);
  auto zeros = [&](ArrayRef<OpFoldResult> shape) {
    Value empty = tensor::EmptyOp::create(builder, loc, shape, type);
    return linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  };
  Value m2 = zeros(sizes);
  sizes.push_back(builder.getIndexAttr(2));
  return SmallVector<Value>{zeros(sizes), m2};
}

FailureOr<TilingResult> MomentsOp::tileToPartialReduction(OpBuilder &builder, Location loc,
                                                          ReductionTilingStrategy strategy, ValueRange,
                                                          ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
                                                          const llvm::SetVector<unsigned> &, ArrayRef<OpFoldResult>) {
  // Lanes that a sequential loop updates would need a count a lane: not a form any target asks for.
  if (strategy != ReductionTilingStrategy::PartialReductionOuterParallel)
    return failure();
  tensor::ExtractSliceOp slice = sliceInput(*this, builder, offsets, sizes);
  auto part = MomentsOp::create(builder, loc, slice.getResult(), getAxes());
  // (mean, count): the mean's elements beside the tile's count.
  Emitter emit(builder, loc, slice);
  Input count = emit.count(getAxes());
  Value scalar = count.value ? count.value : constantOf(builder, loc, emit.accumulation, count.constant);
  SmallVector<int64_t> kept = keptDims(*this);
  Sizes shape = pick(sizes, kept);
  shape.push_back(builder.getIndexAttr(2));
  Value pair = tensor::EmptyOp::create(builder, loc, shape, emit.accumulation);
  Emitter pairs(builder, loc, pair);
  SmallVector<int64_t> rows = complementDims(pairs.getRank(), {pairs.getRank() - 1});
  pair = pairs.map({{part.getMean(), rows}, Input(scalar)}, pairs.allDims(), emit.accumulation,
                   [&](OpBuilder &b, Location at, ValueRange in) -> Value {
                     Value place = linalg::IndexOp::create(b, at, pairs.getRank() - 1);
                     Value zero = arith::ConstantIndexOp::create(b, at, 0);
                     Value isMean = arith::CmpIOp::create(b, at, arith::CmpIPredicate::eq, place, zero);
                     return arith::SelectOp::create(b, at, isMean, in[0], in[1]);
                   });
  return TilingResult{{part, pair.getDefiningOp()}, {pair, part.getM2()}, {slice}};
}

LogicalResult MomentsOp::getPartialResultTilePosition(OpBuilder &builder, unsigned resultNumber,
                                                      ReductionTilingStrategy, ArrayRef<OpFoldResult> offsets,
                                                      ArrayRef<OpFoldResult> sizes,
                                                      const SetVector<unsigned> &reductionDims,
                                                      ArrayRef<OpFoldResult> splitReductionIvs, Sizes &resultOffsets,
                                                      Sizes &resultSizes) {
  resultOffsets = pick(offsets, keptDims(*this));
  resultSizes = pick(sizes, keptDims(*this));
  for (unsigned i = 0; i < reductionDims.size(); ++i) {
    resultOffsets.push_back(splitReductionIvs[i]);
    resultSizes.push_back(builder.getIndexAttr(1));
  }
  if (resultNumber == 0) {
    resultOffsets.push_back(builder.getIndexAttr(0));
    resultSizes.push_back(builder.getIndexAttr(2));
  }
  return success();
}

/// The parts' means (place 0) or counts (place 1) from their pairs.
static Value unpack(OpBuilder &builder, Location loc, Value pairs, int64_t place) {
  auto type = cast<RankedTensorType>(pairs.getType());
  Sizes offsets(type.getRank(), builder.getIndexAttr(0)), strides(type.getRank(), builder.getIndexAttr(1));
  Sizes sizes = tensor::getMixedSizes(builder, loc, pairs);
  offsets.back() = builder.getIndexAttr(place);
  sizes.back() = builder.getIndexAttr(1);
  auto reduced = RankedTensorType::get(type.getShape().drop_back(), type.getElementType());
  return tensor::ExtractSliceOp::create(builder, loc, reduced, pairs, offsets, sizes, strides);
}

FailureOr<MergeResult> MomentsOp::mergeReductions(OpBuilder &builder, Location loc, ValueRange partialReduce,
                                                  const SetVector<unsigned> &) {
  // Chan's merge of all parts at once: mean = Σ nᵢ·meanᵢ / N, M2 = Σ (M2ᵢ + nᵢ·(meanᵢ − mean)²).
  Emitter parts(builder, loc, partialReduce[1]);
  SmallVector<int64_t> rows;
  for (unsigned i = 0; i < keptDims(*this).size(); ++i)
    rows.push_back(i);
  Value means = unpack(builder, loc, partialReduce[0], 0), counts = unpack(builder, loc, partialReduce[0], 1);
  Value sum = parts.reduce({parts.over(counts), parts.over(means)}, rows, 0.0,
                           [](OpBuilder &b, Location at, ValueRange in) -> Value {
                             return arith::AddFOp::create(b, at, in[2], arith::MulFOp::create(b, at, in[0], in[1]));
                           });
  Input count = Emitter(builder, loc, getInput()).count(getAxes());
  Value mean = parts.map({{sum, rows}, count}, rows, parts.accumulation,
                         [&](OpBuilder &b, Location at, ValueRange in) -> Value {
                           Value one = constantOf(b, at, parts.accumulation, 1.0);
                           return arith::DivFOp::create(b, at, in[0], arith::MaximumFOp::create(b, at, in[1], one));
                         });
  Value m2 = parts.reduce({parts.over(partialReduce[1]), parts.over(counts), parts.over(means), {mean, rows}}, rows, 0.0,
                          [](OpBuilder &b, Location at, ValueRange in) -> Value {
                            Value apart = arith::SubFOp::create(b, at, in[2], in[3]);
                            Value between =
                                arith::MulFOp::create(b, at, in[1], arith::MulFOp::create(b, at, apart, apart));
                            Value part = arith::AddFOp::create(b, at, in[0], between);
                            return arith::AddFOp::create(b, at, in[4], part);
                          });
  return MergeResult{{sum.getDefiningOp(), mean.getDefiningOp(), m2.getDefiningOp()}, {mean, m2}};
}
