// Gives every kernel its loops: each domain of rows becomes an scf.forall over row blocks.
#include "dialect/keel/Keel.h"
#include "dialect/norm/Decompose.h"
#include "dialect/norm/Norm.h"
#include "passes/fuse/Partition.h"
#include "passes/schedule/PackOperands.h"
#include "passes/schedule/Passes.h"
#include "passes/schedule/TileRows.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_TILEKERNELS
#include "passes/schedule/Passes.h.inc"

namespace {

/// For each result of the kernel, the values that lead to it in destination style, and its init argument.
Destinations findDestinations(KernelOp kernel) {
  Destinations destinations;
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  for (auto [value, argument] : llvm::zip(yield.getValues(), kernel.getInitArguments()))
    for (Value next = value; next && next != argument && destinations.try_emplace(next, argument).second;) {
      auto op = next.getDefiningOp<DestinationStyleOpInterface>();
      next = op ? op.getTiedOpOperand(cast<OpResult>(next))->get() : Value();
    }
  return destinations;
}

/// Ops outside of any loop over rows write into their destination, too.
void writeInPlace(Operation *op, const Destinations &destinations) {
  auto style = dyn_cast<DestinationStyleOpInterface>(op);
  if (!style)
    return;
  for (OpResult result : op->getResults())
    if (Value destination = destinations.lookup(result))
      if (OpOperand *init = style.getTiedOpOperand(result); init->get().getDefiningOp<tensor::EmptyOp>())
        init->set(destination);
}

/// Puts the ops of each domain next to each other, the domains in order.
void orderDomains(Block &body, ArrayRef<RowDomain> domains) {
  llvm::SmallPtrSet<Operation *, 32> placed;
  auto place = [&](auto &self, Operation *op) -> void {
    if (!placed.insert(op).second)
      return;
    llvm::SetVector<Value> reads(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), reads);
    for (Value value : reads)
      if (Operation *producer = value.getDefiningOp(); producer && producer->getBlock() == &body)
        self(self, producer);
    op->moveBefore(body.getTerminator());
  };
  for (const RowDomain &domain : domains)
    for (Operation *op : domain.ops)
      place(place, op);
}

LogicalResult tileKernel(RewriterBase &rewriter, KernelOp kernel) {
  if (succeeded(tilePackKernel(rewriter, kernel)))
    return success();
  norm::decomposeRowMoments(rewriter, kernel);
  Destinations destinations = findDestinations(kernel);
  std::vector<RowDomain> domains = findRowDomains(*kernel.getBlock());
  orderDomains(*kernel.getBlock(), domains);
  for (const RowDomain &domain : domains) {
    if (domain.rows)
      tileDomain(rewriter, domain, destinations, chooseRowBlock(domain));
  }
  for (Operation &op : *kernel.getBlock())
    writeInPlace(&op, destinations);
  // The ops that the loops replaced only feed each other.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*kernel.getBlock())))
    if (isOpTriviallyDead(&op))
      rewriter.eraseOp(&op);
  // What is left of moments is now within a block.
  return norm::decomposeNormOps(kernel, /*keepMoments=*/false);
}

struct TileKernels : impl::TileKernelsBase<TileKernels> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result = getOperation().walk([&](KernelOp kernel) {
      return failed(tileKernel(rewriter, kernel)) ? WalkResult::interrupt() : WalkResult::skip();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
} // namespace keel
