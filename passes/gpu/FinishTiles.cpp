// What is left of a kernel when the tiles of all rows are done: the last block to arrive does it, in a fixed order.
#include "passes/gpu/SumsInParts.h"
#include "passes/gpu/TileGenerator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

void TileGenerator::afterAll(Value count, Value arrivals, llvm::function_ref<void()> body, bool ofFirstThread) {
  OpBuilder &builder = device.builder;
  Type i32 = builder.getI32Type();
  auto fence = [&] { LLVM::FenceOp::create(builder, device.loc, LLVM::AtomicOrdering::acq_rel, "device"); };
  if (!ofFirstThread)
    device.barrier();
  Value flag = device.shared(device.allocateShared(4));
  device.when(device.isZero(device.thread()), [&] {
    Value last = arith::TruncIOp::create(builder, device.loc, i32, device.add(count, -1));
    // The barrier put the block's writes before this fence, which releases them all (PTX ISA 8.8, causality order).
    fence();
    // Wraps to zero with the last arrival, ready for the next launch.
    Value arrived = LLVM::AtomicRMWOp::create(builder, device.loc, LLVM::AtomicBinOp::uinc_wrap, arrivals, last,
                                              LLVM::AtomicOrdering::monotonic, "device");
    fence();
    Value isLast = arith::CmpIOp::create(builder, device.loc, arith::CmpIPredicate::eq, arrived, last);
    device.store({arith::ExtUIOp::create(builder, device.loc, i32, isLast)}, flag);
  });
  device.barrier();
  Value isLast = arith::CmpIOp::create(builder, device.loc, arith::CmpIPredicate::ne, device.load(flag, i32).front(),
                                       device.word(0));
  device.when(isLast, body);
}

void TileGenerator::emitRowFinish(unsigned index, TilePlace place, Value rowTile, int64_t across) {
  const Section &section = space.sections[index];
  int64_t tileRows = schedule.sections[index].layout.rows;
  FragmentLayout layout = rowsLayout(tileRows, 1, schedule.threads, 1, 1);
  place.numRows = device.minimum(place.numRows, device.add(place.firstRow, tileRows));
  place.rowsFit = false;
  place.firstColumn = device.constant(0);
  place.isFirstColumn = Value();
  TileProgram program(device, kernel, section, layout, place);
  for (Operation *op : section.rowStatistics)
    program.bindSums(op, partials.addAlong(program, op, rowTile, across, tileRows));
  for (Operation *op : section.rowFinish)
    program.run(op);
  program.store();
}

bool TileGenerator::finishesSums(const Section &section) {
  return !llvm::all_of(section.rowSums, [](Operation *op) { return op->hasAttr(leftInPartsAttribute); });
}

/// Whether all that is made of the sums is made column by column.
static bool finishesColumns(const Section &section, int64_t tileColumns) {
  auto isOfColumns = [&](Operation *op) {
    return op->hasAttr(leftInPartsAttribute) || TileProgram::holdsColumns(section, op);
  };
  return !section.wholeFinish && llvm::isPowerOf2_64(tileColumns) && llvm::all_of(section.rowSums, isOfColumns) &&
         llvm::all_of(section.finish, isOfColumns);
}

void TileGenerator::finishSums(unsigned index, Value parts, Value columnTile, int64_t across) {
  const Section &section = space.sections[index];
  if (!finishesSums(section))
    return;
  if (across == 1 || !finishesColumns(section, schedule.sections[index].layout.columns)) {
    bool areNumbers = llvm::all_of(section.rowSums, [&](Operation *op) {
      return op->hasAttr(leftInPartsAttribute) || !TileProgram::holdsColumns(section, op);
    });
    return afterAll(
        device.multiply(parts, across), counter(takeTicket()), [&] { emitFinish(index, parts, Value()); }, areNumbers);
  }
  Value counters = counter(firstTicket + tickets);
  tickets += across;
  afterAll(parts, device.at(counters, device.builder.getI32Type(), columnTile),
           [&] { emitFinish(index, parts, columnTile); });
}

void TileGenerator::emitFinish(unsigned index, Value parts, Value columnTile) {
  OpBuilder &builder = device.builder;
  const Section &section = space.sections[index];
  // One row: a thread a column, a few columns a thread. Threads that a tile has no column for hold a second row, which
  // is not there.
  int64_t columns = columnTile ? schedule.sections[index].layout.columns : section.columns;
  int64_t perRow = columnTile ? std::min(schedule.threads, columns) : schedule.threads,
          across = llvm::divideCeil(columns, perRow);
  int64_t atOnce = section.wholeFinish ? across : std::min<int64_t>(across, 4);
  FragmentLayout layout = rowsLayout(1, atOnce * perRow, schedule.threads, perRow, 1);
  TilePlace place;
  place.firstRow = device.constant(0);
  place.numRows = device.constant(1);
  place.rowsFit = perRow == schedule.threads;
  place.numColumns = section.columns;
  place.columnsFit = section.columns % layout.columns == 0;
  auto emit = [&](Value firstColumn) {
    place.firstColumn = firstColumn;
    if (across > atOnce)
      place.isFirstColumn = device.isZero(firstColumn);
    TileProgram program(device, kernel, section, layout, place);
    for (Operation *op : section.rowSums)
      if (!op->hasAttr(leftInPartsAttribute))
        program.bindSums(op, partials.add(program, op, parts, numRows(index), schedule.sections[index].layout.rows));
    for (Operation *op : section.finish)
      program.run(op);
    program.store();
  };
  Value first = columnTile ? device.multiply(columnTile, columns) : device.constant(0);
  if (across <= atOnce)
    return emit(first);
  Value end = columnTile ? device.minimum(device.add(first, columns), device.constant(section.columns))
                         : device.constant(columns);
  auto loop = scf::ForOp::create(builder, device.loc, first, end, device.constant(layout.columns));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  emit(loop.getInductionVar());
}

void TileGenerator::emitScalars() {
  if (space.scalars.empty())
    return;
  if (readFlag)
    return device.when(device.isZero(device.thread()), [&] { writeScalarsIfLast(); });
  afterAll(device.multiply(device.numBlocks(), schedule.groups()), counter(takeTicket()), [&] { computeScalars(); });
}

void TileGenerator::readScalars() {
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  SmallVector<unsigned> operands;
  for (auto [index, value] : llvm::enumerate(yield.getValues()))
    if (llvm::is_contained(space.scalars, value.getDefiningOp())) {
      if (cast<RankedTensorType>(value.getType()).getRank())
        return;
      operands.push_back(kernel.getInputs().size() + index);
    }
  // Main loops and tiles in turn have their own way through memory, and one arrival for much work.
  for (auto [section, how] : llvm::zip(space.sections, schedule.sections))
    if (section.mainLoop || how.blocks)
      return;
  if (operands.empty() || space.sections.empty())
    return;
  for (unsigned operand : operands)
    device.numbers[operand] =
        device.load(device.parameter(operand), getElementTypeOrSelf(kernel->getOperand(operand).getType())).front();
  readFlag = device.allocateShared(4);
  readArrivals = counter(takeTicket());
}

void TileGenerator::arriveAsReader() {
  if (!readFlag)
    return;
  OpBuilder &builder = device.builder;
  device.barrier();
  device.when(device.isZero(device.thread()), [&] {
    // The barrier put the block's reads before this fence.
    LLVM::FenceOp::create(builder, device.loc, LLVM::AtomicOrdering::acq_rel, "device");
    Value arrived = LLVM::AtomicRMWOp::create(builder, device.loc, LLVM::AtomicBinOp::add, readArrivals, device.word(1),
                                              LLVM::AtomicOrdering::monotonic, "device");
    device.store({arrived}, device.shared(*readFlag));
  });
}

void TileGenerator::writeScalarsIfLast() {
  OpBuilder &builder = device.builder;
  Type i32 = builder.getI32Type();
  Value arrived = device.load(device.shared(*readFlag), i32).front();
  Value last = arith::TruncIOp::create(builder, device.loc, i32, device.add(device.numBlocks(), -1));
  device.when(arith::CmpIOp::create(builder, device.loc, arith::CmpIPredicate::eq, arrived, last), [&] {
    // The others' reads are before the writes.
    LLVM::FenceOp::create(builder, device.loc, LLVM::AtomicOrdering::acq_rel, "device");
    device.store({device.word(0)}, readArrivals); // for the next launch
    computeScalars();
  });
}

void TileGenerator::computeScalars() {
  Section none;
  FragmentLayout layout = rowsLayout(1, schedule.threads, schedule.threads, schedule.threads, 1);
  TilePlace place{device.constant(0), device.constant(0), device.constant(1), 1, true, false, Value(), Value()};
  TileProgram program(device, kernel, none, layout, place);
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  // All are computed before the first is written: they may read each other's old values.
  SmallVector<std::pair<unsigned, Value>> written;
  for (auto [index, value] : llvm::enumerate(yield.getValues()))
    if (llvm::is_contained(space.scalars, value.getDefiningOp()))
      written.emplace_back(index, value);
  SmallVector<Fragment> fragments;
  for (auto [index, value] : written)
    fragments.push_back(program.get(value, {}));
  for (auto [entry, fragment] : llvm::zip(written, fragments))
    program.storeValue(entry.second, fragment, kernel.getInputs().size() + entry.first, {});
}
