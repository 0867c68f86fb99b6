// Tells, as remarks, what the fuser decided.
#include "passes/fuse/Explain.h"

#include "dialect/norm/Norm.h"
#include "passes/fuse/View.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace keel {
namespace {

/// Bytes of a value for each row.
int64_t bytesPerRow(Value value, unsigned rowDim) {
  auto type = cast<ShapedType>(value.getType());
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (auto [dim, extent] : llvm::enumerate(type.getShape()))
    if (dim != rowDim && !ShapedType::isDynamic(extent))
      bytes *= extent;
  return bytes;
}

/// The values over the rows that only this kernel reads: each would be written once and read once.
int64_t bytesSavedPerRow(const KernelGroup &group) {
  int64_t bytes = 0;
  auto isWithin = [&](Operation *op) { return group.ops.contains(op); };
  for (auto [value, dim] : group.rowDim)
    if (!isView(value.getDefiningOp()) && llvm::all_of(getReaders(value, isWithin), isWithin))
      bytes += 2 * bytesPerRow(value, dim);
  return bytes;
}

/// Moments, or a sum within each row: what a normalization with a zero mean by construction needs, and a softmax.
bool isStatistic(Operation *op, const KernelGroup &group) {
  std::optional<LoopNest> nest = LoopNest::get(op);
  return isa<norm::MomentsOp>(op) ||
         (nest && !nest->allParallel() && !isMainLoop(op) && group.rowDim.contains(op->getResult(0)));
}

StringRef strategyOf(Operation *statistic, const KernelGroup &group, const KernelLimits &limits) {
  bool overRows = !group.rowDim.contains(statistic->getResult(0));
  if (overRows)
    return group.mainLoop ? "statistics over the rows in the epilogue of the matmul that makes them; its readers normalize "
                            "as they load"
                          : "statistics over the rows in the pass that makes them; its readers normalize as they load";
  if (group.statistics.contains(statistic->getResult(0)))
    return "statistics of the rows in the epilogue of the matmul that makes them; their readers normalize as they load";
  if (group.mainLoop && limits.tileColumns && longestSum(statistic) > limits.tileColumns)
    return "normalized in the matmul's kernel: the blocks that share a row exchange its sums";
  return group.mainLoop ? "row-complete tile: normalized in the matmul's kernel while its rows are in cache"
                        : "one pass over memory: a row is held from its statistics to its last use";
}
} // namespace

void explainKernel(KernelOp kernel, const KernelGroup &group, StringRef function, const KernelLimits &limits) {
  auto options = [&](StringRef name) { return remark::RemarkOpts::name(name).category("fuse").function(function); };
  unsigned sums = llvm::count_if(group.ops, [&](Operation *op) { return !group.rowDim.contains(op->getResult(0)); });
  sums -= std::min(sums, group.numPrepared);
  size_t computations = llvm::count_if(group.ops, [](Operation *op) { return !isView(op); });
  Operation *where = group.mainLoop ? group.mainLoop : group.ops.front();
  remark::passed(where->getLoc(), options("kernel"))
      << ("kernel '" + kernel.getName() + "': " + Twine(computations) + " computations" +
          (group.mainLoop ? " around one matmul" : "") +
          (group.numPrepared ? ", " + Twine(group.numPrepared) + " of them as it loads its operands" : Twine("")) + ", " + Twine(sums) + " of them over all rows; " +
          Twine(bytesSavedPerRow(group)) + " bytes a row never reach memory")
             .str();
  llvm::SmallPtrSet<const void *, 4> explained; // a norm decomposes into several ops at its own place
  for (Operation *op : group.ops)
    if (isStatistic(op, group) && explained.insert(op->getLoc().getAsOpaquePointer()).second)
      remark::passed(op->getLoc(), options("normalization"))
          << ("kernel '" + kernel.getName() + "': " + strategyOf(op, group, limits)).str();
  if (!group.whyApart.empty())
    remark::missed(group.ops.front()->getLoc(), options("apart"))
        << ("kernel '" + kernel.getName() + "' does not join its producer's: " + group.whyApart).str();
}

} // namespace keel
