// How the loops of a plan read and write memory: contiguous, masked, strided, transposed or gathered vectors.
#include "passes/cpu/VectorTranspose.h"
#include "passes/cpu/VectorizeLinalgEmitter.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace keel::vectorize;

Value Emitter::getIndex(Operand &operand, Scope &scope, unsigned row, unsigned vector) {
  OpFoldResult sum = operand.offset;
  for (auto [dim, stride] : llvm::enumerate(operand.strides))
    if (scope.ivs[dim])
      sum = add(builder, loc, sum, multiply(builder, loc, scope.ivs[dim], stride));
  for (auto &[expr, stride] : operand.irregular) {
    SmallVector<OpFoldResult> dims;
    for (auto [dim, iv] : llvm::enumerate(scope.ivs))
      dims.push_back(iv && plan.rowDim == dim ? add(builder, loc, iv, builder.getIndexAttr(row))
                     : iv                     ? OpFoldResult(iv)
                                              : OpFoldResult(builder.getIndexAttr(0)));
    OpFoldResult term = affine::makeComposedFoldedAffineApply(
        builder, loc, AffineMap::get(scope.ivs.size(), 0, expr), dims);
    sum = add(builder, loc, sum, multiply(builder, loc, term, stride));
  }
  auto addSteps = [&](unsigned dim, int64_t steps) {
    sum = add(builder, loc, sum, multiply(builder, loc, operand.strides[dim], builder.getIndexAttr(steps)));
  };
  if (row)
    addSteps(*plan.rowDim, row);
  if (vector)
    addSteps(*plan.vectorDim, int64_t(vector) * plan.lanes);
  return materialize(sum);
}

// 0, stride, 2 · stride, ...
Value Emitter::lanesTimes(OpFoldResult stride) {
  SmallVector<APInt> steps;
  std::optional<int64_t> constant = getConstantIntValue(stride);
  for (unsigned lane = 0; lane < plan.lanes; ++lane)
    steps.emplace_back(64, lane * constant.value_or(1));
  Value vector = arith::ConstantOp::create(builder, loc,
                                           DenseElementsAttr::get(vectorOf(builder.getIndexType()), steps));
  if (constant)
    return vector;
  return arith::MulIOp::create(builder, loc, vector, broadcast(materialize(stride)));
}

Value Emitter::emitLoad(Operand &operand, Scope &scope, unsigned row, unsigned vector) {
  if (operand.isScalar)
    return operand.flat;
  Value at = getIndex(operand, scope, row, vector);
  Type element = operand.getElementType();
  if (!scope.vectorized || !operand.dependsOn(*plan.vectorDim))
    return memref::LoadOp::create(builder, loc, operand.flat, at);
  OpFoldResult stride = operand.strides[*plan.vectorDim];
  VectorType type = vectorOf(element);
  if (isConstant(stride, 1) && !element.isInteger(1)) {
    if (!scope.mask)
      return vector::LoadOp::create(builder, loc, type, operand.flat, at);
    // The lanes that are off hold ones: no division by zero, no logarithm of zero to wait for.
    Value one = arith::ConstantOp::create(
        builder, loc, element.isIndex() ? builder.getIndexAttr(1) : builder.getOneAttr(element));
    return vector::MaskedLoadOp::create(builder, loc, type, operand.flat, at, scope.mask, broadcast(one));
  }
  if (scope.mask) {
    Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    return vector::GatherOp::create(builder, loc, type, operand.flat, at, lanesTimes(stride), scope.mask, zero);
  }
  SmallVector<Value> elements;
  for (unsigned lane = 0; lane < plan.lanes; ++lane) {
    OpFoldResult step = multiply(builder, loc, stride, builder.getIndexAttr(lane));
    Value position = materialize(add(builder, loc, at, step));
    elements.push_back(memref::LoadOp::create(builder, loc, operand.flat, position));
  }
  return vector::FromElementsOp::create(builder, loc, type, elements);
}

// A vector along the rows for each lane; the transposed square is a vector along the lanes for each row.
Copies Emitter::emitTransposedLoads(Operand &operand, Scope &scope) {
  OpFoldResult at = getIndex(operand, scope, 0, 0);
  SmallVector<Value> columns;
  for (unsigned lane = 0; lane < plan.lanes; ++lane) {
    OpFoldResult step = multiply(builder, loc, operand.strides[*plan.vectorDim], builder.getIndexAttr(lane));
    columns.push_back(vector::LoadOp::create(builder, loc, vectorOf(operand.getElementType()), operand.flat,
                                             materialize(add(builder, loc, at, step))));
  }
  return Copies{true, false, 1, keel::transposeSquare(builder, loc, columns)};
}

void Emitter::emitStore(Operand &operand, Scope &scope, Value value, unsigned row, unsigned vector) {
  Value at = getIndex(operand, scope, row, vector);
  if (!scope.vectorized || !operand.dependsOn(*plan.vectorDim)) {
    memref::StoreOp::create(builder, loc, value, operand.flat, at);
    return;
  }
  value = broadcast(value);
  OpFoldResult stride = operand.strides[*plan.vectorDim];
  if (isConstant(stride, 1) && !operand.getElementType().isInteger(1)) {
    if (scope.mask)
      vector::MaskedStoreOp::create(builder, loc, operand.flat, at, scope.mask, value);
    else
      vector::StoreOp::create(builder, loc, value, operand.flat, at);
    return;
  }
  if (scope.mask) {
    vector::ScatterOp::create(builder, loc, Type(), operand.flat, ValueRange{at}, lanesTimes(stride), scope.mask,
                              value);
    return;
  }
  for (unsigned lane = 0; lane < plan.lanes; ++lane) {
    OpFoldResult step = multiply(builder, loc, stride, builder.getIndexAttr(lane));
    Value element = vector::ExtractOp::create(builder, loc, value, int64_t(lane));
    memref::StoreOp::create(builder, loc, element, operand.flat, materialize(add(builder, loc, at, step)));
  }
}

// A load inside the body, from tensor.extract: contiguous where only the last index varies and is the loop's own (a row
// of an embedding table), a gather elsewhere.
Value Emitter::emitExtract(memref::LoadOp load, Scope &scope, unsigned row, unsigned vector) {
  const FlatBuffer &buffer = plan.extracted[load.getMemRef()];
  Type element = load.getType();
  SmallVector<Value> indices;
  bool anyVector = false, onlyLast = true;
  for (auto [i, operand] : llvm::enumerate(load.getIndices())) {
    indices.push_back(lookup(scope, operand, row, vector));
    if (!isa<VectorType>(indices.back().getType()))
      continue;
    anyVector = true;
    onlyLast &= i + 1 == load.getIndices().size() && plan.isVectorIndex(operand);
  }
  onlyLast &= anyVector && isConstant(buffer.strides.back(), 1);
  OpFoldResult uniform = builder.getIndexAttr(0);
  Value varying;
  for (auto [i, position, stride] : llvm::enumerate(indices, buffer.strides)) {
    if (!isa<VectorType>(position.getType())) {
      uniform = add(builder, loc, uniform, multiply(builder, loc, position, stride));
      continue;
    }
    if (onlyLast) {
      OpFoldResult start = add(builder, loc, scope.ivs[*plan.vectorDim], builder.getIndexAttr(vector * plan.lanes));
      uniform = add(builder, loc, uniform, start);
      continue;
    }
    Value term = arith::MulIOp::create(builder, loc, position, broadcast(materialize(stride)));
    varying = varying ? arith::AddIOp::create(builder, loc, varying, term).getResult() : term;
  }
  Value at = materialize(uniform);
  if (!anyVector)
    return memref::LoadOp::create(builder, loc, buffer.base, at);
  VectorType type = vectorOf(element);
  if (onlyLast && !scope.mask)
    return vector::LoadOp::create(builder, loc, type, buffer.base, at);
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  if (onlyLast)
    return vector::MaskedLoadOp::create(builder, loc, type, buffer.base, at, scope.mask, zero);
  return vector::GatherOp::create(builder, loc, type, buffer.base, at, varying,
                                  scope.mask ? scope.mask : allLanes(), zero);
}
