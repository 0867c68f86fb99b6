// Finds the computations that update state: they become one kernel.
#include "passes/fuse/PartitionState.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

using namespace mlir;

namespace keel {

llvm::SmallPtrSet<Operation *, 16> findStateUpdates(Block &block, bool planar) {
  llvm::SmallPtrSet<Operation *, 16> updates;
  auto isStored = [](Value value) {
    return llvm::any_of(value.getUsers(), [](Operation *user) { return isa<ml_program::GlobalStoreOp>(user); });
  };
  // Values made of state and of what is stored in it.
  llvm::SmallPtrSet<Operation *, 16> derived;
  auto isState = [&](Value value) {
    Operation *producer = value.getDefiningOp();
    return !isa<ShapedType>(value.getType()) || isStored(value) ||
           (producer && (isa<ml_program::GlobalLoadOp>(producer) || isRepeated(producer) || derived.contains(producer)));
  };
  // A planar kernel has no place for what reads rows beside a sum over all of them (weights centred over their inputs).
  llvm::SmallPtrSet<Operation *, 16> apart;
  auto sumsRows = [](Operation *op) {
    std::optional<LoopNest> nest = LoopNest::get(op);
    std::optional<unsigned> rows = nest && nest->numLoops() == 2 ? loopOfDim(nest->operandMaps[0], 0) : std::nullopt;
    return rows && !nest->isParallel(*rows);
  };
  auto isApart = [&](Value value) { return value.getDefiningOp() && apart.contains(value.getDefiningOp()); };
  for (Operation &op : block)
    if (isComputation(&op) && llvm::all_of(op.getOperands(), isState)) {
      derived.insert(&op);
      if (planar && (sumsRows(&op) || llvm::any_of(op.getOperands(), isApart)))
        apart.insert(&op);
    }
  // A number made of vectors that the update reads anyway (whether gradients are finite). Every tile of a planar kernel
  // would make it anew: who makes the vector makes the number.
  auto isNumberOfRead = [&](Operation &op) {
    if (planar)
      return false;
    auto style = dyn_cast<DestinationStyleOpInterface>(op);
    return style && op.getNumResults() == 1 && cast<ShapedType>(op.getResult(0).getType()).getRank() == 0 &&
           llvm::all_of(style.getDpsInputs(), [&](Value input) {
             auto type = dyn_cast<RankedTensorType>(input.getType());
             return type && type.getRank() <= 1 && isSmall(type) &&
                    llvm::any_of(input.getUsers(), [&](Operation *user) { return updates.contains(user); });
           });
  };
  // Rows and columns of a planar kernel read vectors of state that others of its threads update: a gradient that reads them
  // (of weights times a scale) is made before.
  llvm::SmallDenseSet<Attribute> stored;
  for (auto store : block.getOps<ml_program::GlobalStoreOp>())
    stored.insert(store.getGlobal());
  auto readsVectorOfState = [&](Operation &op, const LoopNest &nest) {
    return planar && llvm::any_of(op.getOperands(), [&](Value value) {
      auto load = value.getDefiningOp<ml_program::GlobalLoadOp>();
      auto type = dyn_cast<RankedTensorType>(value.getType());
      return load && type.getRank() > 0 && type.getRank() < nest.numLoops() && stored.contains(load.getGlobal());
    });
  };
  for (Operation &op : llvm::reverse(block)) {
    std::optional<LoopNest> nest = LoopNest::get(&op);
    if (!nest || isRepeated(&op) || isMainLoop(&op) || op.use_empty() || apart.contains(&op) ||
        readsVectorOfState(op, *nest) ||
        !(nest->allParallel() || derived.contains(&op) || isNumberOfRead(op)))
      continue;
    if (llvm::all_of(op.getUsers(), [&](Operation *user) {
          return updates.contains(user) || apart.contains(user) || isa<ml_program::GlobalStoreOp>(user);
        }))
      updates.insert(&op);
  }
  return updates;
}

} // namespace keel
