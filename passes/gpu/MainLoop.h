// Main loops: each yields a fragment, the sums of a matrix product for the block's tile.
#pragma once

#include "passes/gpu/TileProgram.h"

#include "llvm/Support/MathExtras.h"

namespace keel {

/// A main loop's product: C[row, column] += the sum over depth of A[row, depth] * B[depth, column].
struct Product {
  mlir::linalg::GenericOp op;
  mlir::OpOperand *a, *b;
  Axes aAxes, bAxes; // of their dimensions

  static Product get(const Section &section);
  mlir::Type elementType(mlir::OpOperand *operand) const {
    return mlir::getElementTypeOrSelf(operand->get().getType());
  }
};

/// Whether the rows of a main loop's operand are whole units of 16 bytes, which is what copies past the registers move.
bool hasWholeChunks(mlir::RankedTensorType type);

/// A main loop's operand as the rows and columns of a tile program, `depth` being one of the two: computed where it is
/// no argument of the kernel. Zeros beyond the end of the depth.
llvm::SmallVector<mlir::Value> operandElements(DeviceKernel &device, TileProgram &program, mlir::Value operand,
                                               Axis depth);

/// Four 8x8 matrices of 16 bits in shared memory, a word of each (ldmatrix): `row` points to row l % 8 of matrix l / 8
/// for lane l.
llvm::SmallVector<mlir::Value> loadMatrices(DeviceKernel &device, mlir::Value row, bool transposed);

/// How a block of threads goes about a section.
struct SectionSchedule {
  enum class Loop { Rows, Dots, RegisterTile, Mma, Wgmma } loop = Loop::Rows;
  FragmentLayout layout;
  int64_t depthTile = 16, stages = 2; // of a main loop
  bool holdsDepth = false;            // of mma.sync: all of the depth is under way before the loop, whatever the batch
  int64_t blocks = 0;                 // that go over the tiles of rows in turn (RowsInTurn.h); 0: a block for each
  int64_t splits = 1;                 // blocks that share a tile, each with a part of the depth (SplitDepth.h)
  /// Blocks of a cluster, whose tiles lie side by side: they get the operand's rows together, and exchange the sums of
  /// their rows where the rows are all theirs.
  int64_t cluster = 1;
  /// Blocks that each bring an equal part of those rows for all of them: eight or more of the 128.
  int64_t readers() const { return 16 % cluster ? 1 : cluster; }
  /// Of wgmma: the block's two groups of threads take its tiles in turn, so that one's tile program runs beside the
  /// other's main loop; and blocks stay for several tiles.
  bool pingpong = false;
  bool sharesRows(const Section &section) const {
    return section.mainLoop && section.wholeRows && section.summedColumns() > layout.columns;
  }
  /// The tiles that do, side by side: those of a row, or of a group of its columns.
  int64_t sharers(const Section &section) const {
    return llvm::divideCeil(section.summedColumns(), layout.columns);
  }
  bool exchangesInCluster(const Section &section) const { return sharesRows(section) && cluster >= sharers(section); }
  /// A row lies in the tiles of several blocks that are no cluster (the row-block barrier).
  bool exchanges(const Section &section) const { return sharesRows(section) && !exchangesInCluster(section); }
  /// Whether the main loop has one stage: nothing is read twice, whatever the tile.
  bool isShallow(const Section &section) const {
    return !mlir::ShapedType::isDynamic(section.depth) && section.depth <= depthTile;
  }

  /// Whether the main loop takes rows that are not there for zeros: those of operands that it copies as they are.
  bool fillsRows(const Section &section) const;
  /// What of a stage's depth is multiplied, in steps of `step`: all, or what there is.
  int64_t depthOfStage(const Section &section, int64_t step) const {
    return isShallow(section) ? llvm::alignTo(section.depth, step) : depthTile;
  }

  /// One line for --explain.
  std::string describe(const Section &section) const;
};

/// Multiply-adds in registers, any element type, operands by way of shared memory.
Fragment emitRegisterTileLoop(DeviceKernel &device, KernelOp kernel, const Section &section,
                              const SectionSchedule &schedule, const TilePlace &place, mlir::Value depth);

/// Products of rows and columns where they are held (DotLoop.cpp), in the layout of rows from memory.
Fragment emitDotLoop(DeviceKernel &device, const Section &section, TileProgram &program);
/// Whether it takes a section's main loop.
bool fitsDots(const Section &section);

/// mma.sync on operands of 16 bits, or of f32 as tf32.
Fragment emitMmaLoop(DeviceKernel &device, KernelOp kernel, const Section &section, const SectionSchedule &schedule,
                     const TilePlace &place, mlir::Value depth);

/// What a block of wgmma threads is made of: 256 that multiply and run the tile program, in two groups, and a group
/// whose first warp copies.
constexpr int64_t wgmmaThreads = 256, copyingThreads = 128, groupThreads = 128;

} // namespace keel
