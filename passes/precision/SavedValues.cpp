// Finds what the forward part of a training step leaves for its backward part. See SavedValues.h.
#include "passes/precision/SavedValues.h"

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

// The ops of the block that `values` are computed from.
static OpSet getOrigins(Block &block, SmallVector<Value> values) {
  OpSet origins;
  while (!values.empty()) {
    Operation *op = values.pop_back_val().getDefiningOp();
    op = op ? block.findAncestorOpInBlock(*op) : nullptr;
    if (op && origins.insert(op).second)
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
