// The main loop of plain multiply-adds: each thread sums a small matrix in registers and reads its operands from shared
// memory, [depth][row] and [depth][column], two stages of them.
#include "passes/gpu/DepthSums.h"

#include "passes/fuse/RowLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

namespace {
/// One operand's way into shared memory: some depth of the tile's rows (or columns) at a time.
class StagedOperand {
public:
  StagedOperand(DeviceKernel &device, KernelOp kernel, const Section &section, const TilePlace &tile,
                OpOperand *operand, const Axes &axes, int64_t outer, int64_t depthTile, bool depthFits,
                Value firstOuter, Value outerExtent, Value depth)
      : device(device), kernel(kernel), operand(operand), firstOuter(firstOuter), outerExtent(outerExtent),
        depth(depth), depthIsLast(axes.back() == Axis::Depth), rows(depthIsLast ? outer : depthTile),
        layout(layoutFor(device.threads, rows, depthIsLast ? depthTile : outer)),
        depthFits(depthFits && (depthIsLast ? layout.columns : layout.rows) == depthTile),
        depthSums(device, section, axes, layout, tile) {
    auto type = cast<RankedTensorType>(operand->get().getType());
    elementType = type.getElementType();
    lastExtent = type.getDimSize(1);
    pitch = layout.rows > outer || layout.columns > outer ? std::max(depthIsLast ? layout.rows : layout.columns, outer)
                                                          : outer;
    pitch += 4; // other banks for the next depth, still 16-byte aligned
    int64_t depths = std::max(depthIsLast ? layout.columns : layout.rows, depthTile);
    stageElements = pitch * depths;
    offset = device.allocateShared(2 * stageElements * llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8));
  }

  /// The thread's share of the elements from `firstDepth` on, zero beyond the end.
  SmallVector<Value> load(Value firstDepth) {
    TileProgram program(device, kernel, depthSums.operandSection(), layout, place(firstDepth));
    depthSums.add(program);
    return operandElements(device, program, operand->get(), depthIsLast ? Axis::Column : Axis::Row);
  }

  void store(ArrayRef<Value> values, Value stage) {
    Value zero = device.constant(0);
    TilePlace inTile{zero, zero, device.constant(layout.rows), layout.columns, true, true, Value(), Value()};
    TileProgram program(device, kernel, depthSums.operandSection(), layout, inTile);
    Value start = stageStart(stage);
    int64_t width = depthIsLast ? 1 : layout.vector;
    for (int64_t r = 0; r < layout.rowsHeld(); ++r)
      for (int64_t c = 0; c < layout.columnsHeld(); c += width) {
        Value row = program.row(r), column = program.column(c);
        Value at = depthIsLast ? device.add(device.multiply(column, pitch), row)
                               : device.add(device.multiply(row, pitch), column);
        device.store(values.slice(r * layout.columnsHeld() + c, width), device.at(start, elementType, at));
      }
  }

  void finishDepthSums() {
    TileProgram program(device, kernel, depthSums.operandSection(), layout, place(device.constant(0)));
    depthSums.finish(program);
  }

  /// Elements at `offsets` from `first` on, at one depth.
  SmallVector<Value> read(Value stage, int64_t atDepth, Value first, ArrayRef<int64_t> offsets) {
    Value start = device.at(stageStart(stage), elementType, first);
    SmallVector<Value> values;
    for (unsigned i = 0; i < offsets.size();) {
      unsigned count = 1;
      while (i + count < offsets.size() && count < 4 && offsets[i + count] == offsets[i] + int64_t(count))
        ++count;
      count = llvm::bit_floor(count);
      values.append(device.load(device.at(start, elementType, atDepth * pitch + offsets[i]), elementType, count));
      i += count;
    }
    return values;
  }

private:
  static FragmentLayout layoutFor(int64_t threads, int64_t rows, int64_t columns) {
    constexpr int64_t vector = 4;
    return rowsLayout(rows, columns, threads, std::min(threads, std::max<int64_t>(columns / vector, 1)), vector);
  }

  Value stageStart(Value stage) {
    return device.at(device.shared(offset), elementType, device.multiply(stage, stageElements));
  }

  TilePlace place(Value firstDepth) {
    TilePlace place;
    place.firstRow = depthIsLast ? firstOuter : firstDepth;
    place.firstColumn = depthIsLast ? firstDepth : firstOuter;
    place.numRows = depthIsLast ? outerExtent : depth;
    if (layout.rows > rows) // more threads than rows: those of the next tile are not this one's
      place.numRows = device.minimum(place.numRows, device.add(place.firstRow, rows));
    place.numColumns = lastExtent;
    (depthIsLast ? place.columnsFit : place.rowsFit) = depthFits;
    return place;
  }

  DeviceKernel &device;
  KernelOp kernel;
  OpOperand *operand;
  Value firstOuter, outerExtent, depth;
  bool depthIsLast;
  Type elementType;
  int64_t rows, lastExtent, pitch, stageElements, offset;
  FragmentLayout layout;
  bool depthFits; // every stage is full

public:
  DepthSums depthSums;
};
} // namespace

Fragment keel::emitRegisterTileLoop(DeviceKernel &device, KernelOp kernel, const Section &section,
                                    const SectionSchedule &schedule, const TilePlace &place, Value depth) {
  OpBuilder &builder = device.builder;
  const FragmentLayout &layout = schedule.layout;
  Product product = Product::get(section);
  bool depthFits =
      !ShapedType::isDynamic(section.depth) && section.depth % schedule.depthTile == 0 && section.depthSums.empty();
  StagedOperand a(device, kernel, section, place, product.a, product.aAxes, layout.rows, schedule.depthTile, depthFits,
                  place.firstRow, place.numRows, depth);
  StagedOperand b(device, kernel, section, place, product.b, product.bAxes, layout.columns, schedule.depthTile,
                  depthFits, place.firstColumn, device.constant(place.numColumns), depth);

  Type accumulator = getElementTypeOrSelf(product.op.getResultTypes()[0]);
  Value zero = arith::ConstantOp::create(builder, device.loc, builder.getZeroAttr(accumulator));
  int64_t rows = layout.rowsHeld(), columns = layout.columnsHeld();
  SmallVector<Value> starts(rows * columns, zero);
  SmallVector<Value> firstA = a.load(device.constant(0)), firstB = b.load(device.constant(0));
  starts.append(firstA);
  starts.append(firstB);
  starts.append(a.depthSums.sums);
  starts.append(b.depthSums.sums);
  Value step = device.constant(schedule.depthTile);
  auto loop = scf::ForOp::create(builder, device.loc, device.constant(0), depth, step, starts);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    auto carried = loop.getRegionIterArgs();
    SmallVector<Value> sums(carried.take_front(rows * columns));
    Value tile = arith::DivUIOp::create(builder, device.loc, loop.getInductionVar(), step);
    Value stage = device.bits(tile, 0, 1);
    a.store(SmallVector<Value>(carried.drop_front(rows * columns).take_front(firstA.size())), stage);
    b.store(SmallVector<Value>(carried.drop_front(rows * columns + firstA.size()).take_front(firstB.size())), stage);
    DepthSums::take(a.depthSums, b.depthSums, carried);
    device.barrier();
    Value next = device.add(loop.getInductionVar(), step);
    if (depthFits) // behind the last stage nothing uses what is loaded, which is there
      next = device.minimum(next, device.constant(section.depth - schedule.depthTile));
    SmallVector<Value> nextA = a.load(next), nextB = b.load(next);
    TileProgram inTile(device, kernel, section, layout, {device.constant(0), device.constant(0)});
    Value firstRow = inTile.row(-1), firstColumn = inTile.column(-1);
    bool aIsFirst = product.a->getOperandNumber() < product.b->getOperandNumber();
    for (int64_t k = 0; k < schedule.depthTile; ++k) {
      SmallVector<Value> as = a.read(stage, k, firstRow, layout.rowOffsets);
      SmallVector<Value> bs = b.read(stage, k, firstColumn, layout.columnOffsets);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < columns; ++c) {
          Value &sum = sums[r * columns + c];
          sum = inTile.cloneBody(product.op, {aIsFirst ? as[r] : bs[c], aIsFirst ? bs[c] : as[r], sum}, {}, r, c)[0];
        }
    }
    sums.append(nextA);
    sums.append(nextB);
    sums.append(a.depthSums.sums);
    sums.append(b.depthSums.sums);
    scf::YieldOp::create(builder, device.loc, sums);
  }
  // What comes next has shared memory of its own: it need not wait for those who still read here.
  DepthSums::take(a.depthSums, b.depthSums, loop.getResults());
  a.finishDepthSums();
  b.finishDepthSums();
  return {true, true, SmallVector<Value>(loop.getResults().take_front(rows * columns))};
}
