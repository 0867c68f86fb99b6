// What the parts of the partition share while they decide (Partition.cpp, PrepareOperands.cpp, Recompute.cpp, StateUpdates.cpp).
#pragma once

#include "passes/fuse/Partition.h"

namespace keel {

struct PartitionState {
  explicit PartitionState(mlir::Block &block) : block(block) {}

  mlir::Block &block;
  std::vector<KernelGroup> groups;
  llvm::DenseMap<mlir::Operation *, unsigned> groupOf; // where an op's results come from

  void assign(mlir::Operation *op, unsigned group);
  /// True if the op reads a result of the group.
  bool reads(mlir::Operation *op, unsigned group) const;
  /// True if the op reads something computed from the group's results by another kernel or at the host level.
  bool dependsOnAnother(mlir::Operation *op, unsigned group) const;
};

/// What an op reads: its operands, and what its regions capture.
llvm::SmallVector<mlir::Value> readValues(mlir::Operation *op);

/// True for a value that a kernel may compute besides its rows: static, and of at most 65536 elements.
bool isSmall(mlir::Type type);

/// Enters the results' dimensions that `loop` runs over; false, and nothing entered, if one has none.
bool markRows(mlir::Operation *op, const LoopNest &nest, unsigned loop, KernelGroup &group);

/// State updates: elementwise ops whose results reach nothing but stores of state; and what is computed from the new
/// state and stored as well (centred copies of weights). `planar` as in KernelLimits.
llvm::SmallPtrSet<mlir::Operation *, 16> findStateUpdates(mlir::Block &block, bool planar);

/// Whether a use lets the group compute the value for its own rows.
bool readsItsRows(mlir::OpOperand &use, const KernelGroup &group);

/// Small values that one other kernel alone reads (the reciprocal standard deviations of an inference batch norm) are
/// computed by that kernel, before its rows.
void absorbSmallGroups(PartitionState &state);

/// An elementwise value that crosses kernels, made from what crosses anyway, is recomputed by its readers.
void recomputeCheapValues(PartitionState &state);

/// Elementwise values that main loops alone read are prepared by them, as they load: in each of their tiles, of which
/// there are the more, the more columns (or rows) of the product use an operand again; the limits say how many may. A
/// sum over the rows of such a value goes along where the product sums over them too. If the values are cheap, kernels
/// whose rows they are may read them as well.
void prepareOperands(PartitionState &state, const KernelLimits &limits);

} // namespace keel
