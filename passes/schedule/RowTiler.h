// The loop over blocks of rows that one domain of a kernel becomes. TileRows.h is what other files call.
#pragma once

#include "passes/schedule/TileRows.h"

#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace keel {

/// Some rows of every value: those of a block, or a few of a block's.
struct RowLevel {
  mlir::OpFoldResult offset, size;                   // relative to `outer`
  RowLevel *outer = nullptr;                         // the block that the few rows are taken from
  mlir::Operation *loop = nullptr;                   // the loop over this level's rows
  llvm::DenseMap<mlir::Value, mlir::Value> tiles;    // a result -> its rows of this level
  llvm::DenseMap<mlir::Value, mlir::Value> claimed;  // a result that leaves the loop -> the tensor that takes its rows
  llvm::DenseMap<mlir::Value, mlir::Value> partials; // a sum over the rows -> what it is added to
};

/// A rectangular part of a tensor.
struct Slice {
  llvm::SmallVector<mlir::OpFoldResult> offsets, sizes, strides;
};

class RowTiler {
public:
  RowTiler(mlir::RewriterBase &rewriter, const RowDomain &domain, const Destinations &destinations, int64_t rowBlock)
      : rewriter(rewriter), domain(domain), destinations(destinations), rowBlock(rowBlock),
        loc(domain.ops.front()->getLoc()) {}

  void run();

private:
  // Sizes, slices and new tensors.
  mlir::OpFoldResult extent(mlir::Value tensor, int64_t dim);
  llvm::SmallVector<mlir::OpFoldResult> sizesOf(mlir::OpResult result);
  mlir::Value numRows();
  Slice rowsOf(const RowLevel &level, mlir::Value tensor, unsigned rowDim);
  mlir::Value extractRows(const RowLevel &level, mlir::Value tensor, unsigned rowDim);
  mlir::Value emptyRows(const RowLevel &level, mlir::Value like, mlir::Value extents, unsigned rowDim);
  mlir::Value wholeDestination(mlir::Value result);

  // One op on the rows of a level.
  void tileOp(RowLevel &level, mlir::Operation *op);
  mlir::Value operandRows(RowLevel &level, mlir::Value value, mlir::AffineMap map, unsigned loop, mlir::Operation *op);
  mlir::Value slidingWindow(RowLevel &level, mlir::Value value, mlir::AffineMap map, unsigned loop, mlir::linalg::LinalgOp op);
  mlir::Value repeatedRows(RowLevel &level, mlir::linalg::GenericOp op, unsigned rowDim, mlir::Value destination);
  mlir::Value destinationRows(RowLevel &level, mlir::linalg::GenericOp op, mlir::OpOperand &init, unsigned loop);

  // The part between main loops, a few rows at a time.
  void tileSegments();
  bool canNest(llvm::ArrayRef<mlir::Operation *> segment);
  int64_t rowsAtATime(llvm::ArrayRef<mlir::Operation *> segment);
  void tileSegment(llvm::ArrayRef<mlir::Operation *> segment);

  // Sums over the rows (RowSums.cpp): one partial result a block, added in the order of the blocks.
  mlir::Value emptyPartials(mlir::Value result, mlir::OpFoldResult blocks);
  Slice blockOf(mlir::Value partials);
  mlir::Value neutralStart(mlir::linalg::GenericOp op, unsigned index);
  void finishSum(mlir::Value sum, mlir::Value partials);
  void mergeMoments(norm::MomentsOp op, mlir::Value means, mlir::Value m2s, mlir::Value rows);
  int64_t elementsPerRow(norm::MomentsOp op);

  void insertInParallel(mlir::scf::InParallelOp end, mlir::Value tile, mlir::Value target, const Slice &slice);
  void replaceOutside(mlir::Value result, mlir::Value replacement);
  bool isInDomain(mlir::Operation *op) const { return llvm::is_contained(domain.ops, op); }

  mlir::RewriterBase &rewriter;
  const RowDomain &domain;
  const Destinations &destinations;
  int64_t rowBlock;
  mlir::Location loc;
  RowLevel block;
  mlir::OpFoldResult blockNumber;
  llvm::DenseMap<mlir::Value, mlir::Value> output; // init of the forall -> its block argument
};

} // namespace keel
