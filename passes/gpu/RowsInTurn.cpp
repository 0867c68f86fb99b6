// Tiles of rows, one after the other in a block.
#include "passes/gpu/RowsInTurn.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

bool keel::chooseRowsInTurn(const Section &section, int64_t threads, int64_t vector, int64_t held,
                            SectionSchedule &schedule) {
  // Two for each of an A100's multiprocessors, whatever the GPU; and what a thread may hold of the sums.
  constexpr int64_t allBlocks = 216, mostHeld = 64;
  unsigned sums = 0;
  for (Operation *op : section.rowSums) {
    if (!isa<linalg::GenericOp>(op))
      return false;
    sums += op->getNumResults();
  }
  if (!sums || section.rows == 1)
    return false;
  // Every thread has few columns and keeps their sums; those of a row share no more of it than they must.
  int64_t columns = tileColumnsOfRows(section);
  int64_t perRow = std::min<int64_t>(llvm::PowerOf2Ceil(llvm::divideCeil(columns, held)), threads);
  FragmentLayout layout = rowsLayout(threads / perRow, columns, threads, perRow, vector);
  if (layout.columnsHeld() * sums > mostHeld)
    return false;
  schedule.layout = layout;
  schedule.blocks = std::max<int64_t>(allBlocks / llvm::divideCeil(section.columns, layout.columns), 1);
  return true;
}

void keel::emitRowsInTurn(DeviceKernel &device, KernelOp kernel, const Section &section,
                          const SectionSchedule &schedule, PartialSums &partials, Value block, Value blocks,
                          Value rowTiles, llvm::function_ref<TilePlace(Value)> placeOf,
                          llvm::function_ref<void(TileProgram &)> multiply) {
  OpBuilder &builder = device.builder;
  int64_t mark = device.sharedMark();
  SmallVector<Value> starts;
  for (Operation *op : section.rowSums)
    for (Value neutral : TileProgram::neutral(device, cast<linalg::GenericOp>(op)))
      starts.append(TileProgram::holdsColumns(section, op) ? schedule.layout.columnsHeld() : 1, neutral);
  auto loop = scf::ForOp::create(builder, device.loc, block, rowTiles, blocks, starts);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    TileProgram program(device, kernel, section, schedule.layout, placeOf(loop.getInductionVar()));
    SmallVector<Value> sums;
    ValueRange carried = loop.getRegionIterArgs();
    for (Operation *op : section.ops) {
      if (op == section.mainLoop) {
        multiply(program);
        continue;
      }
      if (!llvm::is_contained(section.rowSums, op)) {
        program.run(op);
        continue;
      }
      for (const SmallVector<Value> &held :
           program.sumHeld(cast<linalg::GenericOp>(op), Axis::Row, carried.drop_front(sums.size())))
        llvm::append_range(sums, held);
    }
    program.store();
    // The next tile uses the same shared memory.
    if (device.sharedUsedSince(mark))
      device.barrier();
    scf::YieldOp::create(builder, device.loc, sums);
  }
  TileProgram program(device, kernel, section, schedule.layout, placeOf(block));
  ValueRange left = loop.getResults();
  for (Operation *op : section.rowSums) {
    int64_t held = TileProgram::holdsColumns(section, op) ? schedule.layout.columnsHeld() : 1;
    std::vector<SmallVector<Value>> sums;
    for (unsigned result = 0; result < op->getNumResults(); ++result, left = left.drop_front(held))
      sums.emplace_back(left.take_front(held));
    partials.write(program, op, block, program.sumAcross(op, sums));
  }
}
