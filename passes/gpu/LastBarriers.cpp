// A barrier orders accesses to shared memory: behind the last of them, or right before another barrier, it orders
// nothing.
#include "passes/gpu/Generate.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace keel;

/// Whether an op, or one inside it, accesses shared memory or has another thread do so.
static bool usesShared(Operation *op) {
  return op
      ->walk([](Operation *each) {
        bool touches =
            isa<LLVM::FenceOp, LLVM::AtomicRMWOp>(each) || llvm::any_of(each->getOperandTypes(), [](Type type) {
              auto pointer = dyn_cast<LLVM::LLVMPointerType>(type);
              return pointer && pointer.getAddressSpace() == 3;
            });
        return touches ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether nothing uses shared memory from an op to the next barrier or the end. What is inside a loop comes again.
static bool isLastUse(Operation *op) {
  for (; !isa<LLVM::LLVMFuncOp>(op); op = op->getParentOp()) {
    if (isa<scf::ForOp, scf::WhileOp>(op->getParentOp()))
      return false;
    for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
      if (isa<NVVM::Barrier0Op>(next))
        return true;
      if (usesShared(next))
        return false;
    }
  }
  return true;
}

void keel::eraseLastBarriers(LLVM::LLVMFuncOp function) {
  SmallVector<Operation *> barriers;
  function.walk([&](NVVM::Barrier0Op barrier) {
    if (isLastUse(barrier))
      barriers.push_back(barrier);
  });
  for (Operation *barrier : barriers)
    barrier->erase();
}
