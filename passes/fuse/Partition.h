// Decides which computations become one kernel. FormKernels builds the kernels that this asks for.
#pragma once

#include "passes/fuse/RowLoop.h"

#include "mlir/IR/Block.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace keel {

/// The computations of one kernel, in program order. An op may be in several groups: it is then recomputed.
struct KernelGroup {
  llvm::SetVector<mlir::Operation *> ops;
  /// Those of them that another kernel computes too, and whose results that kernel returns; and views of the kernel's
  /// rows, which others take of what it returns.
  llvm::SmallPtrSet<mlir::Operation *, 4> recomputed;
  mlir::Operation *mainLoop = nullptr;
  /// The dimension of a value that the kernel's loop over rows runs over; a value that is complete only after the
  /// loop (a sum over the rows, and what is computed from it) is not in here.
  llvm::DenseMap<mlir::Value, unsigned> rowDim;
  /// The dimension of the first op's results that the kernel splits into blocks: rows, or columns (1) where a matmul sums
  /// over the rows.
  unsigned splitDim = 0;
  /// Statistics of rows that are too long to be complete beside the main loop, and what is made of them.
  llvm::DenseSet<mlir::Value> statistics;
  unsigned numPrepared = 0; // ops that prepare the main loop's operands
  bool isUpdate = false; // the one kernel that updates the state
  /// Why the first op did not join the kernel of a producer; empty if it has none.
  llvm::StringRef whyApart;
};

/// True for an op that must be inside a kernel.
bool isComputation(mlir::Operation *op);

/// True for an op that every kernel which reads it repeats: tensor.empty, constants, fills, broadcasts, slices.
bool isRepeated(mlir::Operation *op);

/// What a target's kernels can hold. A CPU's hold anything.
struct KernelLimits {
  /// Otherwise every computation is a kernel of its own.
  bool fuse = true;
  /// A kernel's computations run over rows and columns: no other loop but the sum of the main loop.
  bool planar = false;
  /// A main loop prepares what it alone reads as it loads, if no more columns (or rows) of the product than these use it.
  int64_t operandReuse = 0;
  /// Nor if it makes more multiplications than these, with more than a few columns; 0 for any. A dynamic extent is
  /// `batch`.
  int64_t preparedWork = 0, batch = 128;
  /// The longest row that is complete beside a main loop, in elements: in one tile, in those of a cluster of blocks (0 where one
  /// tile is limited: there are none), and in several that exchange sums; 0 for any. Of a longer row, sums are made beside the main loop,
  /// and what reads them and the row is another kernel's.
  int64_t tileColumns = 0, clusterColumns = 0, rowColumns = 0;
};

/// The groups of a block's computations, such that the kernels can be put in an order.
std::vector<KernelGroup> partitionIntoKernels(mlir::Block &block, const KernelLimits &limits);

} // namespace keel
