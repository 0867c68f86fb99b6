// Writes one contraction on memrefs as loops over register tiles: the loop nest. See ContractionEmitter.h.
//
// The nest is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), with B's
// panels packed ahead of time where the scheduler could.
#include "passes/cpu/ContractionEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace keel;

//===----------------------------------------------------------------------===//
// The loop nest
//===----------------------------------------------------------------------===//

void ContractionEmitter::emit() {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(contraction.op);
  for (unsigned loop = 0; loop < contraction.extents.size(); ++loop)
    extents.push_back(createExtent(loop));
  Indices ivs(extents.size(), constant(0));
  SmallVector<unsigned> outer = contraction.batch;
  llvm::append_range(outer, ArrayRef(contraction.m).drop_back(form == Form::Tiles && m));
  llvm::append_range(outer, ArrayRef(contraction.n).drop_back(n.has_value()));
  llvm::append_range(outer, ArrayRef(contraction.k).drop_back(depth.size()));
  emitOuter(outer, ivs);
}

void ContractionEmitter::emitOuter(ArrayRef<unsigned> loops, Indices &ivs) {
  if (loops.empty())
    return form == Form::Tiles ? emitRowBlocks(ivs) : emitDotProducts(ivs);
  loop(constant(0), extents[loops.front()], 1, [&](Value iv) {
    ivs[loops.front()] = iv;
    emitOuter(loops.drop_front(), ivs);
  });
}

void ContractionEmitter::emitRowBlocks(Indices &ivs) {
  Value rows = m ? extents[*m] : constant(1);
  auto emitBlock = [&](Value low, Value size) {
    rowLow = low;
    rowSize = size;
    emitDepthBlocks(ivs);
  };
  // A block of unknown size is most often a full one, which is cut into tiles without a rest.
  auto emitUnknown = [&](Value low, Value size) {
    Value isFull = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, size, constant(rowBlock));
    auto ifOp = scf::IfOp::create(b, loc, isFull, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifOp.thenBlock());
    emitBlock(low, constant(rowBlock));
    b.setInsertionPointToStart(ifOp.elseBlock());
    emitBlock(low, size);
  };
  std::optional<int64_t> count = getConstantIntValue(rows);
  if (!count) {
    if (rowsFitBlock)
      return emitUnknown(constant(0), rows);
    return loop(constant(0), rows, rowBlock,
                [&](Value low) { emitUnknown(low, minimum(subtract(rows, low), constant(rowBlock))); });
  }
  int64_t whole = *count / rowBlock * rowBlock;
  loop(constant(0), constant(whole), rowBlock, [&](Value low) { emitBlock(low, constant(rowBlock)); });
  if (whole < *count)
    emitBlock(constant(whole), constant(*count - whole));
}

void ContractionEmitter::emitDepthBlocks(Indices &ivs) {
  auto emitChunk = [&](Value low, Value high) {
    depthLow = low;
    depthHigh = high;
    if (bufferA != Buffer::None)
      fillRowBuffer(ivs);
    emitPanels(ivs);
  };
  if (!k)
    return emitChunk(constant(0), constant(1));
  if (!chunked)
    return emitChunk(constant(0), extents[*k]);
  loop(constant(0), extents[*k], depthBlock,
       [&](Value low) { emitChunk(low, minimum(add(low, depthBlock), extents[*k])); });
}

void ContractionEmitter::emitPanels(Indices &ivs) {
  Value columns = extents[*n];
  int64_t width = panelVectors * lanes;
  std::optional<int64_t> count = getConstantIntValue(columns);
  Value whole = roundDown(columns, width);
  loop(constant(0), whole, width, [&](Value low) {
    ivs[*n] = low;
    emitPanel(ivs, panelVectors, {}, constant(width));
  });
  VectorType maskType = VectorType::get(lanes, b.getI1Type());
  if (!count) { // One vector at a time, the last one masked.
    loop(whole, columns, lanes, [&](Value low) {
      ivs[*n] = low;
      Value rest = minimum(subtract(columns, low), constant(lanes));
      emitPanel(ivs, 1, vector::CreateMaskOp::create(b, loc, maskType, ValueRange(rest)), rest);
    });
  } else if (int64_t rest = *count % width) {
    ivs[*n] = whole;
    Value mask;
    if (rest % lanes)
      mask = vector::ConstantMaskOp::create(b, loc, maskType, ArrayRef<int64_t>{rest % lanes});
    emitPanel(ivs, llvm::divideCeil(rest, lanes), mask, constant(rest));
  }
}

void ContractionEmitter::emitPanel(Indices &ivs, int64_t vectors, Value mask, Value columns) {
  // A's buffer is laid out for one tile height.
  int64_t maxRows = getMaxRows(bufferA == Buffer::Rows ? panelVectors : vectors);
  // The first tile copies the rows that it reads, while it waits for the multiply-adds anyway.
  std::optional<int64_t> count = getConstantIntValue(rowSize);
  if (bufferB != Buffer::None && !dataB)
    dataB = createBuffer(depthBlock * panelVectors * lanes);
  int64_t first = bufferB == Buffer::Rows && count ? llvm::divideCeil(*count, llvm::divideCeil(*count, maxRows)) : 0;
  if (bufferB != Buffer::None && !first)
    fillColumnBuffer(ivs, vectors, mask, columns);
  forEachRowTile(ivs, maxRows, first, [&](int64_t rows, bool isFirst) {
    emitTile(ivs, {rows, vectors, mask, first && isFirst});
  });
}

// A static number of rows is split evenly: 16 rows are 8 + 8 and not 14 + 2. If `first`, the first tile, of so many
// rows, is apart.
void ContractionEmitter::forEachRowTile(Indices &ivs, int64_t maxRows, int64_t first,
                                        function_ref<void(int64_t, bool)> body) {
  if (!m)
    return body(1, true);
  auto emitTiles = [&](Value low, Value high, int64_t rows, bool isFirst = false) {
    loop(low, high, rows, [&](Value iv) {
      ivs[*m] = iv;
      body(rows, isFirst);
    });
  };
  if (std::optional<int64_t> count = getConstantIntValue(rowSize)) {
    int64_t tiles = llvm::divideCeil(*count, maxRows);
    if (!tiles)
      return;
    int64_t rows = llvm::divideCeil(*count, tiles), smaller = tiles * rows - *count;
    Value second = add(rowLow, first), middle = add(rowLow, (tiles - smaller) * rows);
    emitTiles(rowLow, second, rows, true);
    emitTiles(second, middle, rows);
    if (smaller)
      emitTiles(middle, add(rowLow, *count), rows - 1);
    return;
  }
  Value low = rowLow, high = add(rowLow, rowSize);
  for (int64_t rows = maxRows; rows >= 1; rows = rows == maxRows ? llvm::bit_floor(uint64_t(maxRows - 1)) : rows / 2) {
    Value middle = rows == 1 ? high : add(low, roundDown(subtract(high, low), rows));
    emitTiles(low, middle, rows);
    low = middle;
    if (maxRows == 1)
      break;
  }
}

//===----------------------------------------------------------------------===//
// The register tile
//===----------------------------------------------------------------------===//

void ContractionEmitter::emitTile(const Indices &ivs, const Tile &tile) {
  auto forEach = [&](function_ref<void(const Indices &, Value)> body) {
    for (int64_t row = 0; row < tile.rows; ++row)
      for (int64_t vector = 0; vector < tile.vectors; ++vector)
        body(at(at(ivs, m, row), n, vector * lanes), vector + 1 == tile.vectors ? tile.mask : Value());
  };
  SmallVector<Value> sums;
  forEach([&](const Indices &element, Value mask) { sums.push_back(loadInitial(element, mask)); });
  // A panel of B has a row of a few lines in every page: fetched one panel ahead, a line a step.
  if (prefetchesB) {
    Value line = constant(0);
    if (m)
      line = remainder(divide(subtract(ivs[*m], rowLow), tile.rows), panelVectors);
    prefetchColumn = add(add(ivs[*n], multiply(line, lanes)), panelVectors * lanes);
  }
  Indices inner = ivs;
  sums = emitDepth(inner, tile, depth, std::move(sums));
  auto sum = sums.begin();
  forEach([&](const Indices &element, Value mask) {
    storeVector(*sum++, memrefC, getIndices(contraction.cMap, element), mask);
  });
}

SmallVector<Value> ContractionEmitter::emitDepth(Indices &ivs, const Tile &tile, ArrayRef<unsigned> loops,
                                                 SmallVector<Value> sums) {
  if (loops.empty())
    return emitStep(ivs, tile, std::move(sums));
  bool last = loops.size() == 1;
  auto nest = scf::ForOp::create(b, loc, last ? depthLow : constant(0), last ? depthHigh : extents[loops.front()],
                                 constant(1), sums);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(nest.getBody());
  ivs[loops.front()] = nest.getInductionVar();
  sums = emitDepth(ivs, tile, loops.drop_front(), llvm::to_vector_of<Value>(nest.getRegionIterArgs()));
  scf::YieldOp::create(b, loc, sums);
  return llvm::to_vector_of<Value>(nest.getResults());
}

SmallVector<Value> ContractionEmitter::emitStep(const Indices &ivs, const Tile &tile, SmallVector<Value> sums) {
  SmallVector<Value> columns;
  Value step = k ? subtract(ivs[*k], depthLow) : constant(0);
  if (prefetchColumn) {
    Indices ahead = ivs;
    ahead[*n] = prefetchColumn;
    memref::PrefetchOp::create(b, loc, memrefB, getIndices(contraction.bMap, ahead), /*isWrite=*/false,
                               /*localityHint=*/2, /*isDataCache=*/true);
  }
  for (int64_t vector = 0; vector < tile.vectors; ++vector) {
    Value mask = vector + 1 == tile.vectors ? tile.mask : Value();
    Value position = bufferB == Buffer::None ? Value() : add(multiply(step, panelVectors * lanes), vector * lanes);
    if (position && !tile.fillsBuffer) {
      columns.push_back(loadVector(dataB, position));
      continue;
    }
    Indices indices = getIndices(contraction.bMap, ivs);
    indices.back() = add(indices.back(), vector * lanes);
    // A packed panel is padded: no mask.
    columns.push_back(loadVector(memrefB, indices, contraction.panel ? Value() : mask));
    if (position)
      storeVector(columns.back(), dataB, position);
  }
  for (int64_t row = 0; row < tile.rows; ++row) {
    Value scalar;
    if (bufferA == Buffer::Columns) {
      scalar = loadScalar(dataA, add(multiply(add(subtract(ivs[*m], rowLow), row), depthBlock), step));
    } else if (bufferA == Buffer::Rows) {
      Value base = add(multiply(subtract(ivs[*m], rowLow), depthBlock), multiply(step, tile.rows));
      scalar = loadScalar(dataA, add(base, row));
    } else {
      scalar = loadScalar(memrefA, getIndices(contraction.aMap, at(ivs, m, row)));
    }
    Value splat = broadcast(scalar);
    for (int64_t vector = 0; vector < tile.vectors; ++vector) {
      Value &sum = sums[row * tile.vectors + vector];
      sum = multiplyAdd(splat, columns[vector], sum);
    }
  }
  return sums;
}

//===----------------------------------------------------------------------===//
// Dot products
//===----------------------------------------------------------------------===//

void ContractionEmitter::emitDotProducts(Indices &ivs) {
  if (!n)
    return emitDots(ivs, 1);
  Value columns = extents[*n], whole = roundDown(columns, 4);
  auto emitGroup = [&](Value low, Value high, int64_t group) {
    loop(low, high, group, [&](Value iv) {
      ivs[*n] = iv;
      emitDots(ivs, group);
    });
  };
  emitGroup(constant(0), whole, 4);
  emitGroup(whole, columns, 1);
}

// `columns` dot products at once. With vectors along k, or element by element.
void ContractionEmitter::emitDots(Indices &ivs, int64_t columns) {
  bool vectors = form == Form::VectorDots;
  Value zero = arith::ConstantOp::create(b, loc, b.getFloatAttr(sumType, 0));
  SmallVector<Value> sums(columns, vectors ? broadcast(zero) : zero);
  std::function<SmallVector<Value>(ArrayRef<unsigned>, SmallVector<Value>)> nest =
      [&](ArrayRef<unsigned> loops, SmallVector<Value> values) -> SmallVector<Value> {
    auto emitLoop = [&](Value low, Value high, int64_t step,
                        function_ref<SmallVector<Value>(SmallVector<Value>)> body) {
      auto depth = scf::ForOp::create(b, loc, low, high, constant(step), values);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(depth.getBody());
      ivs[loops.front()] = depth.getInductionVar();
      scf::YieldOp::create(b, loc, body(llvm::to_vector_of<Value>(depth.getRegionIterArgs())));
      values = llvm::to_vector_of<Value>(depth.getResults());
    };
    auto step = [&](SmallVector<Value> partial, Value mask) {
      auto load = [&](Value memref, AffineMap map, const Indices &element) {
        Indices indices = getIndices(map, element);
        return vectors ? loadVector(memref, indices, mask) : loadScalar(memref, indices);
      };
      Value a = load(memrefA, contraction.aMap, ivs);
      for (int64_t column = 0; column < columns; ++column)
        partial[column] = multiplyAdd(a, load(memrefB, contraction.bMap, at(ivs, n, column)), partial[column]);
      return partial;
    };
    if (loops.empty())
      return step(std::move(values), {});
    Value extent = extents[loops.front()];
    if (!vectors || loops.size() > 1) {
      emitLoop(constant(0), extent, 1,
               [&](SmallVector<Value> inner) { return nest(loops.drop_front(), std::move(inner)); });
      return values;
    }
    Value whole = roundDown(extent, lanes);
    emitLoop(constant(0), whole, lanes, [&](SmallVector<Value> inner) { return step(std::move(inner), {}); });
    if (std::optional<int64_t> count = getConstantIntValue(extent); !count || *count % lanes)
      emitLoop(whole, extent, lanes, [&](SmallVector<Value> inner) {
        Value mask = vector::CreateMaskOp::create(b, loc, VectorType::get(lanes, b.getI1Type()),
                                                  ValueRange(subtract(extent, ivs[loops.front()])));
        return step(std::move(inner), mask);
      });
    return values;
  };
  sums = nest(contraction.k, std::move(sums));
  for (int64_t column = 0; column < columns; ++column) {
    Indices element = at(ivs, n, column);
    Value sum = sums[column];
    // The lanes may be added in any order: the same one for every element.
    if (vectors)
      sum = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, sum, arith::FastMathFlags::reassoc);
    Indices indices = getIndices(contraction.cMap, element);
    Value start = initial.kind == InitialValue::Scalar ? convert(initial.value, sumType)
                  : initial.kind == InitialValue::Read ? loadScalar(initial.value, getIndices(initial.map, element))
                                                       : loadScalar(memrefC, indices);
    Value result = convert(arith::AddFOp::create(b, loc, start, sum), contraction.getElementType(contraction.c));
    memref::StoreOp::create(b, loc, result, memrefC, indices);
  }
}
