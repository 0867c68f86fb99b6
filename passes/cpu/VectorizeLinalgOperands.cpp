// Operands of a linalg.generic on buffers as flat memory: base, offset and a stride for each loop.
#include "passes/cpu/VectorizeLinalgPlan.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace keel::vectorize;

bool keel::vectorize::isConstant(OpFoldResult value, int64_t constant) { return isConstantIntValue(value, constant); }

OpFoldResult keel::vectorize::multiply(OpBuilder &builder, Location loc, OpFoldResult lhs, OpFoldResult rhs) {
  std::optional<int64_t> left = getConstantIntValue(lhs), right = getConstantIntValue(rhs);
  if (left && right)
    return builder.getIndexAttr(*left * *right);
  if (left == 0 || right == 0)
    return builder.getIndexAttr(0);
  if (left == 1)
    return rhs;
  if (right == 1)
    return lhs;
  return arith::MulIOp::create(builder, loc, getValueOrCreateConstantIndexOp(builder, loc, lhs),
                               getValueOrCreateConstantIndexOp(builder, loc, rhs))
      .getResult();
}

OpFoldResult keel::vectorize::add(OpBuilder &builder, Location loc, OpFoldResult lhs, OpFoldResult rhs) {
  std::optional<int64_t> left = getConstantIntValue(lhs), right = getConstantIntValue(rhs);
  if (left && right)
    return builder.getIndexAttr(*left + *right);
  if (left == 0)
    return rhs;
  if (right == 0)
    return lhs;
  return arith::AddIOp::create(builder, loc, getValueOrCreateConstantIndexOp(builder, loc, lhs),
                               getValueOrCreateConstantIndexOp(builder, loc, rhs))
      .getResult();
}

FailureOr<FlatBuffer> FlatBuffer::get(OpBuilder &builder, Location loc, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return emitError(loc) << "expected a buffer with strides, found the layout of " << type;
  auto metadata = memref::ExtractStridedMetadataOp::create(builder, loc, buffer);
  FlatBuffer flat;
  for (auto [stride, value] : llvm::zip(strides, metadata.getStrides()))
    flat.strides.push_back(ShapedType::isDynamic(stride) ? OpFoldResult(value)
                                                         : OpFoldResult(builder.getIndexAttr(stride)));
  // The elements from the first to the last one; a dynamic dimension is the leading one.
  OpFoldResult span = builder.getIndexAttr(1);
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    if (ShapedType::isDynamic(extent)) {
      span = multiply(builder, loc, metadata.getSizes()[i], flat.strides[i]);
      break;
    }
    span = add(builder, loc, span, multiply(builder, loc, builder.getIndexAttr(extent - 1), flat.strides[i]));
  }
  Value size = getValueOrCreateConstantIndexOp(builder, loc, span);
  auto flatType =
      MemRefType::get({ShapedType::kDynamic}, type.getElementType(),
                      StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic, {1}), type.getMemorySpace());
  OpFoldResult start = ShapedType::isDynamic(offset) ? OpFoldResult(metadata.getOffset())
                                                     : OpFoldResult(builder.getIndexAttr(offset));
  Value startValue = getValueOrCreateConstantIndexOp(builder, loc, start);
  flat.base = memref::ReinterpretCastOp::create(builder, loc, flatType, metadata.getBaseBuffer(), startValue,
                                                ValueRange{size}, ValueRange{}, ArrayRef{ShapedType::kDynamic},
                                                ArrayRef{ShapedType::kDynamic}, ArrayRef<int64_t>{1});
  return flat;
}

bool Operand::dependsOn(unsigned dim) const {
  if (isScalar)
    return false;
  return !isConstant(strides[dim], 0) ||
         llvm::any_of(irregular, [&](auto &term) { return term.first.isFunctionOfDim(dim); });
}

// Adds `stride` times the expression to the operand, as long as it is linear.
static bool addLinear(OpBuilder &builder, Location loc, AffineExpr expr, OpFoldResult stride, Operand &operand) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    OpFoldResult &sum = operand.strides[dim.getPosition()];
    sum = add(builder, loc, sum, stride);
    return true;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    operand.offset = add(builder, loc, operand.offset,
                         multiply(builder, loc, stride, builder.getIndexAttr(constant.getValue())));
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Mul)
    if (auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS()))
      return addLinear(builder, loc, binary.getLHS(),
                       multiply(builder, loc, stride, builder.getIndexAttr(factor.getValue())), operand);
  if (binary.getKind() == AffineExprKind::Add)
    return addLinear(builder, loc, binary.getLHS(), stride, operand) &&
           addLinear(builder, loc, binary.getRHS(), stride, operand);
  return false;
}

FailureOr<Operand> keel::vectorize::makeOperand(OpBuilder &builder, Location loc, Value value, AffineMap map) {
  Operand operand;
  operand.offset = builder.getIndexAttr(0);
  operand.strides.assign(map.getNumDims(), builder.getIndexAttr(0));
  if (!isa<MemRefType>(value.getType())) {
    operand.flat = value;
    operand.isScalar = true;
    return operand;
  }
  FailureOr<FlatBuffer> flat = FlatBuffer::get(builder, loc, value);
  if (failed(flat))
    return failure();
  operand.flat = flat->base;
  for (auto [expr, stride] : llvm::zip(map.getResults(), flat->strides)) {
    Operand attempt = operand;
    if (addLinear(builder, loc, expr, stride, attempt))
      operand = attempt;
    else
      operand.irregular.emplace_back(expr, stride);
  }
  return operand;
}
