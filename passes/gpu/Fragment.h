// A fragment: a tile of rows and columns, spread over the threads of a block. Every thread holds the same number of
// rows and of columns, at constant distances from its first; bits of the thread's number say where that is. One
// description serves register tiles, the accumulators of mma.sync and rows read from memory.
#pragma once

#include "passes/gpu/KernelSpace.h"

namespace keel {

struct FragmentLayout {
  int64_t rows = 1, columns = 1; // of the tile
  llvm::SmallVector<int64_t> rowOffsets, columnOffsets;
  /// Where bit i of the thread's number moves its elements.
  struct Bit {
    Axis axis;
    int64_t stride;
  };
  llvm::SmallVector<Bit> bits;
  /// Columns that follow each other in columnOffsets: as many elements as one access may move.
  int64_t vector = 1;

  /// The same tile after neighbours have exchanged every other pair of columns, so that each has four that follow each
  /// other: memory takes sectors of 32 bytes, and pairs of 16 bits, of four threads, are half of one. None where
  /// threads do not hold such pairs.
  std::optional<FragmentLayout> inFours() const;

  int64_t threads() const { return int64_t(1) << bits.size(); }
  int64_t rowsHeld() const { return rowOffsets.size(); }
  int64_t columnsHeld() const { return columnOffsets.size(); }
};

/// The rows of a matrix in memory: `threadsPerRow` threads read each row, `vector` elements at a time.
FragmentLayout rowsLayout(int64_t rows, int64_t columns, int64_t threads, int64_t threadsPerRow, int64_t vector);

/// The register tiles of a product computed with plain multiply-adds: 256 threads, each with 4 columns that follow each
/// other, twice or more often. `columns` is a power of two from 32 on.
FragmentLayout registerTileLayout(int64_t rows, int64_t columns);

/// The accumulators of mma.sync.m16n8: warps side by side, each with `rows / warpRows` by `columns / warpColumns`
/// elements. PTX ISA 9.7.14.5.8, "Matrix fragments for mma.m16n8k16": C and D.
FragmentLayout mmaLayout(int64_t rows, int64_t columns, int64_t warpRows, int64_t warpColumns);

/// The accumulators of wgmma.m64nNk16: `groups` groups of four warps, each with `rows / groups` rows, 64 at a time. PTX
/// ISA 9.7.15.5.1, "Register fragments": D.
FragmentLayout wgmmaLayout(int64_t rows, int64_t columns, int64_t groups);

} // namespace keel
