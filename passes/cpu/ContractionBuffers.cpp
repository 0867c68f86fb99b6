// The buffers of a contraction's loop nest, and its small building blocks. See ContractionEmitter.h.
#include "passes/cpu/ContractionEmitter.h"
#include "passes/cpu/VectorTranspose.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace keel;

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

// At the start of the parallel loop's body, where the memory plan makes it a worker's own, or of the kernel.
Value ContractionEmitter::createBuffer(int64_t size) {
  Operation *scope = contraction.op->getParentOp();
  while (!isa<scf::ForallOp, scf::ParallelOp>(scope) && !scope->hasTrait<OpTrait::IsIsolatedFromAbove>())
    scope = scope->getParentOp();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&scope->getRegion(0).front());
  return memref::AllocOp::create(b, loc, MemRefType::get(size, sumType), b.getI64IntegerAttr(64));
}

// A[k, m] of the chunk as [tile][k][row of the tile].
void ContractionEmitter::fillRowBuffer(Indices &ivs) {
  if (!dataA)
    dataA = createBuffer(rowBlock * depthBlock);
  if (bufferA == Buffer::Columns)
    return fillExtendedRows(ivs);
  Indices inner = ivs;
  loop(depthLow, depthHigh, 1, [&](Value depth) {
    inner[*k] = depth;
    // Each row of the chunk is a few lines in another page, which no hardware prefetcher follows.
    constexpr int64_t rowsAhead = 8, lineBytes = 64;
    inner[*m] = rowLow;
    int64_t line = lineBytes * 8 / contraction.getElementType(contraction.a).getIntOrFloatBitWidth();
    for (int64_t row = 0; row < rowBlock; row += line)
      memref::PrefetchOp::create(b, loc, memrefA, getIndices(contraction.aMap, at(at(inner, k, rowsAhead), m, row)),
                                 /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
    forEachRowTile(inner, getMaxRows(panelVectors), 0, [&](int64_t rows, bool) {
      VectorType type = VectorType::get(rows, contraction.getElementType(contraction.a));
      Value row = vector::LoadOp::create(b, loc, type, memrefA, getIndices(contraction.aMap, inner));
      Value position =
          add(multiply(subtract(inner[*m], rowLow), depthBlock), multiply(subtract(depth, depthLow), rows));
      storeVector(convert(row, sumType), dataA, position);
    });
  });
}

// A[m, k] of the chunk as it is, extended.
void ContractionEmitter::fillExtendedRows(Indices &ivs) {
  Indices inner = ivs;
  Value whole = add(depthLow, roundDown(subtract(depthHigh, depthLow), lanes));
  loop(rowLow, add(rowLow, rowSize), 1, [&](Value row) {
    inner[*m] = row;
    auto copy = [&](Value low, Value high, int64_t step) {
      loop(low, high, step, [&](Value depth) {
        inner[*k] = depth;
        Indices indices = getIndices(contraction.aMap, inner);
        Value position = add(multiply(subtract(row, rowLow), depthBlock), subtract(depth, depthLow));
        if (step == lanes)
          storeVector(loadVector(memrefA, indices), dataA, position);
        else
          memref::StoreOp::create(b, loc, loadScalar(memrefA, indices), dataA, position);
      });
    };
    copy(depthLow, whole, lanes);
    copy(whole, depthHigh, 1);
  });
}

// B of the chunk and the panel as [k][column].
void ContractionEmitter::fillColumnBuffer(Indices &ivs, int64_t vectors, Value mask, Value columns) {
  Indices inner = ivs;
  if (bufferB == Buffer::Columns)
    return fillTransposed(inner, vectors, columns);
  Value low = depthLow, first = ivs[*n];
  auto row = [&](Value depth) {
    if (k)
      inner[*k] = depth;
    return multiply(subtract(depth, low), panelVectors * lanes);
  };
  loop(depthLow, depthHigh, 1, [&](Value depth) {
    Value position = row(depth);
    if (bufferB == Buffer::Gather)
      return loop(constant(0), columns, 1, [&](Value column) {
        inner[*n] = add(first, column);
        Value scalar = loadScalar(memrefB, getIndices(contraction.bMap, inner));
        memref::StoreOp::create(b, loc, scalar, dataB, add(position, column));
      });
    for (int64_t vector = 0; vector < vectors; ++vector) {
      Value data = loadVector(memrefB, getIndices(contraction.bMap, at(inner, n, vector * lanes)),
                              vector + 1 == vectors ? mask : Value());
      storeVector(data, dataB, add(position, vector * lanes));
    }
  });
}

// B's columns lie along k: squares are transposed in registers, what is left goes element by element.
void ContractionEmitter::fillTransposed(Indices &ivs, int64_t vectors, Value columns) {
  Value first = ivs[*n], wholeColumns = roundDown(columns, lanes);
  Value wholeDepth = add(depthLow, roundDown(subtract(depthHigh, depthLow), lanes));
  auto getPosition = [&](Value column) {
    return add(multiply(subtract(ivs[*k], depthLow), panelVectors * lanes), column);
  };
  auto copy = [&](Value lowColumn, Value highColumn, Value lowDepth, Value highDepth) {
    loop(lowColumn, highColumn, 1, [&](Value column) {
      loop(lowDepth, highDepth, 1, [&](Value depth) {
        ivs[*n] = add(first, column);
        ivs[*k] = depth;
        Value scalar = loadScalar(memrefB, getIndices(contraction.bMap, ivs));
        memref::StoreOp::create(b, loc, scalar, dataB, getPosition(column));
      });
    });
  };
  loop(constant(0), wholeColumns, lanes, [&](Value column) {
    loop(depthLow, wholeDepth, lanes, [&](Value depth) {
      ivs[*n] = add(first, column);
      ivs[*k] = depth;
      SmallVector<Value> square;
      for (int64_t lane = 0; lane < lanes; ++lane)
        square.push_back(loadVector(memrefB, getIndices(contraction.bMap, at(ivs, n, lane))));
      square = transposeSquare(b, loc, square);
      for (int64_t lane = 0; lane < lanes; ++lane)
        storeVector(square[lane], dataB, add(getPosition(column), lane * panelVectors * lanes));
    });
  });
  copy(constant(0), wholeColumns, wholeDepth, depthHigh);
  copy(wholeColumns, columns, depthLow, depthHigh);
}

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

Value ContractionEmitter::constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

static Value apply(OpBuilder &b, Location loc, AffineExpr expr, ArrayRef<OpFoldResult> operands) {
  AffineMap map = AffineMap::get(operands.size(), 0, expr);
  return getValueOrCreateConstantIndexOp(b, loc, affine::makeComposedFoldedAffineApply(b, loc, map, operands));
}

Value ContractionEmitter::add(Value value, int64_t offset) {
  return offset ? apply(b, loc, b.getAffineDimExpr(0) + offset, {getAsOpFoldResult(value)}) : value;
}
Value ContractionEmitter::add(Value left, Value right) {
  return apply(b, loc, b.getAffineDimExpr(0) + b.getAffineDimExpr(1),
               {getAsOpFoldResult(left), getAsOpFoldResult(right)});
}
Value ContractionEmitter::subtract(Value left, Value right) {
  return apply(b, loc, b.getAffineDimExpr(0) - b.getAffineDimExpr(1),
               {getAsOpFoldResult(left), getAsOpFoldResult(right)});
}
Value ContractionEmitter::multiply(Value value, int64_t factor) {
  return apply(b, loc, b.getAffineDimExpr(0) * factor, {getAsOpFoldResult(value)});
}
Value ContractionEmitter::divide(Value value, int64_t divisor) {
  return apply(b, loc, b.getAffineDimExpr(0).floorDiv(divisor), {getAsOpFoldResult(value)});
}
Value ContractionEmitter::remainder(Value value, int64_t divisor) {
  return apply(b, loc, b.getAffineDimExpr(0) % divisor, {getAsOpFoldResult(value)});
}
Value ContractionEmitter::roundDown(Value value, int64_t step) {
  return apply(b, loc, b.getAffineDimExpr(0).floorDiv(step) * step, {getAsOpFoldResult(value)});
}
Value ContractionEmitter::minimum(Value left, Value right) {
  std::optional<int64_t> leftValue = getConstantIntValue(left), rightValue = getConstantIntValue(right);
  if (leftValue && rightValue)
    return constant(std::min(*leftValue, *rightValue));
  return arith::MinSIOp::create(b, loc, left, right);
}

Value ContractionEmitter::createExtent(unsigned loop) {
  if (int64_t extent = contraction.extents[loop]; !ShapedType::isDynamic(extent))
    return constant(extent);
  for (auto [operand, map] : {std::pair(memrefC, contraction.cMap), std::pair(memrefA, contraction.aMap),
                              std::pair(memrefB, contraction.bMap)})
    if (auto position = map.getResultPosition(b.getAffineDimExpr(loop)))
      return memref::DimOp::create(b, loc, operand, *position);
  llvm_unreachable("matchContraction finds an operand for every loop");
}

void ContractionEmitter::loop(Value low, Value high, int64_t step, function_ref<void(Value)> body) {
  std::optional<int64_t> from = getConstantIntValue(low), to = getConstantIntValue(high);
  if (low == high || (from && to && *from >= *to))
    return;
  if (from && to && *from + step >= *to)
    return body(low);
  auto forOp = scf::ForOp::create(b, loc, low, high, constant(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forOp.getBody());
  body(forOp.getInductionVar());
}

ContractionEmitter::Indices ContractionEmitter::getIndices(AffineMap map, const Indices &ivs) {
  SmallVector<OpFoldResult> operands = getAsOpFoldResult(ValueRange(ivs));
  Indices indices;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    indices.push_back(dim ? ivs[dim.getPosition()] : apply(b, loc, expr, operands));
  }
  return indices;
}

ContractionEmitter::Indices ContractionEmitter::at(const Indices &ivs, std::optional<unsigned> loop, int64_t offset) {
  Indices result = ivs;
  if (loop && offset)
    result[*loop] = add(result[*loop], offset);
  return result;
}

Value ContractionEmitter::convert(Value value, Type element) {
  Type type = value.getType(), from = getElementTypeOrSelf(type);
  if (from == element)
    return value;
  Type to = element;
  if (auto vector = dyn_cast<VectorType>(type))
    to = VectorType::get(vector.getShape(), element);
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(b, loc, to, value);
  return arith::TruncFOp::create(b, loc, to, value);
}

Value ContractionEmitter::loadScalar(Value memref, ValueRange indices) {
  return convert(memref::LoadOp::create(b, loc, memref, indices), sumType);
}

Value ContractionEmitter::loadVector(Value memref, ValueRange indices, Value mask) {
  VectorType type = VectorType::get(lanes, getElementTypeOrSelf(memref.getType()));
  if (!mask)
    return convert(vector::LoadOp::create(b, loc, type, memref, indices), sumType);
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  return convert(vector::MaskedLoadOp::create(b, loc, type, memref, indices, mask, zero), sumType);
}

void ContractionEmitter::storeVector(Value vector, Value memref, ValueRange indices, Value mask) {
  vector = convert(vector, getElementTypeOrSelf(memref.getType()));
  if (mask)
    vector::MaskedStoreOp::create(b, loc, memref, indices, mask, vector);
  else
    vector::StoreOp::create(b, loc, vector, memref, indices);
}

Value ContractionEmitter::loadInitial(const Indices &ivs, Value mask) {
  if (initial.kind == InitialValue::Load)
    return loadVector(memrefC, getIndices(contraction.cMap, ivs), mask);
  if (initial.kind == InitialValue::Scalar)
    return broadcast(convert(initial.value, sumType));
  Indices indices = getIndices(initial.map, ivs);
  return initial.map.isFunctionOfDim(*n) ? loadVector(initial.value, indices, mask)
                                         : broadcast(loadScalar(initial.value, indices));
}

Value ContractionEmitter::broadcast(Value scalar) { return vector::BroadcastOp::create(b, loc, vectorType, scalar); }

Value ContractionEmitter::multiplyAdd(Value x, Value y, Value z) {
  if (isa<VectorType>(z.getType()))
    return vector::FMAOp::create(b, loc, x, y, z);
  return math::FmaOp::create(b, loc, x, y, z);
}
