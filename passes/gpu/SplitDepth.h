// Blocks that share a tile: each sums a part of the main loop's depth (split-K). The parts go through a workspace, and
// the block that arrives last adds them in their order: the bits do not depend on who that is.
#pragma once

#include "passes/gpu/MainLoop.h"

namespace keel {

class SplitDepth {
public:
  /// `workspace` has room for the parts of all of the section's tiles; `tile` and `part` are the block's.
  SplitDepth(DeviceKernel &device, const SectionSchedule &schedule, mlir::Value workspace, mlir::Value tiles,
             mlir::Value tile, mlir::Value part)
      : device(device), schedule(schedule), workspace(workspace), tiles(tiles), tile(tile), part(part) {}

  /// Says which part of the depth is the block's.
  void restrict(TilePlace &place, mlir::Value depth);
  void write(const Fragment &sums);
  /// All parts together.
  Fragment add();

  /// The blocks that share a tile, where the rows are few enough that the tiles alone leave multiprocessors idle.
  static int64_t choose(const Section &section, const FragmentLayout &layout, int64_t depth);

private:
  /// Where the thread's first number of a part is: a thread's numbers are a block's threads apart.
  mlir::Value start(mlir::Value ofPart);
  int64_t held() const { return schedule.layout.rowsHeld() * schedule.layout.columnsHeld(); }

  DeviceKernel &device;
  const SectionSchedule &schedule;
  mlir::Value workspace, tiles, tile, part;
};

} // namespace keel
