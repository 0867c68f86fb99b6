// How long a kernel takes, from a few numbers.
#pragma once

#include "passes/cost/DeviceDescription.h"

#include <cstdint>

namespace keel {

/// What a kernel does, tile by tile.
struct KernelWork {
  int64_t rows = 1, columns = 1;
  int64_t depth = 0; ///< of its matrix product; 0: it has none
  enum class Reads { F32, Tf32, Half } reads = Reads::F32;
  int64_t tileRows = 1, tileColumns = 1;
  int64_t threads = 256, registers = 128; ///< of a block; of a thread
  int64_t sharedBytes = 0;                ///< of a block
  double bytes = 0;                       ///< read from and written to memory, each tensor once
  double instructions = 0;                ///< a thread's, an element of the tile, beside the product
  /// Exchanges between the blocks of a row, one after the other.
  int64_t exchanges = 0;
  enum class Exchange { Barrier, Cluster } exchange = Exchange::Barrier;
  int64_t cluster = 1;   ///< blocks that are launched together, and share a row
  int64_t readers = 1;   ///< of them, that get the same rows of the product's first operand by one read
  bool wgmma = false;    ///< what multiplies; else mma.sync, or lanes
  bool pingpong = false; ///< two groups of a block's threads take its tiles in turn
};

/// Where the seconds go.
struct KernelCost {
  double matmul =
      0; ///< of the multiprocessor that computes the most tiles: products, or their operands out of the cache
  double memory = 0;   ///< meanwhile
  double epilogue = 0; ///< what of it runs beside no main loop
  double exchange = 0, launch = 0;
  double total() const { return std::max(matmul, memory) + epilogue + exchange + launch; }
};

KernelCost estimateCost(const KernelWork &work, const DeviceDescription &device);

} // namespace keel
