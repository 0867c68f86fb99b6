// Derivatives of tensor ops: each moves elements, so its gradient moves them back.
#include "passes/train/Derivatives.h"
#include "passes/train/Backward.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace keel;

namespace {

using Results = ArrayRef<Value>;
using Inputs = SmallVectorImpl<Value>;

/// A one-element slice of a tensor of `rank` at `indices`.
struct Element {
  Element(OpBuilder &builder, ValueRange indices)
      : offsets(getAsOpFoldResult(indices)), ones(indices.size(), builder.getIndexAttr(1)) {}
  SmallVector<OpFoldResult> offsets, ones;
};

/// `whole` with `scalar` at `indices`: an insertion of a slice, which stays a view after bufferization.
Value insertElement(OpBuilder &builder, Location loc, Value scalar, Value whole, ValueRange indices) {
  Value element = tensor::FromElementsOp::create(builder, loc, RankedTensorType::get({}, scalar.getType()), scalar);
  if (indices.empty())
    return element;
  Element at(builder, indices);
  return tensor::InsertSliceOp::create(builder, loc, element, whole, at.offsets, at.ones, at.ones);
}

LogicalResult extractSlice(tensor::ExtractSliceOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  Value zeros = constantLike(builder, op.getLoc(), op.getSource(), 0.0);
  dx[0] = tensor::InsertSliceOp::create(builder, op.getLoc(), dy[0], zeros, op.getMixedOffsets(), op.getMixedSizes(),
                                        op.getMixedStrides());
  return success();
}

LogicalResult insertSlice(tensor::InsertSliceOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  auto offsets = op.getMixedOffsets(), sizes = op.getMixedSizes(), strides = op.getMixedStrides();
  if (wanted(0))
    dx[0] = tensor::ExtractSliceOp::create(builder, op.getLoc(), op.getSourceType(), dy[0], offsets, sizes, strides);
  if (wanted(1)) {
    Value zeros = constantLike(builder, op.getLoc(), op.getSource(), 0.0);
    dx[1] = tensor::InsertSliceOp::create(builder, op.getLoc(), zeros, dy[0], offsets, sizes, strides);
  }
  return success();
}

LogicalResult pad(tensor::PadOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  SmallVector<Value> inputs = getDifferentiationInputs(op);
  for (unsigned input = 1, count = dx.size(); input < count; ++input)
    if (wanted(input) && isDifferentiable(inputs[input].getType()))
      return op.emitOpError("has no derivative in its padding value; pad with a constant");
  SmallVector<OpFoldResult> ones(op.getSourceType().getRank(), builder.getIndexAttr(1));
  dx[0] = tensor::ExtractSliceOp::create(builder, op.getLoc(), op.getSourceType(), dy[0], op.getMixedLowPad(),
                                         tensor::getMixedSizes(builder, op.getLoc(), op.getSource()), ones);
  return success();
}

LogicalResult concat(tensor::ConcatOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  Location loc = op.getLoc();
  int64_t rank = op.getRank(), dim = op.getDim();
  SmallVector<OpFoldResult> offsets(rank, builder.getIndexAttr(0)), ones(rank, builder.getIndexAttr(1));
  for (auto [index, input] : llvm::enumerate(op.getInputs())) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, input);
    if (wanted(index))
      dx[index] = tensor::ExtractSliceOp::create(builder, loc, cast<RankedTensorType>(input.getType()), dy[0], offsets,
                                                 sizes, ones);
    AffineExpr a, b;
    bindSymbols(builder.getContext(), a, b);
    offsets[dim] = affine::makeComposedFoldedAffineApply(builder, loc, a + b, {offsets[dim], sizes[dim]});
  }
  return success();
}

LogicalResult expandShape(tensor::ExpandShapeOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  dx[0] = tensor::CollapseShapeOp::create(builder, op.getLoc(), op.getSrcType(), dy[0], op.getReassociationIndices());
  return success();
}

LogicalResult collapseShape(tensor::CollapseShapeOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  dx[0] = tensor::ExpandShapeOp::create(builder, op.getLoc(), op.getSrcType(), dy[0], op.getReassociationIndices(),
                                        tensor::getMixedSizes(builder, op.getLoc(), op.getSrc()));
  return success();
}

LogicalResult reshape(tensor::ReshapeOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  Location loc = op.getLoc();
  auto type = dyn_cast<RankedTensorType>(op.getSource().getType());
  if (!type)
    return op.emitOpError("has no derivative on unranked tensors");
  SmallVector<Value> sizes = llvm::map_to_vector(tensor::getMixedSizes(builder, loc, op.getSource()),
                                                 [&](OpFoldResult size) {
                                                   return getValueOrCreateConstantIndexOp(builder, loc, size);
                                                 });
  auto shapeType = RankedTensorType::get({type.getRank()}, builder.getIndexType());
  Value shape = sizes.empty() ? tensor::EmptyOp::create(builder, loc, shapeType, ValueRange()).getResult()
                              : tensor::FromElementsOp::create(builder, loc, shapeType, sizes).getResult();
  dx[0] = tensor::ReshapeOp::create(builder, loc, type, dy[0], shape);
  return success();
}

LogicalResult conversion(tensor::CastOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  if (!isa<RankedTensorType>(op.getSource().getType()))
    return op.emitOpError("has no derivative on unranked tensors");
  dx[0] = castTo(builder, op.getLoc(), dy[0], op.getSource().getType());
  return success();
}

LogicalResult extract(tensor::ExtractOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  Value zeros = constantLike(builder, op.getLoc(), op.getTensor(), 0.0);
  dx[0] = insertElement(builder, op.getLoc(), dy[0], zeros, op.getIndices());
  return success();
}

LogicalResult insert(tensor::InsertOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  if (wanted(0))
    dx[0] = tensor::ExtractOp::create(builder, op.getLoc(), dy[0], op.getIndices());
  if (wanted(1) && !op.getIndices().empty()) {
    Value zero = constantLike(builder, op.getLoc(), op.getScalar(), 0.0);
    dx[1] = insertElement(builder, op.getLoc(), zero, dy[0], op.getIndices());
  }
  return success();
}

LogicalResult fromElements(tensor::FromElementsOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  ArrayRef<int64_t> shape = op.getType().getShape();
  SmallVector<int64_t> strides = computeStrides(shape);
  for (unsigned index = 0, count = op.getElements().size(); index < count; ++index) {
    if (!wanted(index))
      continue;
    SmallVector<Value> at = llvm::map_to_vector(delinearize(index, strides), [&](int64_t position) -> Value {
      return arith::ConstantIndexOp::create(builder, op.getLoc(), position);
    });
    dx[index] = tensor::ExtractOp::create(builder, op.getLoc(), dy[0], at);
  }
  return success();
}

LogicalResult splat(tensor::SplatOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  Location loc = op.getLoc();
  int64_t rank = op.getType().getRank();
  Value empty = tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>(), op.getInput().getType());
  Value zero = constantLike(builder, loc, op.getInput(), 0.0);
  Value zeros = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  SmallVector<AffineMap> maps{builder.getMultiDimIdentityMap(rank), AffineMap::get(rank, 0, builder.getContext())};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::reduction);
  auto sum = linalg::GenericOp::create(builder, loc, zeros.getType(), dy[0], zeros, maps, iterators,
                                       [](OpBuilder &b, Location at, ValueRange in) {
                                         Value total = arith::AddFOp::create(b, at, in[1], in[0]);
                                         linalg::YieldOp::create(b, at, total);
                                       });
  dx[0] = tensor::ExtractOp::create(builder, loc, sum.getResult(0), ValueRange());
  return success();
}

} // namespace

void keel::registerTensorDerivatives(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    using namespace tensor;
    ExtractSliceOp::attachInterface<Derivative<ExtractSliceOp, extractSlice>>(*context);
    InsertSliceOp::attachInterface<Derivative<InsertSliceOp, insertSlice>>(*context);
    PadOp::attachInterface<Derivative<PadOp, pad>>(*context);
    ConcatOp::attachInterface<Derivative<ConcatOp, concat>>(*context);
    ExpandShapeOp::attachInterface<Derivative<ExpandShapeOp, expandShape>>(*context);
    CollapseShapeOp::attachInterface<Derivative<CollapseShapeOp, collapseShape>>(*context);
    ReshapeOp::attachInterface<Derivative<ReshapeOp, reshape>>(*context);
    CastOp::attachInterface<Derivative<CastOp, conversion>>(*context);
    ExtractOp::attachInterface<Derivative<ExtractOp, extract>>(*context);
    InsertOp::attachInterface<Derivative<InsertOp, insert>>(*context);
    FromElementsOp::attachInterface<Derivative<FromElementsOp, fromElements>>(*context);
    SplatOp::attachInterface<Derivative<SplatOp, splat>>(*context);
  });
}
