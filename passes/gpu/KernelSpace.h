// What a GPU kernel runs over: each of its computations' loops is the rows, the columns or the depth of a main loop.
#pragma once

#include "dialect/keel/Keel.h"

#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace keel {

/// Row and Column are the dimensions of the tile that a block of threads holds; Depth is what its main loop sums over.
/// Group numbers the groups of columns of which there is one value each, as group norm's statistics.
enum class Axis : uint8_t { Row, Column, Depth, Group };
using Axes = llvm::SmallVector<Axis, 3>;

/// The longest row that one block of threads holds beside a main loop, in elements. Several share longer ones.
constexpr int64_t longestRowOfBlock = 256;

/// Tiles of a product with no more columns than these read memory, and hardly multiply.
constexpr int64_t narrowTile = 32;
/// Blocks of a cluster; more than 8 must be asked for.
constexpr int64_t largestCluster = 16;

/// Computations that share one tile: they read each other's elements, or sums of them along an axis.
struct Section {
  /// For a tile, in program order; the main loop, if there is one, is among them. What prepares its operands is not: it is
  /// elementwise, and evaluated as the operands are loaded.
  llvm::SmallVector<mlir::Operation *> ops;
  /// After the tiles of all rows: what reads a sum over the rows.
  llvm::SmallVector<mlir::Operation *> finish;
  mlir::Operation *mainLoop = nullptr;
  llvm::DenseMap<mlir::Operation *, Axes> loops; // of each op, and of the ops that are repeated where they are read
  /// Extents as the tensors' types tell, dynamic ones ShapedType::kDynamic. Columns and depth are one where absent.
  int64_t rows = 1, columns = 1, depth = 1;
  /// A tensor (an argument, or a value of the kernel) and its dimension that tells each extent; none where absent.
  std::optional<std::pair<mlir::Value, unsigned>> rowsOf, columnsOf, depthOf;
  /// Whether an op sums along the columns: the tile must then hold all of them, or all of a group's.
  bool wholeRows = false;
  /// The columns of a group, a power of two; 0 where there are none. They may be all that is summed along the columns.
  int64_t groupColumns = 0;
  bool sumsGroups = false;
  /// Whether one that runs after the tiles does.
  bool wholeFinish = false;
  /// The ops that sum over the rows, in `ops`.
  llvm::SmallVector<mlir::Operation *> rowSums;
  /// Sums along rows that several blocks hold, and what is made of them, where nothing else in the kernel reads them: the
  /// block that is the last of a row's tiles adds their parts.
  llvm::SmallVector<mlir::Operation *> rowStatistics, rowFinish;
  /// Sums over the main loop's depth of what prepares its operands.
  llvm::SmallVector<mlir::Operation *> depthSums;

  /// Whether an op sums along an axis.
  bool sums(mlir::Operation *op, Axis axis) const;
  /// Whether an op that sums along the columns has a sum for each group of them.
  bool hasGroups(mlir::Operation *op) const;
  /// The columns that are summed together: a group's, or all.
  int64_t summedColumns() const { return sumsGroups ? groupColumns : columns; }
  /// Sums along the rows, in `ops`.
  int64_t countRowSums() const;
  /// Axes of a tensor's dimensions as an op reads it.
  Axes axesOf(mlir::Operation *op, mlir::AffineMap map) const;
};

/// The axes of a tensor's dimensions, which a map gives over loops along such axes.
Axes axesThrough(mlir::AffineMap map, llvm::ArrayRef<Axis> loops);

struct KernelSpace {
  std::vector<Section> sections;
  /// Results without dimensions that are functions of arguments: the step counter. Written when nobody reads the old
  /// value any more.
  llvm::SmallVector<mlir::Operation *> scalars;
};

/// True for an op that is evaluated where it is read: broadcasts, fills, constants, slices of arguments, what is made of
/// single numbers, and sums of parts (SumsInParts.h).
bool isEvaluatedInPlace(mlir::Operation *op);

/// Finds the sections of a kernel's body. On failure `why` says which computation does not fit and why.
std::optional<KernelSpace> findKernelSpace(KernelOp kernel, std::string &why);

} // namespace keel
