// What a tensor holds at a position, as code of one thread: loaded from an operand, or computed from what its op reads.
#pragma once

#include "passes/gpu/Generate.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace keel {

class ElementValues {
protected:
  ElementValues(mlir::OpBuilder &moduleBuilder, KernelOp kernel)
      : kernel(kernel), device(moduleBuilder, kernel, {}, {}, elementThreads), builder(device.builder),
        loc(device.loc) {}

  mlir::Value toIndex(mlir::Value number) {
    return mlir::arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number);
  }
  mlir::Value extentOf(mlir::Value tensor, int64_t dim);
  void write(unsigned operand, llvm::ArrayRef<mlir::Value> position, mlir::Value value) {
    device.store({value}, device.pointerTo(operand, position));
  }
  /// A number of the kernel's own block.
  mlir::Value outside(mlir::Value value);
  mlir::Value outside(mlir::OpFoldResult value);
  /// One element of a tensor: loaded, or evaluated.
  mlir::Value valueAt(mlir::Value tensor, llvm::ArrayRef<mlir::Value> position);
  mlir::Value choose(mlir::Value condition, mlir::Type type, llvm::function_ref<mlir::Value()> then,
                     llvm::function_ref<mlir::Value()> otherwise);
  /// Positions relative to `offsets`, and whether all of them lie in [0, extent).
  mlir::Value shift(llvm::ArrayRef<mlir::Value> position, llvm::ArrayRef<mlir::OpFoldResult> offsets,
                    llvm::ArrayRef<mlir::Value> extents, llvm::SmallVector<mlir::Value> &moved);
  mlir::Value padAt(mlir::tensor::PadOp pad, llvm::ArrayRef<mlir::Value> position);
  /// Calls `use` with whether the position lies in what is inserted, and a function that gives the element there.
  void insertedAt(mlir::tensor::InsertSliceOp insert, llvm::ArrayRef<mlir::Value> position,
                  llvm::function_ref<void(mlir::Value, llvm::function_ref<mlir::Value()>)> use);
  /// Clones a block of scalar ops and gives what it yields.
  mlir::Value cloneBlock(mlir::Block &block, llvm::ArrayRef<mlir::Value> arguments);
  llvm::SmallVector<mlir::Value> cloneOps(mlir::Block &block, llvm::ArrayRef<mlir::Value> loops,
                                          mlir::IRMapping &mapping);
  llvm::SmallVector<mlir::Value> body(mlir::linalg::GenericOp op, llvm::ArrayRef<mlir::Value> loops,
                                      llvm::ArrayRef<mlir::Value> arguments);
  /// The elements that an iteration reads; `sums` in the place of the inits, where given.
  llvm::SmallVector<mlir::Value> operandsAt(mlir::linalg::GenericOp op, llvm::ArrayRef<mlir::Value> loops,
                                            llvm::ArrayRef<mlir::Value> sums);
  /// Whether each iteration of the loops that others are summed over writes an element of this one.
  static bool isWritten(mlir::linalg::GenericOp op, mlir::OpOperand *init);

  KernelOp kernel;
  mlir::scf::ForOp steps; // of a kernel that is a loop
  mlir::Value step;       // the one that the device is at
  DeviceKernel device;
  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace keel
