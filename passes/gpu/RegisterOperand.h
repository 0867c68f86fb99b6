// A factor of wgmma that is computed in registers, from what the copy engine has brought.
#pragma once

#include "passes/gpu/MainLoop.h"

namespace keel {

/// The first factor of a product, its rows along the depth, where it is an elementwise function of one matrix in
/// memory, of the same 16 bits, and of numbers for its rows and columns, as normalized rows are: warps read the matrix'
/// tile with ldmatrix, as their registers of wgmma's A lie (PTX ISA 9.7.15.5.1, "Register fragments"), and compute the
/// factor there.
class RegisterOperand {
public:
  /// The matrix; null where the factor is in memory as it is, or is something else.
  static mlir::BlockArgument findMatrix(mlir::OpOperand *operand, const Axes &axes);

  RegisterOperand(DeviceKernel &device, KernelOp kernel, mlir::OpOperand *operand, const Axes &axes);
  /// A thread's words of 64 rows, from `rows` on, by 16 of the depth, from `depth` on, of the tile at `start` in shared
  /// memory: `place` is where its rows lie, `firstDepth` where its depth starts.
  llvm::SmallVector<mlir::Value> load(mlir::Value start, int64_t rows, int64_t depth, const TilePlace &place,
                                      mlir::Value firstDepth);

private:
  DeviceKernel &device;
  KernelOp kernel;
  mlir::OpOperand *operand;
  mlir::BlockArgument matrix;
  Section section; // of rows and depth, without computations of its own
  FragmentLayout layout;
};

} // namespace keel
