// Sums over a tile's rows by way of shared memory.
#pragma once

#include "passes/gpu/TileProgram.h"

namespace keel {

/// A sum of 32-bit numbers over the rows of a tile, a number for each column. All threads put() what they hold, meet at
/// a barrier, and add() up columns.
class ColumnSums {
public:
  /// Whether it can be done so, and is better than by shuffles: many lanes of a warp hold parts of a column.
  static bool fits(mlir::TypeRange types, const FragmentLayout &layout, int64_t threads);
  /// Shared memory for one result.
  static int64_t bytes(const FragmentLayout &layout);

  /// `types`: of tensors of sums, `combiners`: what adds each.
  ColumnSums(DeviceKernel &device, TileProgram &program, mlir::TypeRange types,
             llvm::ArrayRef<mlir::Operation *> combiners);
  /// The thread's parts of two columns that follow each other, the first being its column of that number.
  void put(unsigned result, int64_t column, mlir::Value low, mlir::Value high);
  /// Gives `use` four columns that follow each other, the first one's number in the tile, and their sums of each
  /// result. It runs in one thread for each such four.
  void add(llvm::function_ref<void(unsigned result, mlir::Value first, llvm::ArrayRef<mlir::Value> sums)> use);

private:
  DeviceKernel &device;
  TileProgram &program;
  const FragmentLayout &layout;
  llvm::SmallVector<mlir::Operation *> combiners;
  llvm::SmallVector<mlir::Type> types;
  llvm::SmallVector<mlir::Value> regions; // of each result
  mlir::Value mine;                       // where the thread's parts start
};

} // namespace keel
