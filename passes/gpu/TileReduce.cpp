// A kernel's computations on a tile: sums along rows and columns, in the thread, in the warp, in the block; always in
// the same order.
#include "passes/gpu/AbsentRows.h"
#include "passes/gpu/ColumnSums.h"
#include "passes/gpu/TileProgram.h"

#include "dialect/norm/Norm.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

Value TileProgram::combine(Operation *combiner, Value a, Value b) {
  Operation *copy = device.builder.clone(*combiner);
  copy->setOperands({a, b});
  return copy->getResult(0);
}

void TileProgram::reduceAcross(Axis axis, MutableArrayRef<SmallVector<Value>> values, ArrayRef<Operation *> combiners,
                               bool ofGroups) {
  OpBuilder &builder = device.builder;
  constexpr unsigned laneBits = 5;
  auto isAlong = [&](FragmentLayout::Bit bit) {
    return bit.axis == axis && (!ofGroups || bit.stride < section.groupColumns);
  };
  for (auto [index, bit] : llvm::enumerate(layout.bits)) {
    if (!isAlong(bit) || index >= laneBits)
      continue;
    for (auto [column, combiner] : llvm::zip(values, combiners))
      for (Value &value : column)
        value = combine(combiner, value, device.shuffleXor(value, int64_t(1) << index));
  }

  // Warps side by side along the axis exchange through shared memory.
  SmallVector<unsigned> warpBits;
  int64_t laneMask = 0;
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    if (isAlong(bit)) {
      if (index >= laneBits)
        warpBits.push_back(index);
      else
        laneMask |= int64_t(1) << index;
    }
  if (warpBits.empty())
    return;
  int64_t warps = int64_t(1) << warpBits.size();
  Value warp = device.constant(0);
  for (auto [position, bit] : llvm::enumerate(warpBits))
    warp = device.add(warp, device.multiply(device.bits(device.thread(), bit, 1), int64_t(1) << position));
  bool alongColumns = axis == Axis::Column;
  int64_t groups = ofGroups ? std::max<int64_t>(layout.columns / section.groupColumns, 1) : 1;
  int64_t slots = alongColumns ? layout.rows * groups : layout.columns;
  SmallVector<int64_t> offsets(alongColumns ? layout.rowOffsets : layout.columnOffsets);
  Value slotBase = base(alongColumns ? Axis::Row : Axis::Column);
  if (groups > 1) { // a slot for each of a row's groups
    offsets.clear();
    for (int64_t row : layout.rowOffsets)
      for (int64_t column : columnOf)
        offsets.push_back(row * groups + layout.columnOffsets[column] / section.groupColumns);
    Value group = arith::DivUIOp::create(builder, device.loc, base(Axis::Column), device.constant(section.groupColumns));
    slotBase = device.add(device.multiply(slotBase, groups), group);
  }
  Value writes;
  if (laneMask) {
    Value lanes = arith::AndIOp::create(builder, device.loc, device.thread(), device.constant(laneMask));
    writes = arith::CmpIOp::create(builder, device.loc, arith::CmpIPredicate::eq, lanes, device.constant(0));
  }
  SmallVector<Value> places; // where this thread's first slot is, for each value
  for (SmallVector<Value> &column : values) {
    Type type = column.front().getType();
    int64_t bytes = llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
    // A slot's parts lie side by side: one access reads them.
    Value start = device.shared(device.allocateShared(warps * slots * bytes));
    places.push_back(device.at(start, type, device.multiply(slotBase, warps)));
  }
  // A value without slots is one number for the whole tile: all threads along the other axis write it to slot 0.
  auto offsetOf = [&](unsigned index) { return offsets[index]; };
  device.when(writes, [&] {
    for (auto [column, place] : llvm::zip(values, places)) {
      Type type = column.front().getType();
      Value mine = device.at(place, type, warp);
      for (auto [index, value] : llvm::enumerate(column))
        device.store({value}, device.at(mine, type, offsetOf(index) * warps));
    }
  });
  device.barrier();
  for (auto [column, place, combiner] : llvm::zip(values, places, combiners)) {
    Type type = column.front().getType();
    for (auto [index, value] : llvm::enumerate(column)) {
      int64_t atOnce = std::min<int64_t>(warps, 16 / llvm::divideCeil(type.getIntOrFloatBitWidth(), 8));
      Value sum;
      for (int64_t from = 0; from < warps; from += atOnce)
        for (Value part : device.load(device.at(place, type, offsetOf(index) * warps + from), type, atOnce))
          sum = sum ? combine(combiner, sum, part) : part;
      value = sum;
    }
  }
}

namespace {
/// How a generic op reduces: for each result, what combines partial results and where they start.
struct Reduction {
  SmallVector<Operation *> combiners;
  SmallVector<TypedAttr> neutral;

  explicit Reduction(linalg::GenericOp op) {
    for (unsigned i = 0, e = op.getNumDpsInits(); i < e; ++i) {
      SmallVector<Operation *> found;
      matchReduction(op.getRegionOutputArgs(), i, found);
      combiners.push_back(found.front());
      neutral.push_back(*arith::getNeutralElement(found.front()));
      // Nothing is added with -0.0, not even a sign.
      if (isa<arith::AddFOp>(found.front()))
        neutral.back() = FloatAttr::get(neutral.back().getType(), -0.0);
    }
  }
};
} // namespace

/// A sum, and what it starts from.
Value TileProgram::startFrom(Value start, Operation *combiner, Value sum) {
  bool isNothing = isa<arith::AddFOp>(combiner) && (matchPattern(start, m_AnyZeroFloat()));
  return isNothing ? sum : combine(combiner, start, sum);
}

SmallVector<Operation *> TileProgram::combiners(linalg::GenericOp op) { return Reduction(op).combiners; }

SmallVector<Value> TileProgram::neutral(DeviceKernel &device, linalg::GenericOp op) {
  SmallVector<Value> values;
  for (TypedAttr start : Reduction(op).neutral)
    values.push_back(arith::ConstantOp::create(device.builder, device.loc, start));
  return values;
}

void TileProgram::addTo(linalg::GenericOp op, const Fragment &sums, const Fragment &start) {
  Fragment result{sums.rows, sums.columns, {}};
  Operation *combiner = Reduction(op).combiners.front();
  for (int64_t r = 0, re = sums.rows ? layout.rowsHeld() : 1; r < re; ++r)
    for (int64_t c = 0, ce = sums.columns ? layout.columnsHeld() : 1; c < ce; ++c)
      result.elements.push_back(startFrom(at(start, r, c), combiner, at(sums, r, c)));
  bind(op->getResult(0), result);
  stores.insert(op->getResult(0));
}

void TileProgram::bindSums(Operation *op, ArrayRef<Fragment> sums) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  for (auto [index, sum] : llvm::enumerate(sums)) {
    Fragment result = sum;
    if (generic) {
      OpOperand *init = generic.getDpsInitOperand(index);
      Fragment start = get(init->get(), section.axesOf(op, generic.getMatchingIndexingMap(init)));
      for (auto [slot, value] : llvm::enumerate(result.elements))
        value =
            startFrom(sum.rows ? at(start, slot, 0) : at(start, 0, slot), Reduction(generic).combiners[index], value);
    }
    bind(op->getResult(index), result);
    stores.insert(op->getResult(index));
  }
}

/// The sums, and one element more where it is there.
SmallVector<Value> TileProgram::addElement(linalg::GenericOp op, int64_t row, int64_t column, ArrayRef<Value> sums,
                                           Value isThere) {
  const Axes &loops = section.loops.find(op)->second;
  SmallVector<Value> arguments;
  for (OpOperand *operand : op.getDpsInputOperands())
    arguments.push_back(at(find(operand->get(), section.axesOf(op, op.getMatchingIndexingMap(operand))), row, column));
  arguments.append(sums.begin(), sums.end());
  SmallVector<Value> added = cloneBody(op, arguments, loops, row, column);
  if (isThere)
    for (auto [next, sum] : llvm::zip(added, sums))
      next = arith::SelectOp::create(device.builder, device.loc, isThere, next, sum);
  return added;
}

bool TileProgram::addsNothing(Operation *sum) {
  auto [known, isNew] = addNothing.try_emplace(sum, false);
  if (isNew)
    known->second = addsNothingOfAbsentRows(sum, section);
  return known->second;
}

/// The thread's part of one row's or column's sums: over what it holds along the other axis that is there.
SmallVector<Value> TileProgram::sumSlot(linalg::GenericOp op, Axis axis, int64_t slot, SmallVector<Value> sums) {
  if (sums.empty())
    sums = neutral(device, op);
  bool alongColumns = axis == Axis::Column, takesAll = !alongColumns && place.absentRowsAreZero && addsNothing(op);
  for (int64_t step = 0, end = alongColumns ? layout.columnsHeld() : layout.rowsHeld(); step < end; ++step)
    sums = alongColumns ? addElement(op, slot, step, sums, columnIsThere(step))
                        : addElement(op, step, slot, sums, takesAll ? Value() : rowIsThere(step));
  return sums;
}

SmallVector<SmallVector<Value>> TileProgram::sumHeld(linalg::GenericOp op, Axis axis, ValueRange starts) {
  bool alongColumns = axis == Axis::Column;
  bool keeps = llvm::is_contained(section.loops.find(op)->second, alongColumns ? Axis::Row : Axis::Column);
  int64_t kept = !keeps ? 1 : alongColumns ? layout.rowsHeld() : layout.columnsHeld();
  SmallVector<SmallVector<Value>> results(op->getNumResults());
  if (alongColumns && section.hasGroups(op)) {
    for (SmallVector<Value> &sums : results)
      sums.resize(kept * columnOf.size());
    for (auto [sums, start] : llvm::zip(results, neutral(device, op)))
      llvm::fill(sums, start);
    for (int64_t c = 0; c < layout.columnsHeld(); ++c)
      addColumns(op, c, 1, results);
    return results;
  }
  for (int64_t slot = 0; slot < kept; ++slot) {
    SmallVector<Value> start;
    for (unsigned result = 0; !starts.empty() && result < op->getNumResults(); ++result)
      start.push_back(starts[result * kept + slot]);
    for (auto [result, sum] : llvm::zip(results, sumSlot(op, axis, slot, start)))
      result.push_back(sum);
  }
  return results;
}

void TileProgram::sumColumns(linalg::GenericOp op) {
  SmallVector<SmallVector<Value>> sums = sumHeld(op, Axis::Column);
  completeRows(op, sums, section.hasGroups(op));
}

void TileProgram::completeRows(ArrayRef<linalg::GenericOp> ops, MutableArrayRef<SmallVector<Value>> sums,
                               bool ofGroups) {
  if (ops.empty())
    return;
  SmallVector<Operation *> combiners;
  for (linalg::GenericOp op : ops)
    llvm::append_range(combiners, TileProgram::combiners(op));
  reduceAcross(Axis::Column, sums, combiners, ofGroups);
  if (place.exchange)
    exchangeRows(sums, combiners);
  if (place.cluster)
    exchangeInCluster(sums, combiners);
  for (linalg::GenericOp op : ops) {
    bool rows = llvm::is_contained(section.loops.find(op)->second, Axis::Row);
    for (auto [index, result] : llvm::enumerate(op->getResults())) {
      OpOperand *init = op.getDpsInitOperand(index);
      Fragment start = get(init->get(), section.axesOf(op, op.getMatchingIndexingMap(init)));
      int64_t width = ofGroups ? columnOf.size() : 1;
      for (auto [slot, value] : llvm::enumerate(sums[index]))
        value = startFrom(at(start, slot / width, columnOf[slot % width]), combiners[index], value);
      bind(result, {rows, false, sums[index], ofGroups});
    }
    sums = sums.drop_front(op->getNumResults());
    combiners.erase(combiners.begin(), combiners.begin() + op->getNumResults());
    stores.insert_range(op->getResults());
  }
}

/// Mean and sum of squared distances from it, over the rows of this tile that are there: two passes over the fragment.
SmallVector<Fragment> TileProgram::rowMoments(norm::MomentsOp op) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Fragment input = get(op.getInput(), {Axis::Row, Axis::Column});
  Type type = op.getMean().getType().getElementType();
  auto extended = [&](int64_t r, int64_t c) -> Value {
    Value value = at(input, r, c);
    return value.getType() == type ? value : arith::ExtFOp::create(builder, loc, type, value).getResult();
  };
  auto sum = arith::AddFOp::create(builder, loc, zero(type), zero(type)); // what combines
  auto pass = [&](auto term) {
    SmallVector<SmallVector<Value>> sums(1);
    for (int64_t c = 0; c < layout.columnsHeld(); ++c) {
      Value total = zero(type);
      for (int64_t r = 0; r < layout.rowsHeld(); ++r) {
        Value next = arith::AddFOp::create(builder, loc, total, term(r, c));
        Value isThere = rowIsThere(r);
        total = isThere ? arith::SelectOp::create(builder, loc, isThere, next, total).getResult() : next;
      }
      sums[0].push_back(total);
    }
    reduceAcross(Axis::Row, sums, {sum.getOperation()});
    return sums[0];
  };
  Value rows = tileRows();
  Value count = arith::SIToFPOp::create(builder, loc, type, rows);
  SmallVector<Value> means = pass([&](int64_t r, int64_t c) { return extended(r, c); });
  for (Value &mean : means)
    mean = arith::DivFOp::create(builder, loc, mean, count);
  SmallVector<Value> squares = pass([&](int64_t r, int64_t c) -> Value {
    Value distance = arith::SubFOp::create(builder, loc, extended(r, c), means[c]);
    return arith::MulFOp::create(builder, loc, distance, distance);
  });
  return {{false, true, means}, {false, true, squares}};
}

bool TileProgram::sumMomentsInMemory(norm::MomentsOp op, const SumsOverRows &use) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Type type = op.getMean().getType().getElementType();
  int64_t mark = device.sharedMark(), columns = layout.columnsHeld(), rows = layout.rowsHeld();
  if (!type.isF32() || getElementTypeOrSelf(op.getInput().getType()) != type || columns % 2 ||
      !ColumnSums::fits(op->getResultTypes(), layout, device.threads) ||
      mark + ColumnSums::bytes(layout) + 4 * layout.columns + 256 > device.mostShared)
    return false;
  Fragment input = get(op.getInput(), {Axis::Row, Axis::Column});
  Value means = device.shared(device.allocateShared(4 * layout.columns));
  Operation *sum = arith::AddFOp::create(builder, loc, zero(type), zero(type)); // what combines
  ColumnSums sums(device, *this, op.getMean().getType(), sum);
  Value count = arith::SIToFPOp::create(builder, loc, type, tileRows());
  auto pass = [&](auto term, auto done) {
    for (int64_t c = 0; c < columns; c += 2) {
      if (c && rows * columns >= manyElements && c * rows % 32 == 0)
        device.endBasicBlock();
      Value totals[2];
      for (int64_t half = 0; half < 2; ++half)
        for (int64_t r = 0; r < rows; ++r) {
          Value next = term(r, c + half);
          if (Value isThere = rowIsThere(r))
            next = arith::SelectOp::create(builder, loc, isThere, next, zero(type));
          totals[half] = r ? arith::AddFOp::create(builder, loc, totals[half], next).getResult() : next;
        }
      sums.put(0, c, totals[0], totals[1]);
    }
    device.barrier();
    sums.add(done);
    device.barrier();
  };
  pass([&](int64_t r, int64_t c) { return at(input, r, c); },
       [&](unsigned, Value first, ArrayRef<Value> totals) {
         SmallVector<Value> mean;
         for (Value total : totals)
           mean.push_back(arith::DivFOp::create(builder, loc, total, count));
         device.store(mean, device.at(means, type, first));
         use.ofColumns(op.getMean(), first, mean);
       });
  Value mine = device.at(means, type, columnInTile());
  SmallVector<Value> mean;
  pass(
      [&](int64_t r, int64_t c) -> Value {
        if (r == 0 && c % 2 == 0)
          mean = device.load(device.at(mine, type, layout.columnOffsets[c]), type, 2);
        Value distance = arith::SubFOp::create(builder, loc, at(input, r, c), mean[c % 2]);
        return arith::MulFOp::create(builder, loc, distance, distance);
      },
      [&](unsigned, Value first, ArrayRef<Value> totals) { use.ofColumns(op.getM2(), first, totals); });
  device.releaseShared(mark);
  return true;
}

/// The tile's rows that are there.
Value TileProgram::tileRows() {
  Value left = arith::SubIOp::create(device.builder, device.loc, place.numRows, place.firstRow);
  return device.minimum(left, device.constant(layout.rows));
}

SmallVector<Fragment> TileProgram::sumRows(Operation *op) {
  if (auto moments = dyn_cast<norm::MomentsOp>(op))
    return rowMoments(moments);
  SmallVector<SmallVector<Value>> sums = sumHeld(cast<linalg::GenericOp>(op), Axis::Row);
  return sumAcross(op, sums);
}

SmallVector<Fragment> TileProgram::sumAcross(Operation *op, MutableArrayRef<SmallVector<Value>> sums) {
  reduceAcross(Axis::Row, sums, combiners(cast<linalg::GenericOp>(op)));
  SmallVector<Fragment> results;
  for (SmallVector<Value> &sum : sums)
    results.push_back({false, holdsColumns(section, op), sum});
  return results;
}
