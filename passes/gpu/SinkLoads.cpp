// Loads of what a kernel does not change go behind what is computed before they are needed, so that few of their values
// wait in registers at a time; far enough ahead of their use that memory has time to answer.
#include "passes/gpu/Generate.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace keel;

/// Loads that are under way before the first of them is needed.
static constexpr size_t loadsAhead = 8;

/// The first op of the same block that uses a result, itself or inside; null if another block does.
static Operation *firstUse(Operation *op) {
  Operation *first = nullptr;
  for (Operation *user : op->getUsers()) {
    Operation *here = op->getBlock()->findAncestorOpInBlock(*user);
    if (!here)
      return nullptr;
    if (!first || here->isBeforeInBlock(first))
      first = here;
  }
  return first;
}

/// Takes a value apart, or says it in another type: what it reads is no larger than what it makes.
static bool isUnpacking(Operation *op) {
  if (isa<LLVM::BitcastOp, LLVM::ExtractElementOp, arith::BitcastOp, arith::TruncIOp, arith::ExtUIOp>(op))
    return true;
  return isa<arith::ShRUIOp, arith::ShLIOp, arith::AndIOp>(op) && matchPattern(op->getOperand(1), m_Constant());
}

static void sinkLoads(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isUnpacking(&op)) {
      if (op.use_empty())
        op.erase();
      else if (Operation *use = firstUse(&op))
        op.moveBefore(use);
    }
  SmallVector<std::pair<Operation *, LLVM::LoadOp>> loads; // by first use
  for (auto load : block.getOps<LLVM::LoadOp>())
    if (Operation *use = load->hasAttr(constantAttribute) ? firstUse(load) : nullptr)
      loads.emplace_back(use, load);
  llvm::sort(loads, [](auto &a, auto &b) {
    return a.first == b.first ? a.second->isBeforeInBlock(b.second) : a.first->isBeforeInBlock(b.first);
  });
  for (size_t i = loadsAhead; i < loads.size(); ++i)
    if (LLVM::LoadOp load = loads[i].second; load->isBeforeInBlock(loads[i - loadsAhead].first))
      load->moveBefore(loads[i - loadsAhead].first);
}

void keel::sinkLoads(LLVM::LLVMFuncOp function) {
  function.walk([](Block *block) { ::sinkLoads(*block); });
  function.walk([](LLVM::LoadOp load) { load->removeAttr(constantAttribute); });
}
