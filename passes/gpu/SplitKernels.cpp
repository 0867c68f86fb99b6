// Takes kernels apart that no GPU kernel can hold.
#include "passes/gpu/KernelSpace.h"
#include "passes/gpu/Passes.h"

#include "dialect/norm/Decompose.h"
#include "passes/fuse/Partition.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_SPLITKERNELS
#include "passes/gpu/Passes.h.inc"

namespace {

/// The kernel's computations take its place.
void dissolve(RewriterBase &rewriter, KernelOp kernel) {
  Block *body = kernel.getBlock();
  auto yield = cast<YieldOp>(body->getTerminator());
  SmallVector<Value> results(yield.getValues());
  rewriter.eraseOp(yield);
  SmallVector<Value> operands(kernel->getOperands());
  rewriter.inlineBlockBefore(body, kernel, operands);
  rewriter.replaceOp(kernel, results);
}

/// A decomposition fills what it sums into.
void generalize(RewriterBase &rewriter, KernelOp kernel) {
  SmallVector<linalg::LinalgOp> named;
  kernel.walk([&](linalg::LinalgOp op) {
    if (!isa<linalg::GenericOp>(op))
      named.push_back(op);
  });
  for (linalg::LinalgOp op : named) {
    rewriter.setInsertionPoint(op);
    (void)linalg::generalizeNamedOp(rewriter, op);
  }
}

struct SplitKernels : impl::SplitKernelsBase<SplitKernels> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : kernels) {
      norm::decomposeRowMoments(rewriter, kernel);
      generalize(rewriter, kernel);
      std::string why;
      if (findKernelSpace(kernel, why))
        continue;
      if (failed(norm::decomposeNormOps(kernel, /*keepMoments=*/false)))
        return signalPassFailure();
      generalize(rewriter, kernel);
      int64_t computations = llvm::count_if(*kernel.getBlock(), [](Operation &op) {
        return isComputation(&op) && !isEvaluatedInPlace(&op);
      });
      if (computations <= 1)
        continue;
      remark::missed(kernel.getLoc(), remark::RemarkOpts::name("split").category("gpu").function(kernel.getName()))
          << "kernel " << kernel.getName() << " is taken apart: " << why;
      dissolve(rewriter, kernel);
    }
  }
};
} // namespace
} // namespace keel
