// Blocks that go over the tiles of rows in turn: a block adds up the columns of all of its tiles before it leaves a
// part of the sums. How many there are is the schedule's: the bits do not depend on the device.
#pragma once

#include "passes/gpu/MainLoop.h"
#include "passes/gpu/PartialSums.h"

namespace keel {

/// The columns of a tile of rows that come from memory: whole rows, or groups of columns, only where it must hold them.
inline int64_t tileColumnsOfRows(const Section &section) {
  constexpr int64_t enough = 1024;
  return section.wholeRows ? std::max(std::min(section.columns, section.sumsGroups ? enough : section.columns), section.summedColumns())
                           : std::min(section.columns, enough);
}

/// Chooses a layout and blocks where a section of rows sums over them and a thread can hold the sums; returns whether.
/// Threads have `held` columns each, or more.
bool chooseRowsInTurn(const Section &section, int64_t threads, int64_t vector, int64_t held, SectionSchedule &schedule);

/// Runs the section's computations on tiles `block`, `block + blocks`, ... of `rowTiles`, and writes the block's part
/// of the sums. `placeOf` tells where a tile lies, `multiply` is the main
/// loop, if there is one.
void emitRowsInTurn(DeviceKernel &device, KernelOp kernel, const Section &section, const SectionSchedule &schedule,
                    PartialSums &partials, mlir::Value block, mlir::Value blocks, mlir::Value rowTiles,
                    llvm::function_ref<TilePlace(mlir::Value)> placeOf,
                    llvm::function_ref<void(TileProgram &)> multiply);

} // namespace keel
