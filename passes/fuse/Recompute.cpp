// What a kernel computes for itself although another kernel could: small values, and cheap ones that need not cross.
#include "passes/fuse/PartitionState.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace keel {

void absorbSmallGroups(PartitionState &state) {
  auto &groups = state.groups;
  auto &groupOf = state.groupOf;
  for (KernelGroup &group : groups) {
    if (group.mainLoop || group.isUpdate || group.ops.empty())
      continue;
    std::optional<unsigned> reader;
    bool possible = true;
    for (Operation *op : group.ops) {
      possible &= llvm::all_of(op->getResultTypes(), isSmall);
      for (Operation *user : op->getUsers()) {
        auto home = groupOf.find(user);
        possible &= home != groupOf.end() && (&groups[home->second] == &group || !reader || *reader == home->second);
        if (home != groupOf.end() && &groups[home->second] != &group)
          reader = home->second;
      }
    }
    if (!possible || !reader || groups[*reader].isUpdate)
      continue;
    // Nothing the group reads may come from the reader.
    if (llvm::any_of(group.ops, [&](Operation *op) { return state.dependsOnAnother(op, *reader) || state.reads(op, *reader); }))
      continue;
    for (Operation *op : group.ops) {
      groups[*reader].ops.insert(op);
      groupOf[op] = *reader;
    }
    group.ops.clear();
  }
}

bool readsItsRows(OpOperand &use, const KernelGroup &group) {
  Operation *user = use.getOwner();
  std::optional<LoopNest> nest = LoopNest::get(user);
  if (!nest || isMainLoop(user))
    return false;
  std::optional<unsigned> loop = loopOfDim(nest->operandMaps[use.getOperandNumber()], group.splitDim);
  if (!loop)
    return false;
  // Either an op of the group's rows, or a sum over its rows.
  for (auto [index, result] : llvm::enumerate(user->getResults()))
    if (auto dim = group.rowDim.find(result); dim != group.rowDim.end())
      return loopOfDim(nest->resultMaps[index], dim->second) == loop;
  return !nest->isParallel(*loop);
}

namespace {
bool isCheap(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && generic->getNumResults() == 1 && generic.getNumParallelLoops() == generic.getNumLoops() &&
         generic.getNumLoops() > 0 && generic.getBody()->getOperations().size() <= 8 &&
         llvm::all_of(*generic.getBody(), [](Operation &inner) {
           return isa<linalg::YieldOp>(inner) || inner.getDialect()->getNamespace() == "arith";
         });
}

/// The value is in memory for other kernels whatever happens: not computed in the group, or read outside of it.
bool crosses(const PartitionState &state, Value value, unsigned home) {
  auto &groups = state.groups;
  auto &groupOf = state.groupOf;
  Operation *producer = value.getDefiningOp();
  if (!producer || !groups[home].ops.contains(producer))
    return true;
  if (!groups[home].rowDim.contains(value))
    return true;
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    auto group = groupOf.find(user);
    return group == groupOf.end() || group->second != home;
  });
}
} // namespace

void recomputeCheapValues(PartitionState &state) {
  auto &groups = state.groups;
  auto &groupOf = state.groupOf;
  for (Operation &op : llvm::reverse(state.block)) {
    auto home = groupOf.find(&op);
    if (home == groupOf.end() || groups[home->second].isUpdate || !isCheap(&op))
      continue;
    llvm::SmallSetVector<unsigned, 4> readers;
    bool possible = true;
    for (OpOperand &use : op.getUses()) {
      Operation *user = use.getOwner();
      auto reader = groupOf.find(user);
      if (reader == groupOf.end()) {
        possible = false;
        break;
      }
      // The reader's own kernel, and those that recompute the reader.
      for (auto [index, group] : llvm::enumerate(groups)) {
        if (index == home->second || !group.ops.contains(user))
          continue;
        possible &= readsItsRows(use, group);
        readers.insert(index);
      }
    }
    if (!possible || readers.empty() || !llvm::all_of(op.getOperands(), [&](Value value) {
          return crosses(state, value, home->second);
        }))
      continue;
    std::optional<LoopNest> nest = LoopNest::get(&op);
    for (unsigned reader : readers) {
      auto loop = loopOfDim(nest->resultMaps[0], groups[reader].splitDim);
      if (loop && markRows(&op, *nest, *loop, groups[reader]))
        if (groups[reader].ops.insert(&op))
          groups[reader].recomputed.insert(&op);
    }
  }
}

} // namespace keel
