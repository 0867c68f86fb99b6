// Gives every kernel its loops: each domain of rows becomes an scf.forall over row blocks.
#include "dialect/keel/Keel.h"
#include "dialect/norm/Decompose.h"
#include "dialect/norm/Norm.h"
#include "passes/fuse/Partition.h"
#include "passes/fuse/View.h"
#include "passes/schedule/Passes.h"
#include "passes/schedule/TileRows.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
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
  for (Value value : body.getTerminator()->getOperands())
    if (Operation *producer = value.getDefiningOp(); producer && producer->getBlock() == &body)
      place(place, producer);
}

/// A domain's views of its rows are for its own ops: others take the view of all rows.
void separateViews(RewriterBase &rewriter, const RowDomain &domain) {
  for (Operation *op : llvm::reverse(domain.ops)) { // a view's views first
    auto isOutside = [&](OpOperand &use) { return !llvm::is_contained(domain.ops, use.getOwner()); };
    if (!isView(op) || llvm::none_of(op->getUses(), isOutside))
      continue;
    rewriter.setInsertionPointAfter(op);
    Value other = rewriter.clone(*op)->getResult(0);
    rewriter.replaceUsesWithIf(op->getResult(0), other, isOutside);
  }
}

LogicalResult tileKernel(RewriterBase &rewriter, KernelOp kernel) {
  norm::decomposeRowMoments(rewriter, kernel);
  // Their sums start from fills, which every block makes for itself.
  SmallVector<linalg::FillOp> fills(kernel.getBlock()->getOps<linalg::FillOp>());
  for (linalg::FillOp fill : fills)
    if (rewriter.setInsertionPoint(fill); failed(linalg::generalizeNamedOp(rewriter, fill)))
      return failure();
  Destinations destinations = findDestinations(kernel);
  std::vector<RowDomain> domains = findRowDomains(*kernel.getBlock());
  for (const RowDomain &domain : domains)
    separateViews(rewriter, domain);
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
