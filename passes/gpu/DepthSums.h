// Sums over a main loop's depth of what the kernel computes as it loads an operand: the gradient of a bias beside the
// gradient of its weights. Each block has all of the depth, so they are complete when its main loop is.
#pragma once

#include "passes/gpu/MainLoop.h"

namespace keel {

class DepthSums {
public:
  /// Those of the section's sums that read the operand of these axes, of whose elements `layout` tells which a thread
  /// holds at a time.
  DepthSums(DeviceKernel &device, const Section &section, const Axes &operandAxes, const FragmentLayout &layout,
            const TilePlace &tile);

  /// Adds what the program's threads hold of the operand.
  void add(TileProgram &program);
  /// Combines the threads' sums and writes them: one block along the other axis of the product does.
  void finish(TileProgram &program);

  /// What a thread has summed so far. A loop carries it.
  llvm::SmallVector<mlir::Value> sums;
  /// Takes both operands' sums from the end of what a loop carries, in this order.
  static void take(DepthSums &a, DepthSums &b, mlir::ValueRange carried);

  /// The section as the tile program of the operand sees it: its dimensions are rows and columns.
  const Section &operandSection() const { return asRowsAndColumns; }

private:
  DeviceKernel &device;
  Section asRowsAndColumns;
  Axis depth;
  mlir::Value isMine;
};

} // namespace keel
