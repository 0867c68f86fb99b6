// Gradients of values read through index expressions: windows, constants, and loops that meet in one value.
#include "passes/train/AdjointBody.h"
#include "passes/train/Expression.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AffineExprVisitor.h"

using namespace mlir;
using namespace keel;

FailureOr<LinearIndex> LinearIndex::get(AffineExpr expression, unsigned loops) {
  SmallVector<int64_t> flat;
  SimpleAffineExprFlattener flattener(loops, 0);
  if (!expression.isPureAffine() || failed(flattener.walkPostOrder(expression)) ||
      flattener.operandExprStack.back().size() != loops + 1)
    return failure();
  flat.assign(flattener.operandExprStack.back().begin(), flattener.operandExprStack.back().end());
  LinearIndex index{{flat.begin(), flat.end() - 1}, flat.back(), {}};
  for (unsigned loop = 0; loop < loops; ++loop)
    if (index.coefficients[loop] != 0)
      index.loops.push_back(loop);
  return index;
}

FailureOr<AdjointBody::Window> AdjointBody::makeWindow(OpBuilder &builder, AffineExpr expression, AffineMap map,
                                                       OpFoldResult extent) {
  auto unsupported = [&](StringRef why) {
    return op.emitOpError("has no derivative through an index expression of ") << AffineMapAttr::get(map) << ": " << why;
  };
  Window window{expression, 0, std::nullopt, 0, 0, 0, extent, builder.getIndexAttr(1)};
  FailureOr<LinearIndex> index = LinearIndex::get(expression, loops);
  if (failed(index) || index->loops.empty() || index->loops.size() > 2)
    return unsupported("expected a sum of at most two loops with constant strides");
  unsigned &outer = window.outer = index->loops.front();
  std::optional<unsigned> &inner = window.inner;
  if (index->loops.size() == 2) {
    inner = index->loops.back();
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    if (iterators[outer] == utils::IteratorType::reduction && iterators[*inner] == utils::IteratorType::parallel)
      std::swap(outer, *inner);
  }
  window.stride = index->coefficients[outer];
  window.dilation = inner ? index->coefficients[*inner] : 0;
  window.offset = index->constant;
  if (window.stride < 1 || window.dilation < 0 || window.offset < 0)
    return unsupported("expected positive strides");
  if (inner)
    window.innerExtent = getLoopExtent(builder, op, *inner);
  if (!window.innerExtent)
    return unsupported("nothing but this expression bounds its loops");
  return window;
}

static OpFoldResult applyAffine(OpBuilder &builder, Location loc, AffineExpr expression, ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(builder, loc, expression, operands);
}

/// Puts the elements along the windows' axes into zeros, `stride` apart.
Value AdjointBody::spread(OpBuilder &builder, Value value, ArrayRef<const Window *> axes) {
  Location loc = op.getLoc();
  AffineExpr a, b;
  bindDims(builder.getContext(), a, b);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, value), extents = sizes;
  SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0)), strides(sizes.size(), builder.getIndexAttr(1));
  for (auto [axis, window] : llvm::enumerate(axes)) {
    if (!window)
      continue;
    OpFoldResult reach = applyAffine(builder, loc, (a - 1) * window->dilation, {window->innerExtent});
    extents[axis] = applyAffine(builder, loc, a + b, {window->extent, reach});
    offsets[axis] = applyAffine(builder, loc, a + window->offset, {reach});
    strides[axis] = builder.getIndexAttr(window->stride);
  }
  Type element = getElementTypeOrSelf(value.getType());
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
  Value empty = tensor::EmptyOp::create(builder, loc, extents, element);
  Value zeros = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  return tensor::InsertSliceOp::create(builder, loc, value, zeros, offsets, sizes, strides);
}

/// Reverses the marked axes, whose extents are known.
Value AdjointBody::reverse(OpBuilder &builder, Value value, ArrayRef<bool> axes) {
  auto type = cast<RankedTensorType>(value.getType());
  Location loc = op.getLoc();
  SmallVector<AffineExpr> source;
  for (auto [axis, reversed] : llvm::enumerate(axes)) {
    AffineExpr loop = builder.getAffineDimExpr(axis);
    source.push_back(reversed ? type.getDimSize(axis) - 1 - loop : loop);
  }
  Value empty = tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, value), type.getElementType());
  SmallVector<AffineMap> maps{AffineMap::get(axes.size(), 0, source, builder.getContext()),
                              builder.getMultiDimIdentityMap(axes.size())};
  SmallVector<utils::IteratorType> iterators(axes.size(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(builder, loc, type, value, empty, maps, iterators,
                                   [](OpBuilder &b, Location at, ValueRange in) {
                                     linalg::YieldOp::create(b, at, in[0]);
                                   })
      .getResult(0);
}

LogicalResult AdjointBody::applyWindows(OpBuilder &builder, Input &input) {
  if (windows.empty() || input.map.getNumResults() == 0)
    return success();
  SmallVector<AffineExpr> results(input.map.getResults());
  SmallVector<const Window *> spreadAxes(results.size());
  SmallVector<bool> reversedAxes(results.size());
  for (auto [axis, result] : llvm::enumerate(results)) {
    for (const Window &window : windows) {
      AffineExpr outer = builder.getAffineDimExpr(window.outer);
      AffineExpr inner = window.inner ? builder.getAffineDimExpr(*window.inner) : AffineExpr();
      if (result == window.expression) {
        result = outer;
        break;
      }
      if (result == outer) {
        spreadAxes[axis] = &window;
        result = inner ? outer + inner * window.dilation : outer;
        break;
      }
      if (inner && result == inner) {
        reversedAxes[axis] = true;
        if (cast<RankedTensorType>(input.value.getType()).isDynamicDim(axis))
          return op.emitOpError("has no derivative: the extent of its window is dynamic, expected a constant");
        break;
      }
      if (result.isFunctionOfDim(window.outer) || (window.inner && result.isFunctionOfDim(*window.inner)))
        return op.emitOpError("has no derivative: a window's loops meet in two different index expressions");
    }
  }
  if (llvm::any_of(spreadAxes, [](const Window *window) { return window; }))
    input.value = spread(builder, input.value, spreadAxes);
  if (llvm::is_contained(reversedAxes, true))
    input.value = reverse(builder, input.value, reversedAxes);
  input.map = AffineMap::get(loops, 0, results, builder.getContext());
  return success();
}

/// Expands a value that lacks the axes of extent 1 that `map` reads at a constant place.
static Value restoreUnitAxes(OpBuilder &builder, Location loc, Value value, Value like, AffineMap map) {
  SmallVector<ReassociationIndices> groups;
  ReassociationIndices pending;
  for (auto [axis, expression] : llvm::enumerate(map.getResults())) {
    bool isUnit = isa<AffineConstantExpr>(expression);
    if (isUnit && groups.empty()) {
      pending.push_back(axis);
      continue;
    }
    if (!isUnit)
      groups.push_back(std::exchange(pending, {}));
    groups.back().push_back(axis);
  }
  return tensor::ExpandShapeOp::create(builder, loc, like.getType(), value, groups,
                                       tensor::getMixedSizes(builder, loc, like));
}

FailureOr<Value> AdjointBody::finishGradient(OpBuilder &builder, Value value, Value like, AffineMap map) {
  Location loc = op.getLoc();
  auto type = dyn_cast<RankedTensorType>(like.getType());
  Type element = getElementTypeOrSelf(like.getType());
  if (map.isPermutation())
    if (Value unchanged = getUnchanged(value, map); unchanged && isa<RankedTensorType>(unchanged.getType()))
      return castTo(builder, loc, unchanged, type);

  // The axes that loops make, and those at a constant place.
  MLIRContext *context = builder.getContext();
  SmallVector<OpFoldResult> sizes, offsets, slice;
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> made;
  SmallVector<std::pair<unsigned, unsigned>> diagonals;
  for (auto [axis, expression] : llvm::enumerate(map.getResults())) {
    OpFoldResult extent = tensor::getMixedSize(builder, loc, like, axis);
    if (auto constant = dyn_cast<AffineConstantExpr>(expression)) {
      offsets.push_back(builder.getIndexAttr(constant.getValue()));
      slice.push_back(builder.getIndexAttr(1));
      continue;
    }
    auto loop = dyn_cast<AffineDimExpr>(expression);
    if (!loop) {
      FailureOr<Window> window = makeWindow(builder, expression, map, extent);
      if (failed(window))
        return failure();
      loop = cast<AffineDimExpr>(builder.getAffineDimExpr(window->outer));
      windows.push_back(*window);
    }
    if (llvm::is_contained(made, loop)) {
      // A diagonal: a loop of its own for the second axis, zero off the diagonal.
      diagonals.push_back({loop.getPosition(), loops});
      loop = cast<AffineDimExpr>(getAffineDimExpr(loops++, context));
    }
    made.push_back(loop);
    sizes.push_back(extent);
    shape.push_back(type.getDimSize(axis));
    offsets.push_back(builder.getIndexAttr(0));
    slice.push_back(extent);
  }
  OpBuilder inner = getBuilder();
  for (auto [row, column] : diagonals) {
    Value i = linalg::IndexOp::create(inner, loc, row), j = linalg::IndexOp::create(inner, loc, column);
    Value equal = arith::CmpIOp::create(inner, loc, arith::CmpIPredicate::eq, i, j);
    value = Expression{&inner, loc, value}.where(equal).value;
  }
  if (!diagonals.empty())
    for (Input &input : inputs)
      input.map = AffineMap::get(loops, 0, input.map.getResults(), context);

  // Sums accumulate in f32 or wider.
  bool reduces = made.size() < loops;
  Type sum = reduces && element.getIntOrFloatBitWidth() < 32 ? builder.getF32Type() : element;
  Value init = tensor::EmptyOp::create(builder, loc, sizes, sum);
  if (reduces) {
    Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(sum));
    init = linalg::FillOp::create(builder, loc, zero, init).getResult(0);
  }
  FailureOr<linalg::GenericOp> adjoint = finish(builder, value, init, AffineMap::get(loops, 0, made, context),
                                                reduces ? Combine::Add : Combine::Store);
  if (failed(adjoint))
    return failure();
  Value result = adjoint->getResult(0);
  if (sum != element)
    result = arith::TruncFOp::create(builder, loc, cast<RankedTensorType>(result.getType()).clone(element), result);
  if (!type)
    return tensor::ExtractOp::create(builder, loc, result, ValueRange()).getResult();
  if (made.size() == static_cast<size_t>(type.getRank()))
    return castTo(builder, loc, result, type);
  if (llvm::all_of(llvm::enumerate(map.getResults()), [&](auto axis) {
        return !isa<AffineConstantExpr>(axis.value()) || type.getDimSize(axis.index()) == 1;
      }))
    return restoreUnitAxes(builder, loc, result, like, map);
  SmallVector<OpFoldResult> ones(type.getRank(), builder.getIndexAttr(1));
  Value zeros = constantLike(builder, loc, like, 0.0);
  return tensor::InsertSliceOp::create(builder, loc, result, zeros, offsets, slice, ones).getResult();
}
