// What a normalization of the rows that a matrix product makes costs, by each way of doing it.
#pragma once

#include "passes/cost/KernelCost.h"

#include "llvm/ADT/SmallVector.h"

namespace keel {

/// In the order in which they are taken where their times are alike.
enum class Strategy { RowComplete, Cluster, RowBlockBarrier, Statistics, Deferred };

/// As `keel.strategy` names it.
llvm::StringRef nameOf(Strategy strategy);

struct NormalizedRows {
  int64_t rows = 1, columns = 1, depth = 1; ///< of the product that makes them
  KernelWork::Reads reads = KernelWork::Reads::F32;
  bool isCentred = false;    ///< one sum along a row, else two
  int64_t readerColumns = 0; ///< of the product that reads them normalized; 0: there is none
  bool canDefer = false;     ///< nothing but linear layers reads them, and their weights may take scale and shift
  bool isTrained = false;    ///< their gradient is computed, too
};

/// The longest rows that a target's kernels take, in columns; 0: none.
struct StrategyLimits {
  int64_t tile = 0, cluster = 0, barrier = 0;
  int64_t operandReuse = 0; ///< columns of a product that normalizes as it loads
  bool hasWgmma = false;
};

struct StrategyCost {
  Strategy strategy;
  double seconds; ///< of the product, what completes the rows, and what it adds to the product that reads them
};

/// Those that are possible, in the order of Strategy; there may be none.
llvm::SmallVector<StrategyCost> estimateStrategies(const NormalizedRows &rows, const StrategyLimits &limits,
                                                   const DeviceDescription &device);

/// The first that is no more than a tenth slower than the fastest: the model tells no finer.
Strategy chooseStrategy(llvm::ArrayRef<StrategyCost> costs);

} // namespace keel
