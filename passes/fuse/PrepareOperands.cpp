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

/// The columns (or rows) of a product over which its operand is used again, as far as known: a main loop prepares the
/// operand once for each tile of them.
int64_t reuseOf(OpOperand &use) {
  auto product = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!product || !isMainLoop(product) || product.getNumLoops() > 3 || !product.isDpsInput(&use))
    return ShapedType::kDynamic;
  AffineMap map = product.getMatchingIndexingMap(&use);
  int64_t reuse = 1;
  for (auto [loop, extent] : llvm::enumerate(product.getStaticLoopRanges())) {
    if (map.isFunctionOfDim(loop))
      continue;
    if (ShapedType::isDynamic(extent))
      return ShapedType::kDynamic;
    reuse *= extent;
  }
  return reuse;
}

class OperandPreparation {
public:
  OperandPreparation(PartitionState &state, int64_t mostReuse) : state(state), mostReuse(mostReuse) {}

  void run() {
    for (unsigned index = 0; index < state.groups.size(); ++index)
      if (std::optional<SmallVector<unsigned>> readers = findReaders(index))
        moveTo(*readers, index);
  }

private:
  /// The groups whose main loops are all that reads the group's results; none where something else does, or where they
  /// should rather read them from memory.
  std::optional<SmallVector<unsigned>> findReaders(unsigned index) {
    const KernelGroup &group = state.groups[index];
    if (group.mainLoop || group.isUpdate || group.ops.empty() || !llvm::all_of(group.ops, isElementwise))
      return std::nullopt;
    llvm::SmallSetVector<unsigned, 4> readers;
    for (Operation *op : group.ops)
      for (OpOperand &use : op->getUses()) {
        if (group.ops.contains(use.getOwner()) || isRecomputedFor(op, use.getOwner()))
          continue;
        auto home = state.groupOf.find(use.getOwner());
        int64_t reuse = reuseOf(use);
        if (home == state.groupOf.end() || ShapedType::isDynamic(reuse) || reuse > mostReuse)
          return std::nullopt;
        readers.insert(home->second);
      }
    if (readers.empty())
      return std::nullopt;
    return readers.takeVector();
  }

  /// Whether every kernel that computes the user computes the op too.
  bool isRecomputedFor(Operation *op, Operation *user) const {
    bool computed = false;
    for (const KernelGroup &group : state.groups) {
      if (!group.ops.contains(user))
        continue;
      if (!group.ops.contains(op))
        return false;
      computed = true;
    }
    return computed;
  }

  void moveTo(ArrayRef<unsigned> readers, unsigned index) {
    KernelGroup &group = state.groups[index];
    for (Operation *op : group.ops)
      if (!group.recomputed.contains(op))
        state.groupOf[op] = readers.front();
    for (unsigned reader : readers) {
      // Only what leads to its own operand.
      llvm::SmallPtrSet<Operation *, 8> needed;
      for (Operation *op : llvm::reverse(group.ops))
        if (llvm::any_of(op->getUsers(), [&](Operation *user) { return needed.contains(user) || state.groups[reader].mainLoop == user; }))
          needed.insert(op);
      for (Operation *op : group.ops)
        if (needed.contains(op) && state.groups[reader].ops.insert(op) && state.groupOf[op] != reader)
          state.groups[reader].recomputed.insert(op);
      state.groups[reader].numPrepared += needed.size();
    }
    group.ops.clear();
  }

  PartitionState &state;
  int64_t mostReuse;
};
} // namespace

void prepareOperands(PartitionState &state, int64_t mostReuse) { OperandPreparation(state, mostReuse).run(); }

} // namespace keel
