// A kernel's computations on the tile that a block of threads holds. Written once for every main loop: it knows of a
// fragment's layout alone.
#pragma once

#include "passes/gpu/DeviceKernel.h"
#include "passes/gpu/Fragment.h"

#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"

#include <map>

namespace keel {

/// The elements of a tensor that one thread holds: those of its rows and columns, or of its rows alone (the same value
/// for all columns), or of its columns alone, or one number; with `groups`, one for each group of columns that it has
/// columns of.
struct Fragment {
  bool rows = false, columns = false;
  llvm::SmallVector<mlir::Value> elements; // row after row
  bool groups = false;
};

/// How the blocks whose tiles share rows exchange sums along them: by words {epoch, value} that validate themselves,
/// one for each row of a tile and each sum, in global memory. A word of the launch's epoch is there, any other is not
/// yet; so there is no fence and no barrier between blocks, and nobody has to clear anything.
struct RowExchange {
  mlir::Value words;                     // pointer to i64, for this kernel
  mlir::Value epoch;                     // i32, other than in any launch before
  mlir::Value rowTile, columnTile;       // i64
  int64_t rowTiles = 0, columnTiles = 0; // at most, and exactly
  int64_t sites = 0;                     // sums exchanged so far
  /// Shared memory of the threads that share a tile, for a section's sums.
  static int64_t bytes(const Section &section, int64_t rows, int64_t threads);
  /// Blocks that stay for several tiles: fewer could wait for one another for ever.
  static int64_t leastBlocks(int64_t columnTiles, int64_t cluster);
};

/// How the blocks of a cluster whose tiles share rows do: each stores its parts into the shared memory of all.
///
/// Groups of threads that go through several tiles have two places each, which their sums take in turn. Who has read
/// one tells all blocks, by an mbarrier of its own, before any of them sends there again.
struct ClusterExchange {
  /// Takes its memory from the block's. `groups`: of threads that go through tiles; 0: the block has one tile.
  ClusterExchange(DeviceKernel &device, int64_t blocks, int64_t rows, int64_t sites, int64_t groups);
  /// By one thread, before the cluster's first barrier.
  void prepare(DeviceKernel &device);

  int64_t blocks, rows;    // of the cluster, of a tile
  int64_t sites, used = 0; // sums of a tile to be exchanged, and exchanged so far
  int64_t groups;
  int64_t values, barriers, read; // places in shared memory
  mlir::Value turn = {};    // i64: which of the block's tiles it is
  int64_t places() const { return groups ? 2 * groups : sites; }
  /// Shared memory for their values.
  static int64_t bytes(int64_t places, int64_t blocks, int64_t rows) { return places * blocks * rows * 4; }
};

class StagedStores;

/// Where a tile lies.
struct TilePlace {
  mlir::Value firstRow, firstColumn;        // i64
  mlir::Value numRows;                      // of the whole tensor, i64
  int64_t numColumns = 1;                   // of the whole tensor
  bool rowsFit = false, columnsFit = false; // every tile is full
  mlir::Value isFirstRow, isFirstColumn; // whether this is the first tile along the axis; null where it is the only one
  mlir::Value isFirstOfGroup;            // of those that share a group of columns; null where each has whole groups
  RowExchange *exchange = nullptr;       // where other blocks hold the rest of the rows
  mlir::Value firstDepth, endDepth;      // the part of a main loop's depth; null: all of it
  ClusterExchange *cluster = nullptr;    // where blocks of the same cluster do
  bool absentRowsAreZero = false;        // in the main loop's product, those that are not there
  StagedStores *staged = nullptr;        // what writes results that are put into shared memory first
};

class TileProgram {
public:
  TileProgram(DeviceKernel &device, KernelOp kernel, const Section &section, const FragmentLayout &layout,
              TilePlace place);

  /// Says what a value is that is made elsewhere: a main loop's accumulators, a finished sum.
  void bind(mlir::Value value, Fragment fragment) { fragments[value] = std::move(fragment); }
  /// The thread's elements of a value whose dimensions lie along `axes`: computed before, or loaded, or evaluated here.
  Fragment get(mlir::Value value, llvm::ArrayRef<Axis> axes) { return find(value, axes); }
  /// Loads all that `get` of the same value will read.
  void prefetch(mlir::Value value, llvm::ArrayRef<Axis> axes);
  /// Computes an op that is elementwise or sums along the columns. Its results are known afterwards.
  void run(mlir::Operation *op);
  /// What becomes of the tile's sums over its rows.
  struct SumsOverRows {
    /// Of columns that follow each other, from the tile's column `first` on; in one thread.
    llvm::function_ref<void(mlir::Value sum, mlir::Value first, llvm::ArrayRef<mlir::Value> sums)> ofColumns;
    /// Of an op's results, in the threads that hold each column.
    llvm::function_ref<void(mlir::Operation *op, llvm::ArrayRef<Fragment> sums)> fragments;
  };
  /// Computes ops over rows and columns: elementwise ones, and sums, which none of the others reads. `later` ones read
  /// what these load again.
  void runTogether(llvm::ArrayRef<mlir::Operation *> ops, llvm::ArrayRef<mlir::Operation *> later, SumsOverRows use);
  /// Sums (or takes the extremes, or the moments) over the tile's rows: for each result, the thread's columns, or one
  /// number.
  llvm::SmallVector<Fragment> sumRows(mlir::Operation *op);
  /// Moments over the rows by way of shared memory, which need no registers for each column; false where that does not
  /// fit.
  bool sumMomentsInMemory(norm::MomentsOp op, const SumsOverRows &use);
  /// The same from the threads' parts.
  llvm::SmallVector<Fragment> sumAcross(mlir::Operation *op,
                                        llvm::MutableArrayRef<llvm::SmallVector<mlir::Value>> sums);
  /// Whether a sum over the rows is one for each column, or one number.
  static bool holdsColumns(const Section &section, mlir::Operation *op) {
    return llvm::is_contained(section.loops.find(op)->second, Axis::Column);
  }
  /// The results of a sum over all rows, or along rows of several tiles, now that it is complete: what it was started
  /// with is added.
  void bindSums(mlir::Operation *op, llvm::ArrayRef<Fragment> sums);
  /// Result 0 of a sum: `sums`, combined with what it starts from.
  void addTo(mlir::linalg::GenericOp op, const Fragment &sums, const Fragment &start);
  /// For each result of a reduction, the op that combines two partial results.
  static llvm::SmallVector<mlir::Operation *> combiners(mlir::linalg::GenericOp op);
  /// For each result of a reduction, where it starts.
  static llvm::SmallVector<mlir::Value> neutral(DeviceKernel &device, mlir::linalg::GenericOp op);
  /// Writes what the kernel yields of the values that are known into memory.
  void store();
  /// Of the thread's columns, `count` from `first` on; 0: all. All threads of a warp write together: they may exchange
  /// elements.
  void storeValue(mlir::Value value, const Fragment &fragment, unsigned operand, llvm::ArrayRef<Axis> axes,
                  int64_t first = 0, int64_t count = 0);

  /// Whether this thread's row or column of that number lies in the tensor; null where it must.
  mlir::Value rowIsThere(int64_t held);
  mlir::Value columnIsThere(int64_t held);
  /// The number in the tensor, i64, of the row or column that the thread holds; -1: of where its offsets count from.
  mlir::Value row(int64_t held);
  mlir::Value column(int64_t held);
  /// The same, counted from the tile's first.
  mlir::Value rowInTile() { return base(Axis::Row); }
  mlir::Value columnInTile() { return base(Axis::Column); }
  /// What does not depend on an axis is written by the first thread of the first tile along it: whether this is it.
  /// Null where every thread writes something of its own.
  mlir::Value isFirstWithout(bool rows, bool columns);
  /// Whether the thread is the first of those that hold the same rows, or the same columns.
  mlir::Value isFirstAcross(Axis axis);

  /// The body of a generic op for elements that follow each other in a row, from the thread's row and column of these
  /// numbers on: for each of them, what it yields.
  std::vector<llvm::SmallVector<mlir::Value>> cloneBodies(mlir::linalg::GenericOp op,
                                                          llvm::ArrayRef<llvm::SmallVector<mlir::Value>> arguments,
                                                          const Axes &loops, int64_t row, int64_t column);
  llvm::SmallVector<mlir::Value> cloneBody(mlir::linalg::GenericOp op, llvm::ArrayRef<mlir::Value> arguments,
                                           const Axes &loops, int64_t row, int64_t column) {
    return cloneBodies(op, llvm::SmallVector<mlir::Value>(arguments), loops, row, column).front();
  }
  /// Combines two partial results of a reduction.
  mlir::Value combine(mlir::Operation *combiner, mlir::Value a, mlir::Value b);
  /// For each result of a reduction along an axis, the thread's part: what it holds that is there, added to `starts` (a
  /// result after the other) where they are given.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>> sumHeld(mlir::linalg::GenericOp op, Axis axis,
                                                            mlir::ValueRange starts = {});
  /// Combines the threads' partial results along an axis: afterwards every thread has the whole tile's. `slots` are the
  /// thread's rows or columns that the values belong to, `values[i]` has one value a slot, `combiners[i]` combines
  /// them.
  /// With `ofGroups`, of the columns of each group: a value for each of the thread's rows and groups.
  void reduceAcross(Axis axis, llvm::MutableArrayRef<llvm::SmallVector<mlir::Value>> values,
                    llvm::ArrayRef<mlir::Operation *> combiners, bool ofGroups = false);

  const FragmentLayout &getLayout() const { return layout; }
  const TilePlace &getPlace() const { return place; }

private:
  /// Between pairs of columns and fours of them (FragmentLayout::inFours), either way.
  void exchangePairs(llvm::MutableArrayRef<mlir::Value> four);
  mlir::Value base(Axis axis); // of the thread's elements in the tile
  void exchangeInCluster(llvm::MutableArrayRef<llvm::SmallVector<mlir::Value>> values,
                         llvm::ArrayRef<mlir::Operation *> combiners);
  void exchangeRows(llvm::MutableArrayRef<llvm::SmallVector<mlir::Value>> values,
                    llvm::ArrayRef<mlir::Operation *> combiners);
  Fragment load(mlir::BlockArgument argument, llvm::ArrayRef<Axis> axes);
  Fragment loadGroups(mlir::BlockArgument argument, llvm::ArrayRef<Axis> axes);
  void storeGroups(const Fragment &fragment, mlir::RankedTensorType type, unsigned operand, llvm::ArrayRef<Axis> axes);
  /// The number in the tensor of one of the groups that the thread has columns of.
  mlir::Value group(int64_t held);
  /// Whether this thread writes what there is one of for a group.
  mlir::Value isFirstOfGroup();
  Fragment evaluate(mlir::Operation *op, mlir::Value result, llvm::ArrayRef<Axis> axes);
  /// A sum of parts that another kernel has left (SumsInParts.h), at the thread's columns.
  Fragment addParts(mlir::linalg::GenericOp op);
  const Fragment &find(mlir::Value value, llvm::ArrayRef<Axis> axes);
  /// The op's results at `count` elements of a row that follow each other.
  std::vector<llvm::SmallVector<mlir::Value>> compute(mlir::linalg::GenericOp op, const Axes &loops, int64_t row,
                                                      int64_t column, int64_t count);
  llvm::SmallVector<Fragment> elementwise(mlir::linalg::GenericOp op, const Axes &loops);
  static Axes axesRead(mlir::linalg::GenericOp op, mlir::OpOperand &operand, const Axes &loops);
  static Axes loopsFor(mlir::linalg::GenericOp op, mlir::Value result, llvm::ArrayRef<Axis> axes);
  void sumColumns(mlir::linalg::GenericOp op);
  llvm::SmallVector<mlir::Value> sumSlot(mlir::linalg::GenericOp op, Axis axis, int64_t slot,
                                         llvm::SmallVector<mlir::Value> sums = {});
  bool addsNothing(mlir::Operation *sum);
  llvm::SmallVector<mlir::Value> addElement(mlir::linalg::GenericOp op, int64_t row, int64_t column,
                                            llvm::ArrayRef<mlir::Value> sums, mlir::Value isThere);
  mlir::Value startFrom(mlir::Value start, mlir::Operation *combiner, mlir::Value sum);
  /// The threads' sums along rows, or along groups of columns, become whole ones, which the ops' results are.
  void completeRows(llvm::ArrayRef<mlir::linalg::GenericOp> ops,
                    llvm::MutableArrayRef<llvm::SmallVector<mlir::Value>> sums, bool ofGroups);
  /// The results of the op that may be written as soon as they are known, with their operands' numbers.
  llvm::SmallVector<std::pair<mlir::Value, unsigned>> storedAtOnce(mlir::linalg::GenericOp op);
  /// A matrix of bf16 that waits in shared memory until its elements are read again, words of two by words; or that is
  /// loaded again.
  struct Kept {
    mlir::BlockArgument input;
    mlir::Value place = {}; // of the thread's first words, if it waits
    int64_t accesses = 0;
    llvm::SmallVector<mlir::Value> words = {};
  };
  std::vector<Kept> keepLoaded(llvm::ArrayRef<mlir::Operation *> ops, llvm::ArrayRef<mlir::Operation *> later);
  void putWords(Kept &kept, int64_t column);
  void takeWords(const Kept &kept);
  void computeColumns(mlir::linalg::GenericOp op, const Axes &loops, int64_t first, int64_t count);
  void addColumns(mlir::linalg::GenericOp op, int64_t first, int64_t count,
                  llvm::MutableArrayRef<llvm::SmallVector<mlir::Value>> sums);
  llvm::SmallVector<Fragment> rowMoments(norm::MomentsOp op);
  /// Elements of a thread, beside which registers are scarce: ptxas is kept from moving much to before they are used.
  static constexpr int64_t manyElements = 128;
  mlir::Value tileRows();
  /// Whether this thread writes the element: it is there, and no thread before this one has it.
  mlir::Value isOwner(bool rows, bool columns, int64_t heldRow, int64_t heldColumn);
  mlir::Value outside(mlir::Value value); // of the kernel: a constant or number that a body captures
  mlir::Value at(const Fragment &fragment, int64_t row, int64_t column) const;
  mlir::Value zero(mlir::Type type);

  DeviceKernel &device;
  KernelOp kernel;
  const Section &section;
  const FragmentLayout &layout;
  TilePlace place;
  /// Of each column that the thread holds, which of its groups it is in; and a column of each of these.
  llvm::SmallVector<int64_t> groupOf, columnOf;
  llvm::DenseMap<mlir::Value, Fragment> fragments;
  llvm::DenseMap<mlir::Operation *, bool> addNothing; // of rows that are not there (AbsentRows.h)
  std::map<std::pair<void *, std::vector<Axis>>, Fragment> loaded;
  llvm::SmallPtrSet<mlir::Value, 8> stores; // results of run() that store() has not written yet
};

} // namespace keel
