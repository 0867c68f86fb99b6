// Gives every kernel its loops: each domain of rows becomes an scf.forall over row blocks.
#include "dialect/keel/Keel.h"
#include "passes/fuse/Partition.h"
#include "passes/schedule/Passes.h"
#include "passes/schedule/TileRows.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

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
    for (Value next = value; next && next != argument;) {
      auto op = next.getDefiningOp<DestinationStyleOpInterface>();
      if (!op || !destinations.try_emplace(next, argument).second)
        break;
      next = op.getTiedOpOperand(cast<OpResult>(next))->get();
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

void tileKernel(RewriterBase &rewriter, KernelOp kernel) {
  Destinations destinations = findDestinations(kernel);
  std::vector<RowDomain> domains = findRowDomains(*kernel.getBlock());
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
}

struct TileKernels : impl::TileKernelsBase<TileKernels> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](KernelOp kernel) { tileKernel(rewriter, kernel); });
  }
};
} // namespace
} // namespace keel
