// Finds values of full size that are written to memory whatever the kernels. See SavedValues.h.
#include "passes/precision/SavedValues.h"

#include "dialect/norm/Norm.h"
#include "passes/fuse/RowLoop.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace keel;

using OpSet = llvm::SmallPtrSet<Operation *, 32>;

// What an op reads: its operands, and what its regions use from outside.
static SmallVector<Value> getReads(Operation *op) {
  llvm::SetVector<Value> reads(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), reads);
  return reads.takeVector();
}

// The ops of the block that `values` are computed from; only those after `first`, if it is given.
static OpSet getOrigins(Block &block, SmallVector<Value> values, Operation *first = nullptr) {
  OpSet origins;
  while (!values.empty()) {
    Operation *op = values.pop_back_val().getDefiningOp();
    op = op ? block.findAncestorOpInBlock(*op) : nullptr;
    if (op && (!first || first->isBeforeInBlock(op)) && origins.insert(op).second)
      llvm::append_range(values, getReads(op));
  }
  return origins;
}

namespace {
// Whether a value has the size of the data: a sum over some of its dimensions (a statistic) has not, nor has state.
class FullSize {
public:
  bool operator()(Value value) {
    auto [found, inserted] = known.try_emplace(value, false);
    if (!inserted)
      return found->second;
    bool result = decide(value);
    return known[value] = result;
  }

private:
  bool decide(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || type.getRank() < 2)
      return false;
    Operation *op = value.getDefiningOp();
    if (!op || isMainLoop(op))
      return true;
    if (isa<ml_program::GlobalLoadOp, ml_program::GlobalLoadConstOp>(op) || op->hasTrait<OpTrait::ConstantLike>())
      return false;
    std::optional<LoopNest> nest = LoopNest::get(op);
    if (nest && !nest->allParallel())
      return false;
    return llvm::any_of(op->getOpOperands(), [&](OpOperand &operand) {
      return (!nest || nest->operandMaps[operand.getOperandNumber()].getNumResults() == nest->numLoops()) &&
             (*this)(operand.get());
    });
  }

  DenseMap<Value, bool> known;
};
} // namespace

// A sum over the rows, dimension 0, in one pass: plain sums of the value, not its moments.
static bool isSumOverRows(OpOperand &use) {
  auto nest = LoopNest::get(use.getOwner());
  if (!nest || !isa<linalg::LinalgOp>(use.getOwner()) || isMainLoop(use.getOwner()))
    return false;
  std::optional<unsigned> rows = loopOfDim(nest->operandMaps[use.getOperandNumber()], 0);
  return rows && !nest->isParallel(*rows);
}

SmallVector<Value> keel::findValuesReadAfterSums(func::FuncOp function) {
  Block &block = function.getBody().front();
  FullSize isFullSize;
  SmallVector<Value> values;
  for (Operation &op : block) {
    if (!isa<linalg::LinalgOp>(op))
      continue;
    for (Value result : op.getResults()) {
      if (!isFullSize(result))
        continue;
      OpSet sums;
      for (OpOperand &use : result.getUses())
        if (use.getOwner()->getBlock() == &block && isSumOverRows(use))
          sums.insert(use.getOwner());
      // An offset of the columns would be all that a rounded value holds: only a pivot takes it away.
      if (sums.empty() || llvm::any_of(result.getUsers(), llvm::IsaPred<norm::MomentsOp>))
        continue;
      bool isReadAgain = llvm::any_of(result.getUsers(), [&](Operation *user) {
        std::optional<LoopNest> nest = LoopNest::get(user);
        if (!nest || !nest->allParallel())
          return false;
        SmallVector<Value> others(user->getOperands());
        llvm::erase(others, result);
        OpSet origins = getOrigins(block, std::move(others), &op);
        return llvm::any_of(sums, [&](Operation *sum) { return origins.contains(sum); });
      });
      if (isReadAgain)
        values.push_back(result);
    }
  }
  return values;
}

SmallVector<Value> keel::findSavedValues(func::FuncOp function, ArrayRef<linalg::LinalgOp> contractions,
                                         const llvm::SetVector<Value> &rounded, function_ref<bool(Value)> isGiven) {
  Block &block = function.getBody().front();
  OpSet forward = getOrigins(block, SmallVector<Value>(block.getTerminator()->getOperands()));
  SmallVector<Value> factors;
  for (linalg::LinalgOp contraction : contractions)
    if (forward.contains(block.findAncestorOpInBlock(*contraction)))
      llvm::append_range(factors, contraction.getDpsInputs());
  OpSet before = getOrigins(block, factors);

  auto isReadBackward = [&](Value value) {
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      Operation *reader = block.findAncestorOpInBlock(*user);
      return !forward.contains(reader) && !isa<tensor::DimOp, ml_program::GlobalStoreOp>(reader) &&
             reader != block.getTerminator();
    });
  };
  FullSize isFullSize;
  llvm::SetVector<Value> saved;
  for (Operation &op : block) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp || !before.contains(&op))
      continue;
    bool isRepeatable = linalgOp.getNumParallelLoops() == linalgOp.getNumLoops() &&
                        llvm::all_of(linalgOp.getDpsInputs(), [&](Value input) {
                          return !isFullSize(input) || isGiven(input) || rounded.contains(input) || saved.contains(input);
                        });
    for (Value result : op.getResults())
      if (!isRepeatable && !rounded.contains(result) && isFullSize(result) && isReadBackward(result))
        saved.insert(result);
  }
  return saved.takeVector();
}
