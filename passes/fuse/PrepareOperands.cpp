// What only main loops read is computed by them, as they load: it is never in memory, and it is no launch.
#include "passes/fuse/PartitionState.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace keel {
namespace {

bool isElementwise(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && generic.getNumParallelLoops() == generic.getNumLoops() && generic.getNumLoops() > 0 &&
         llvm::all_of(generic.getIndexingMapsArray(), [](AffineMap map) { return map.isProjectedPermutation(); });
}

/// Whether the op reads a value as the product does, and sums over what the product sums over.
bool sumsAlong(linalg::GenericOp sum, OpOperand &use) {
  auto product = cast<linalg::GenericOp>(use.getOwner());
  for (OpOperand *operand : sum.getDpsInputOperands()) {
    if (operand->get() != use.get())
      continue;
    AffineMap own = sum.getMatchingIndexingMap(operand), its = product.getMatchingIndexingMap(&use);
    return own.isPermutation() && own.getNumDims() == 2 && llvm::all_of(llvm::seq(2u), [&](unsigned dim) {
             return linalg::isReductionIterator(sum.getIteratorTypesArray()[*loopOfDim(own, dim)]) ==
                    linalg::isReductionIterator(product.getIteratorTypesArray()[*loopOfDim(its, dim)]);
           });
  }
  return false;
}

class OperandPreparation {
public:
  OperandPreparation(PartitionState &state, const KernelLimits &limits) : state(state), limits(limits) {}

  void run() {
    for (KernelGroup &group : state.groups)
      if (std::optional<Readers> readers = findReaders(group))
        moveTo(*readers, group);
  }

private:
  struct Readers {
    /// For each kernel that reads results of the group, the ops that make them or sum them.
    llvm::MapVector<unsigned, llvm::SmallSetVector<Operation *, 4>> roots;
    llvm::SmallDenseSet<unsigned> asOperand, asRows;
  };

  /// None where something needs the group's results in memory.
  std::optional<Readers> findReaders(const KernelGroup &group) {
    if (!limits.operandReuse || group.mainLoop || group.isUpdate || group.ops.empty())
      return std::nullopt;
    Readers readers;
    for (Operation *op : group.ops) {
      if (!isElementwise(op))
        continue;
      for (OpOperand &use : op->getUses()) {
        bool isOperand = isMainLoop(use.getOwner()), isInKernel = false;
        for (auto [index, reader] : llvm::enumerate(state.groups)) {
          if (!reader.ops.contains(use.getOwner()))
            continue;
          isInKernel = true;
          if (reader.ops.contains(op))
            continue;
          if (isOperand ? !mayPrepare(use) : reader.isUpdate || !readsItsRows(use, reader))
            return std::nullopt;
          (isOperand ? readers.asOperand : readers.asRows).insert(index);
          readers.roots[index].insert(op);
        }
        if (!isInKernel)
          return std::nullopt;
      }
    }
    for (Operation *op : group.ops)
      if (!isElementwise(op) && !placeSum(op, readers))
        return std::nullopt;
    // Only what is cheap is computed for its rows' readers again.
    if (readers.roots.empty() || (!readers.asRows.empty() && readers.roots.size() > 1 && !isCheap(group)))
      return std::nullopt;
    // A value has one place in a kernel's loops.
    if (llvm::any_of(readers.asRows, [&](unsigned reader) { return readers.asOperand.contains(reader); }))
      return std::nullopt;
    return readers;
  }

  /// Whether few enough columns (or rows) of the product use the operand: the main loop prepares it for each tile of them.
  bool mayPrepare(OpOperand &use) const {
    auto product = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!product || product.getNumLoops() > 3 || !product.isDpsInput(&use))
      return false;
    AffineMap map = product.getMatchingIndexingMap(&use);
    int64_t reuse = 1, work = 1;
    for (auto [loop, extent] : llvm::enumerate(product.getStaticLoopRanges())) {
      work *= ShapedType::isDynamic(extent) ? limits.batch : extent;
      if (map.isFunctionOfDim(loop))
        continue;
      if (ShapedType::isDynamic(extent))
        return false;
      reuse *= extent;
    }
    constexpr int64_t fewColumns = 64;
    return reuse <= limits.operandReuse && (!limits.preparedWork || reuse <= fewColumns || work <= limits.preparedWork);
  }

  /// Cheaper to compute again than to read.
  static bool isCheap(const KernelGroup &group) {
    constexpr int64_t mostOps = 16;
    int64_t ops = 0;
    for (Operation *op : group.ops)
      for (Operation &inner : op->getRegion(0).front().without_terminator()) {
        if (inner.getDialect()->getNamespace() != "arith")
          return false;
        ++ops;
      }
    return ops <= mostOps;
  }

  /// A sum over the rows goes to a main loop that sums over them too.
  bool placeSum(Operation *op, Readers &readers) {
    auto sum = dyn_cast<linalg::GenericOp>(op);
    if (!sum || sum.getNumReductionLoops() != 1)
      return false;
    for (Value value : sum.getDpsInputs())
      for (OpOperand &use : value.getUses())
        if (auto home = state.groupOf.find(use.getOwner()); home != state.groupOf.end() &&
                                                            readers.asOperand.contains(home->second) &&
                                                            isMainLoop(use.getOwner()) && sumsAlong(sum, use)) {
          readers.roots[home->second].insert(op);
          return true;
        }
    return false;
  }

  void moveTo(const Readers &readers, KernelGroup &group) {
    llvm::SmallPtrSet<Operation *, 8> settled;
    for (const auto &[index, roots] : readers.roots) {
      KernelGroup &reader = state.groups[index];
      // What leads to its own operands and sums.
      llvm::SmallPtrSet<Operation *, 8> needed(roots.begin(), roots.end());
      for (Operation *op : llvm::reverse(group.ops))
        if (llvm::any_of(op->getUsers(), [&](Operation *user) { return needed.contains(user); }))
          needed.insert(op);
      for (Operation *op : group.ops) {
        if (!needed.contains(op) || !reader.ops.insert(op))
          continue;
        if (readers.asOperand.contains(index))
          ++reader.numPrepared;
        else if (auto dim = group.rowDim.find(op->getResult(0)); dim != group.rowDim.end())
          for (Value result : op->getResults())
            reader.rowDim[result] = dim->second;
        if (group.recomputed.contains(op) || !settled.insert(op).second)
          reader.recomputed.insert(op);
        else
          state.groupOf[op] = index;
      }
    }
    group.ops.clear();
  }

  PartitionState &state;
  const KernelLimits &limits;
};
} // namespace

void prepareOperands(PartitionState &state, const KernelLimits &limits) { OperandPreparation(state, limits).run(); }

} // namespace keel
