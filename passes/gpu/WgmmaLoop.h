// The main loop of a warp-specialised kernel: wgmma.
#pragma once

#include "passes/gpu/RegisterOperand.h"

namespace keel {

/// wgmma on operands of 16 bits, or of f32 as tf32, that the copy engine brings: the two halves of a warp-specialised
/// kernel's main loop, and the ring of tiles in shared memory by which they are joined.
class WgmmaLoop {
public:
  /// The memory that all of a kernel's loops of this kind share: barriers. All threads of the block meet
  /// before the loops start.
  struct Barriers {
    /// `readers`: warps that read each tile, of all blocks that get it.
    Barriers(DeviceKernel &device, int64_t stages, int64_t readers);
    int64_t stages, full, empty; // places in shared memory
  };
  /// A stage of the ring, and the parity of the round: of the phase that a tile in it completes (`full`), or awaits
  /// (`empty`).
  struct Position {
    mlir::Value stage, parity; // i32
  };

  WgmmaLoop(DeviceKernel &device, KernelOp kernel, const Section &section, const SectionSchedule &schedule,
            const Barriers &barriers);
  /// The depth of a stage, which is a swizzled row's.
  static int64_t depthTile(mlir::Type elementType);
  static int64_t stageBytes(const FragmentLayout &layout);

  /// Where the group that copies starts: every stage is empty, as if a round were over.
  Position start();
  /// For that group, from `position` on: where the next tile starts.
  Position copy(const TilePlace &place, mlir::Value depth, Position position);
  /// A tile of several that the groups of a block take in turns.
  struct Turn {
    mlir::Value number; // i64; null: the block has one tile
    mlir::Value group;  // i64, that takes it
    mlir::Value hasNext; // whether the block has another after it
  };
  /// For the others: the sums of the tile at `place`.
  Fragment multiply(mlir::Value depth, const Turn &turn, const TilePlace &place);

private:
  /// One operand's tile of a stage: boxes side by side along its outer axis, a swizzled row wide.
  struct Operand {
    mlir::Value map;
    bool depthIsLast;
    int64_t boxes, boxRows, offset;        // offset: in the stage
    int64_t parts;                         // of the cluster's blocks
    int64_t boxBytes() const;
    int64_t bytes() const { return parts * boxes * boxBytes(); }
  };
  /// `parts`: of the blocks of the cluster, each of which brings one for all.
  Operand describe(mlir::Value matrix, const Axes &axes, int64_t outer, int64_t offset, int64_t parts = 1);
  void load(const Operand &operand, mlir::Value firstOuter, mlir::Value firstDepth, mlir::Value stage,
            mlir::Value barrier);
  mlir::Value barrierAt(int64_t first, mlir::Value stage);
  mlir::Value rank(); // i32, of the block in its cluster
  void wait(mlir::Value barrier, mlir::Value parity);
  Position advance(Position position);
  void release(mlir::Value stage);
  Position startOf(const Turn &turn, mlir::Value depth);
  void letNextStart(const Turn &turn);
  mlir::Value descriptorStart(const Operand &operand, mlir::Value address);
  mlir::Value descriptor(mlir::Value start);
  llvm::SmallVector<mlir::Value> multiplyRows(llvm::ArrayRef<mlir::Value> sums, mlir::ValueRange a, mlir::Value b);

  DeviceKernel &device;
  const FragmentLayout &layout;
  const SectionSchedule &schedule;
  const Barriers &barriers;
  int64_t knownDepth;       // 0: not known
  int64_t instructionsDeep; // for a stage
  mlir::Type elementType;
  int64_t ring = 0, bytes = 0; // in shared memory; of a stage
  Operand a, b;
  std::optional<RegisterOperand> computed; // A, where it is
};

} // namespace keel
