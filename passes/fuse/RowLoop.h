// How an op takes part in a loop over rows: the question both the fuser and the scheduler ask of every op.
#pragma once

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Operation.h"

namespace keel {

/// The loop nest of a structured op (linalg op or norm.moments).
struct LoopNest {
  llvm::SmallVector<mlir::utils::IteratorType> iterators;
  llvm::SmallVector<mlir::AffineMap> operandMaps; // of the inputs, then (destination style) of the inits
  llvm::SmallVector<mlir::AffineMap> resultMaps;

  /// Null for an op that is none.
  static std::optional<LoopNest> get(mlir::Operation *op);

  unsigned numLoops() const { return iterators.size(); }
  bool isParallel(unsigned loop) const { return iterators[loop] == mlir::utils::IteratorType::parallel; }
  bool allParallel() const;
};

/// A matmul, convolution or the like: sums products in which every factor is used more than once.
bool isMainLoop(mlir::Operation *op);

/// The loop that alone runs over dimension `dim` of what `map` reads.
std::optional<unsigned> loopOfDim(mlir::AffineMap map, unsigned dim);

/// The dimension of what `map` reads that `loop` alone runs over; none if the loop appears elsewhere in the map too.
std::optional<unsigned> dimOfLoop(mlir::AffineMap map, unsigned loop);

/// An index that counts groups of so many steps of a loop: `loop floordiv width`. Where the loop is a sum's, it has a sum
/// for each group.
struct LoopGroups {
  unsigned loop;
  int64_t width;
  static std::optional<LoopGroups> get(mlir::AffineExpr index);
};

/// The most elements, as far as known, that a structured op sums along one dimension of what it reads; 0 for none.
int64_t longestSum(mlir::Operation *op);

/// True if `loop` appears anywhere in the map.
bool usesLoop(mlir::AffineMap map, unsigned loop);

} // namespace keel
