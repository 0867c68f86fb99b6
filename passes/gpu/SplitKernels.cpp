// Takes kernels apart that no GPU kernel can hold.
#include "passes/gpu/KernelSpace.h"
#include "passes/gpu/Passes.h"

#include "dialect/norm/Decompose.h"
#include "passes/fuse/Partition.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
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

/// A sum (or the like) over rows and columns at once becomes one over the rows, and one of what that gives.
void splitWholeSum(RewriterBase &rewriter, linalg::GenericOp op) {
  SmallVector<Operation *> combiners;
  if (op.getNumLoops() != 2 || op.getNumReductionLoops() != 2 || op->getNumResults() != 1 ||
      !matchReduction(op.getRegionOutputArgs(), 0, combiners) || combiners.size() != 1)
    return;
  std::optional<TypedAttr> neutral = arith::getNeutralElement(combiners.front());
  SmallVector<OpOperand *> inputs = op.getDpsInputOperands();
  auto matrix =
      llvm::find_if(inputs, [&](OpOperand *input) { return op.getMatchingIndexingMap(input).isPermutation(); });
  if (!neutral || matrix == inputs.end())
    return;
  auto type = cast<RankedTensorType>((*matrix)->get().getType());
  if (type.isDynamicDim(1))
    return;
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  Type elementType = getElementTypeOrSelf(op->getResult(0).getType());
  Value start = tensor::EmptyOp::create(rewriter, loc, type.getShape().drop_front(), elementType);
  start = linalg::FillOp::create(rewriter, loc, arith::ConstantOp::create(rewriter, loc, *neutral).getResult(), start)
              .getResult(0);
  AffineExpr columns = op.getMatchingIndexingMap(*matrix).getResult(1);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps.back() = AffineMap::get(2, 0, columns);
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::reduction);
  iterators[cast<AffineDimExpr>(columns).getPosition()] = utils::IteratorType::parallel;
  auto overRows = linalg::GenericOp::create(rewriter, loc, start.getType(), op.getDpsInputs(), start, maps, iterators);
  rewriter.cloneRegionBefore(op.getRegion(), overRows.getRegion(), overRows.getRegion().begin());
  AffineMap each = rewriter.getMultiDimIdentityMap(1), none = AffineMap::get(1, 0, rewriter.getContext());
  auto combine = [&](OpBuilder &builder, Location, ValueRange arguments) {
    Operation *combiner = builder.clone(*combiners.front());
    combiner->setOperands({arguments[1], arguments[0]});
    linalg::YieldOp::create(builder, loc, combiner->getResults());
  };
  auto whole = linalg::GenericOp::create(rewriter, loc, op.getResultTypes(), overRows.getResult(0), op.getDpsInits(),
                                         ArrayRef{each, none}, utils::IteratorType::reduction, combine);
  rewriter.replaceOp(op, whole);
}

/// A kernel takes 4095 words of parameters (CUDA 12.1, PTX 8.1); the rest is for counters and partial sums.
constexpr int64_t mostParameters = 4000;

bool fits(KernelOp kernel, std::string &why) {
  int64_t parameters = kernel->getNumOperands();
  for (Type type : kernel->getOperandTypes())
    if (auto shaped = dyn_cast<ShapedType>(type))
      parameters += shaped.getNumDynamicDims();
  why = "it has more operands than a kernel takes";
  return parameters <= mostParameters && findKernelSpace(kernel, why);
}

struct SplitKernels : impl::SplitKernelsBase<SplitKernels> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : kernels) {
      norm::decomposeRowMoments(rewriter, kernel, /*isVectorRow=*/true);
      kernel.walk([&](linalg::GenericOp op) { splitWholeSum(rewriter, op); });
      generalize(rewriter, kernel);
      std::string why;
      if (fits(kernel, why))
        continue;
      if (failed(norm::decomposeNormOps(kernel, /*keepMoments=*/false)))
        return signalPassFailure();
      generalize(rewriter, kernel);
      int64_t computations = llvm::count_if(
          *kernel.getBlock(), [](Operation &op) { return isComputation(&op) && !isEvaluatedInPlace(&op); });
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
