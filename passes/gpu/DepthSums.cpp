// Sums over a main loop's depth of what it prepares.
#include "passes/gpu/DepthSums.h"

#include "passes/fuse/RowLoop.h"

using namespace mlir;
using namespace keel;

DepthSums::DepthSums(DeviceKernel &device, const Section &section, const Axes &operandAxes,
                     const FragmentLayout &layout, const TilePlace &tile)
    : device(device), depth(operandAxes[0] == Axis::Depth ? Axis::Row : Axis::Column) {
  Axis outer = operandAxes[0] == Axis::Depth ? operandAxes[1] : operandAxes[0];
  isMine = outer == Axis::Row ? tile.isFirstColumn : tile.isFirstRow;
  for (Operation *op : section.depthSums) {
    const Axes &loops = section.loops.find(op)->second;
    if (!llvm::is_contained(loops, outer))
      continue;
    Axes local;
    for (Axis axis : loops)
      local.push_back((axis == Axis::Depth) == (depth == Axis::Row) ? Axis::Row : Axis::Column);
    asRowsAndColumns.loops[op] = local;
    asRowsAndColumns.ops.push_back(op);
    for (Value start : TileProgram::neutral(device, cast<linalg::GenericOp>(op)))
      sums.append(depth == Axis::Row ? layout.columnsHeld() : layout.rowsHeld(), start);
  }
}

void DepthSums::take(DepthSums &a, DepthSums &b, ValueRange carried) {
  for (DepthSums *each : {&b, &a}) {
    each->sums = SmallVector<Value>(carried.take_back(each->sums.size()));
    carried = carried.drop_back(each->sums.size());
  }
}

void DepthSums::add(TileProgram &program) {
  Value *sum = sums.begin();
  for (Operation *op : asRowsAndColumns.ops) {
    auto generic = cast<linalg::GenericOp>(op);
    for (auto [combiner, parts] : llvm::zip(TileProgram::combiners(generic), program.sumHeld(generic, depth)))
      for (Value part : parts) {
        *sum = program.combine(combiner, *sum, part);
        ++sum;
      }
  }
}

void DepthSums::finish(TileProgram &program) {
  if (asRowsAndColumns.ops.empty())
    return;
  device.when(isMine, [&] {
    ArrayRef<Value> left(sums);
    for (Operation *op : asRowsAndColumns.ops) {
      auto generic = cast<linalg::GenericOp>(op);
      SmallVector<Operation *> combiners = TileProgram::combiners(generic);
      int64_t held = depth == Axis::Row ? program.getLayout().columnsHeld() : program.getLayout().rowsHeld();
      std::vector<SmallVector<Value>> values;
      for (unsigned i = 0; i < combiners.size(); ++i, left = left.drop_front(held))
        values.emplace_back(left.take_front(held));
      program.reduceAcross(depth, values, combiners);
      SmallVector<Fragment> fragments;
      for (const SmallVector<Value> &sum : values)
        fragments.push_back({depth == Axis::Column, depth == Axis::Row, sum});
      program.bindSums(op, fragments);
    }
    program.store();
  });
}
