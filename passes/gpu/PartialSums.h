// Sums over all rows, or along rows that several blocks hold: a part for each tile, in a workspace, added in the order
// of the tiles.
#pragma once

#include "passes/gpu/Generate.h"

namespace keel {

/// Adds up parts in their order. `load` loads one, `combine` adds it to the sums of those before. So many are asked for
/// `together`: that takes as long as for one.
llvm::SmallVector<mlir::Value>
addInOrder(DeviceKernel &device, mlir::Value parts,
           llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value part)> load,
           llvm::function_ref<void(mlir::Value part, llvm::MutableArrayRef<mlir::Value> sums,
                                   llvm::ArrayRef<mlir::Value> next)>
               combine,
           int64_t together = 1);

class PartialSums {
public:
  PartialSums(DeviceKernel &device, llvm::ArrayRef<Workspace> workspaces) : device(device), workspaces(workspaces) {}

  /// Writes the tile's part of each of the op's results; of a few columns, from the tile's column `first` on.
  void writeColumns(TileProgram &program, mlir::Value sum, mlir::Value part, mlir::Value first,
                    llvm::ArrayRef<mlir::Value> sums);
  void write(TileProgram &program, mlir::Operation *op, mlir::Value part, llvm::ArrayRef<Fragment> sums);
  /// Writes the tile's part of a sum along the rows, one of `columnTiles`.
  void writeAlong(TileProgram &program, mlir::Operation *op, mlir::Value rowTile, mlir::Value columnTile,
                  int64_t columnTiles);
  /// The parts of a tile of rows together, at the thread's rows, which `program` counts from the tile's first on.
  llvm::SmallVector<Fragment> addAlong(TileProgram &program, mlir::Operation *op, mlir::Value rowTile,
                                       int64_t columnTiles, int64_t tileRows);
  /// For each of the op's results, the parts of all tiles together, at the thread's columns. `rows` and `tileRows` are
  /// the rows of the whole and of a full tile.
  llvm::SmallVector<Fragment> add(TileProgram &program, mlir::Operation *op, mlir::Value rowTiles, mlir::Value rows,
                                  int64_t tileRows);

  mlir::Value pointerTo(mlir::Value sum) { return pointerTo(workspaceOf(sum)); }

private:
  mlir::Value pointerTo(const Workspace &workspace) { return device.extraInit(&workspace - workspaces.data()); }
  const Workspace &workspaceOf(mlir::Value sum) const;
  void mergeMoments(mlir::Value tile, mlir::Value rows, int64_t tileRows, llvm::MutableArrayRef<mlir::Value> sums,
                    llvm::ArrayRef<mlir::Value> next);

  DeviceKernel &device;
  llvm::ArrayRef<Workspace> workspaces;
};

} // namespace keel
