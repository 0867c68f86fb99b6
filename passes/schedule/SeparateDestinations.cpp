// Gives every computation a start of its own, so that bufferization needs no copies.
#include "dialect/keel/Keel.h"
#include "passes/fuse/Partition.h"
#include "passes/schedule/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_SEPARATEDESTINATIONS
#include "passes/schedule/Passes.h.inc"

namespace {
struct SeparateDestinations : impl::SeparateDestinationsBase<SeparateDestinations> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> fills;
    getOperation().walk([&](linalg::LinalgOp op) {
      bool inKernel = op->getParentOfType<KernelOp>() != nullptr;
      if (inKernel && (isa<linalg::FillOp>(op) || (isa<linalg::GenericOp>(op) && isRepeated(op))))
        fills.push_back(op);
    });
    for (Operation *fill : fills)
      while (!fill->use_empty() && !fill->hasOneUse()) {
        OpOperand &use = *fill->use_begin();
        rewriter.setInsertionPoint(use.getOwner());
        use.set(rewriter.clone(*fill)->getResult(0));
      }
  }
};
} // namespace
} // namespace keel
