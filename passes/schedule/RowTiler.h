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
  mlir::OpFoldResult claimedOffset;                  // the same rows in what is claimed or updated in place
  RowLevel *outer = nullptr;                         // the block that the few rows are taken from
  mlir::Operation *loop = nullptr;                   // the loop over this level's rows
  llvm::DenseMap<mlir::Value, mlir::Value> tiles;    // a result -> its rows of this level
  llvm::DenseMap<mlir::Value, mlir::Value> claimed;  // a result that leaves the loop -> the tensor that takes its rows
  llvm::DenseMap<mlir::Value, mlir::Value> partials; // a sum over the rows -> what it is added to
};

/// How a loop over rows is taken apart: into parts for the workers, and each part into blocks. A part leaves one partial
/// result of each sum over the rows, so there is a fixed number of them at most; without sums a part is a block.
struct RowParts {
  mlir::OpFoldResult rows, count; // the rows of a part, the number of parts
  bool haveBlocks;                // a part may be several blocks
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
  Slice rowsOf(mlir::OpFoldResult offset, mlir::OpFoldResult size, mlir::Value tensor, unsigned rowDim);
  Slice partOfResult(mlir::Value result, mlir::OpFoldResult offset, mlir::OpFoldResult size, mlir::Value tensor);
  mlir::Value extract(mlir::Value tensor, const Slice &slice);
  mlir::Value extractRows(mlir::OpFoldResult offset, mlir::OpFoldResult size, mlir::Value tensor, unsigned rowDim);
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

  // The loop over the blocks of a part.
  void tileParts(mlir::scf::ForallOp forall, const RowParts &parts, mlir::Value rows);

  // Packed copies of the rows (RowPack.cpp).
  Slice panelsOf(mlir::OpFoldResult offset, mlir::OpFoldResult size, mlir::linalg::PackOp pack);
  void tilePack(RowLevel &level, mlir::linalg::PackOp pack);

  // Sums over the rows (RowSums.cpp): one partial result a part, added in the order of the parts.
  RowParts chooseParts(mlir::Value rows, bool hasSums);
  mlir::Value emptyPartials(mlir::Value result, mlir::OpFoldResult parts);
  Slice partialOf(mlir::Value partials);
  mlir::Value startOfSum(const RowLevel &level, mlir::Value sum);
  void finishSum(mlir::Value sum, mlir::Value partials);
  void addMoments(RowLevel &level, norm::MomentsOp op, norm::MomentsOp ofBlock);
  void mergeMoments(norm::MomentsOp op, mlir::Value means, mlir::Value m2s, mlir::Value rows, mlir::Value partRows);
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
  mlir::OpFoldResult partNumber;
  llvm::SmallVector<mlir::Value> escaping, sums;       // results that are read after the loop; sums over its rows
  llvm::DenseMap<mlir::Value, mlir::Value> partialSum; // a sum -> the partial results of all parts, in the loop
  llvm::DenseMap<mlir::Value, mlir::Value> output;     // what the loop updates in place -> its value in the loop
};

} // namespace keel
