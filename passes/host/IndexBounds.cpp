// Interval arithmetic over the index computations that bufferization leaves: constants, affine.apply/min/max, arith,
// memref.dim, loop variables.
#include "passes/host/IndexBounds.h"

#include "dialect/keel/Keel.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

using Bounds = std::optional<IndexBounds>;

static Bounds add(Bounds a, Bounds b) {
  if (!a || !b)
    return {};
  return IndexBounds{a->lower + b->lower, a->upper + b->upper};
}

static Bounds multiply(Bounds a, Bounds b) {
  if (!a || !b)
    return {};
  int64_t products[] = {a->lower * b->lower, a->lower * b->upper, a->upper * b->lower, a->upper * b->upper};
  return IndexBounds{*llvm::min_element(products), *llvm::max_element(products)};
}

static Bounds floorDivide(Bounds a, Bounds b) {
  if (!a || !b || b->lower != b->upper || b->lower <= 0)
    return {};
  return IndexBounds{llvm::divideFloorSigned(a->lower, b->lower), llvm::divideFloorSigned(a->upper, b->lower)};
}

static Bounds ceilDivide(Bounds a, Bounds b) {
  if (!a || !b || b->lower != b->upper || b->lower <= 0)
    return {};
  return IndexBounds{llvm::divideCeilSigned(a->lower, b->lower), llvm::divideCeilSigned(a->upper, b->lower)};
}

static Bounds modulo(Bounds a, Bounds b) {
  if (!b || b->lower <= 0)
    return {};
  if (a && a->lower >= 0 && a->upper < b->lower)
    return a;
  return IndexBounds{0, b->upper - 1};
}

static Bounds minimum(Bounds a, Bounds b) {
  if (a && b)
    return IndexBounds{std::min(a->lower, b->lower), std::min(a->upper, b->upper)};
  // Of a minimum with an unknown, the upper bound still holds; sizes are never negative.
  Bounds known = a ? a : b;
  return known ? Bounds(IndexBounds{std::min<int64_t>(0, known->lower), known->upper}) : Bounds();
}

static Bounds maximum(Bounds a, Bounds b) {
  if (!a || !b)
    return {};
  return IndexBounds{std::max(a->lower, b->lower), std::max(a->upper, b->upper)};
}

static Bounds evaluate(AffineExpr expression, ArrayRef<Bounds> dimensions, ArrayRef<Bounds> symbols) {
  switch (expression.getKind()) {
  case AffineExprKind::Constant: {
    int64_t value = cast<AffineConstantExpr>(expression).getValue();
    return IndexBounds{value, value};
  }
  case AffineExprKind::DimId:
    return dimensions[cast<AffineDimExpr>(expression).getPosition()];
  case AffineExprKind::SymbolId:
    return symbols[cast<AffineSymbolExpr>(expression).getPosition()];
  default:
    break;
  }
  auto binary = cast<AffineBinaryOpExpr>(expression);
  Bounds left = evaluate(binary.getLHS(), dimensions, symbols), right = evaluate(binary.getRHS(), dimensions, symbols);
  switch (expression.getKind()) {
  case AffineExprKind::Add:
    return add(left, right);
  case AffineExprKind::Mul:
    return multiply(left, right);
  case AffineExprKind::FloorDiv:
    return floorDivide(left, right);
  case AffineExprKind::CeilDiv:
    return ceilDivide(left, right);
  default:
    return modulo(left, right);
  }
}

static Bounds getBounds(OpFoldResult value, int64_t capacity) {
  if (auto attribute = dyn_cast<Attribute>(value)) {
    int64_t constant = cast<IntegerAttr>(attribute).getInt();
    return IndexBounds{constant, constant};
  }
  return getIndexBounds(cast<Value>(value), capacity);
}

// The leading or another extent of a shaped value.
static Bounds getExtentBounds(Value shaped, int64_t dimension, int64_t capacity) {
  auto type = dyn_cast<ShapedType>(shaped.getType());
  if (!type || !type.hasRank() || dimension >= type.getRank())
    return {};
  if (!type.isDynamicDim(dimension))
    return IndexBounds{type.getDimSize(dimension), type.getDimSize(dimension)};
  if (auto argument = dyn_cast<BlockArgument>(shaped)) {
    Operation *parent = argument.getOwner()->getParentOp();
    if (isa<func::FuncOp>(parent))
      return dimension == 0 ? Bounds(IndexBounds{1, capacity}) : Bounds();
    if (auto kernel = dyn_cast<KernelOp>(parent))
      return getExtentBounds(kernel->getOperand(argument.getArgNumber()), dimension, capacity);
    if (auto loop = dyn_cast<LoopLikeOpInterface>(parent))
      if (OpOperand *init = loop.getTiedLoopInit(argument))
        return getExtentBounds(init->get(), dimension, capacity);
    return {};
  }
  Operation *op = shaped.getDefiningOp();
  auto dynamicOperand = [&](ValueRange sizes) {
    return getIndexBounds(sizes[type.getDynamicDimIndex(dimension)], capacity);
  };
  if (auto alloc = dyn_cast<memref::AllocOp>(op))
    return dynamicOperand(alloc.getDynamicSizes());
  if (auto view = dyn_cast<memref::ViewOp>(op))
    return dynamicOperand(view.getSizes());
  if (auto subview = dyn_cast<memref::SubViewOp>(op)) {
    // A rank-reducing subview keeps the order of the extents that stay.
    llvm::SmallBitVector dropped = subview.getDroppedDims();
    int64_t kept = -1;
    for (auto [index, size] : llvm::enumerate(subview.getMixedSizes()))
      if (!dropped.test(index) && ++kept == dimension)
        return getBounds(size, capacity);
    return {};
  }
  if (auto cast = dyn_cast<memref::CastOp>(op))
    return getExtentBounds(cast.getSource(), dimension, capacity);
  if (auto expand = dyn_cast<memref::ExpandShapeOp>(op))
    return getBounds(expand.getMixedOutputShape()[dimension], capacity);
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(op)) {
    Bounds product = IndexBounds{1, 1};
    for (int64_t source : collapse.getReassociationIndices()[dimension])
      product = multiply(product, getExtentBounds(collapse.getSrc(), source, capacity));
    return product;
  }
  return {};
}

Bounds keel::getIndexBounds(Value value, int64_t capacity) {
  IntegerAttr constant;
  if (matchPattern(value, m_Constant(&constant)))
    return IndexBounds{constant.getInt(), constant.getInt()};
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Operation *parent = argument.getOwner()->getParentOp();
    if (auto kernel = dyn_cast<KernelOp>(parent))
      return getIndexBounds(kernel->getOperand(argument.getArgNumber()), capacity);
    auto loop = dyn_cast<LoopLikeOpInterface>(parent);
    if (!loop)
      return {};
    auto variables = loop.getLoopInductionVars();
    auto lowers = loop.getLoopLowerBounds();
    auto uppers = loop.getLoopUpperBounds();
    if (!variables || !lowers || !uppers)
      return {};
    for (auto [variable, lower, upper] : llvm::zip(*variables, *lowers, *uppers)) {
      if (variable != value)
        continue;
      Bounds first = getBounds(lower, capacity), last = getBounds(upper, capacity);
      if (!first || !last)
        return {};
      return IndexBounds{first->lower, std::max(first->lower, last->upper - 1)};
    }
    return {};
  }
  Operation *op = value.getDefiningOp();
  auto operand = [&](unsigned index) { return getIndexBounds(op->getOperand(index), capacity); };
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
    return operand(0);
  if (isa<arith::AddIOp>(op))
    return add(operand(0), operand(1));
  if (isa<arith::SubIOp>(op)) {
    Bounds right = operand(1);
    return right ? add(operand(0), IndexBounds{-right->upper, -right->lower}) : Bounds();
  }
  if (isa<arith::MulIOp>(op))
    return multiply(operand(0), operand(1));
  if (isa<arith::DivUIOp, arith::DivSIOp, arith::FloorDivSIOp>(op)) {
    Bounds left = operand(0);
    return left && left->lower >= 0 ? floorDivide(left, operand(1)) : Bounds();
  }
  if (isa<arith::CeilDivSIOp, arith::CeilDivUIOp>(op))
    return ceilDivide(operand(0), operand(1));
  if (isa<arith::RemUIOp>(op))
    return modulo(operand(0), operand(1));
  if (isa<arith::MinSIOp, arith::MinUIOp>(op))
    return minimum(operand(0), operand(1));
  if (isa<arith::MaxSIOp, arith::MaxUIOp>(op))
    return maximum(operand(0), operand(1));
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    Bounds a = operand(1), b = operand(2);
    if (!a || !b)
      return {};
    return IndexBounds{std::min(a->lower, b->lower), std::max(a->upper, b->upper)};
  }
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    std::optional<int64_t> index = dim.getConstantIndex();
    return index ? getExtentBounds(dim.getSource(), *index, capacity) : Bounds();
  }
  auto evaluateMap = [&](AffineMap map) {
    SmallVector<Bounds> operands;
    for (Value operand : op->getOperands())
      operands.push_back(getIndexBounds(operand, capacity));
    SmallVector<Bounds> results;
    for (AffineExpr expression : map.getResults())
      results.push_back(evaluate(expression, ArrayRef(operands).take_front(map.getNumDims()),
                                 ArrayRef(operands).drop_front(map.getNumDims())));
    return results;
  };
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return evaluateMap(apply.getAffineMap()).front();
  if (auto min = dyn_cast<affine::AffineMinOp>(op)) {
    SmallVector<Bounds> results = evaluateMap(min.getMap());
    Bounds bounds = results.front();
    for (Bounds result : ArrayRef(results).drop_front())
      bounds = minimum(bounds, result);
    return bounds;
  }
  if (auto max = dyn_cast<affine::AffineMaxOp>(op)) {
    SmallVector<Bounds> results = evaluateMap(max.getMap());
    Bounds bounds = results.front();
    for (Bounds result : ArrayRef(results).drop_front())
      bounds = maximum(bounds, result);
    return bounds;
  }
  return {};
}

std::optional<int64_t> keel::getBytesBound(Type type, ValueRange dynamicSizes, int64_t capacity) {
  auto memref = cast<MemRefType>(type);
  int64_t elements = 1;
  for (int64_t extent : memref.getShape())
    if (!ShapedType::isDynamic(extent))
      elements *= extent;
  for (Value size : dynamicSizes) {
    Bounds bounds = getIndexBounds(size, capacity);
    if (!bounds)
      return {};
    elements *= std::max<int64_t>(bounds->upper, 0);
  }
  Type element = memref.getElementType();
  int64_t bytes = 0;
  if (element.isIndex())
    bytes = 8;
  else if (auto vector = dyn_cast<VectorType>(element))
    bytes = llvm::divideCeil(vector.getNumElements() * vector.getElementTypeBitWidth(), 8);
  else
    bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  return elements * bytes;
}
