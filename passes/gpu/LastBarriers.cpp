// A barrier orders accesses to shared memory: behind the last of them, or right before another barrier, it orders
// nothing. Nor need copies that nobody reads be waited for.
#include "passes/gpu/Generate.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace keel;

/// Whether an op, or one inside it, accesses shared memory or has another thread do so.
static bool usesShared(Operation *op) {
  return op
      ->walk([](Operation *each) {
        bool touches = isa<LLVM::FenceOp, LLVM::AtomicRMWOp, LLVM::InlineAsmOp>(each) ||
                       llvm::any_of(each->getOperandTypes(), [](Type type) {
                         auto pointer = dyn_cast<LLVM::LLVMPointerType>(type);
                         return pointer && pointer.getAddressSpace() == 3;
                       });
        return touches ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether every iteration but the first begins with a barrier, as the turns of groups of threads do.
static bool beginsWithBarrier(scf::ForOp loop) {
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (usesShared(&op))
      return false;
    if (op.walk([](NVVM::BarrierOp) { return WalkResult::interrupt(); }).wasInterrupted())
      return true;
  }
  return false;
}

/// Whether nothing uses shared memory from a barrier to the next of the same threads or the end. What is inside a loop
/// comes again.
static bool isLastUse(Operation *op) {
  OperationName barrier = op->getName();
  for (; !isa<LLVM::LLVMFuncOp>(op); op = op->getParentOp()) {
    for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
      if (next->getName() == barrier)
        return true;
      if (usesShared(next))
        return false;
    }
    auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
    if ((loop && !beginsWithBarrier(loop)) || isa<scf::WhileOp>(op->getParentOp()))
      return false;
  }
  return true;
}

void keel::eraseLastBarriers(LLVM::LLVMFuncOp function) {
  // Where groups of threads have code of their own, each goes through the block's barriers as often as the others.
  SmallVector<Operation *> ofBlock, ofGroup;
  function.walk([&](Operation *op) {
    if (isa<NVVM::Barrier0Op>(op))
      ofBlock.push_back(op);
    else if (isa<NVVM::BarrierOp>(op))
      ofGroup.push_back(op);
  });
  SmallVector<Operation *> last;
  llvm::copy_if(ofGroup.empty() ? ofBlock : ofGroup, std::back_inserter(last), isLastUse);
  function.walk([&](NVVM::CpAsyncWaitGroupOp wait) {
    if (isLastUse(wait))
      last.push_back(wait);
  });
  for (Operation *each : last)
    each->erase();
}
