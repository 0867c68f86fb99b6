// Which buffers an op touches.
#include "passes/schedule/Footprint.h"

#include "dialect/keel/Keel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace keel;

Value Footprint::rootOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  auto argument = dyn_cast<BlockArgument>(buffer);
  auto kernel = argument ? dyn_cast<KernelOp>(argument.getOwner()->getParentOp()) : KernelOp();
  if (!kernel)
    return buffer;
  // The same operand twice is one buffer: its first argument stands for all.
  Value operand = kernel->getOperand(argument.getArgNumber());
  unsigned first = llvm::find(kernel->getOperands(), operand) - kernel->operand_begin();
  return kernel.getBlock()->getArgument(first);
}

Footprint::Footprint(Operation *root) {
  root->walk([&](Operation *op) {
    auto style = dyn_cast<DestinationStyleOpInterface>(op);
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<MemRefType>(operand.get().getType()) || isa<ViewLikeOpInterface, memref::DimOp>(op))
        continue;
      Value buffer = rootOf(operand.get());
      // Ops that are not in destination style may write whatever they are given.
      bool mayWrite = style ? style.isDpsInit(&operand) : !isa<memref::LoadOp>(op);
      reads.insert(buffer);
      if (mayWrite)
        writes.insert(buffer);
    }
  });
}

bool Footprint::conflictsWith(const Footprint &other) const {
  return llvm::any_of(writes, [&](Value buffer) { return other.reads.contains(buffer); }) ||
         llvm::any_of(other.writes, [&](Value buffer) { return reads.contains(buffer); });
}
