// A kernel that packs what another kernel makes becomes part of it: new weights are packed in the optimizer's launch.
#include "dialect/keel/Keel.h"
#include "passes/schedule/PackOperands.h"
#include "passes/schedule/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_JOINPACKS
#include "passes/schedule/Passes.h.inc"

namespace {

/// The kernels that pack a result of `kernel` into new tensors, in its block.
SmallVector<KernelOp> findPacks(KernelOp kernel) {
  SmallVector<KernelOp> packs;
  for (Operation *user : kernel->getUsers())
    if (auto pack = dyn_cast<KernelOp>(user); pack && pack->getBlock() == kernel->getBlock() && isPackKernel(pack) &&
                                              pack.getInits()[0].getDefiningOp<tensor::EmptyOp>())
      packs.push_back(pack);
  llvm::sort(packs, [](KernelOp a, KernelOp b) { return a->isBeforeInBlock(b); });
  return packs;
}

void join(RewriterBase &rewriter, KernelOp kernel, ArrayRef<KernelOp> packs) {
  rewriter.setInsertionPoint(kernel);
  SmallVector<Value> inits(kernel.getInits());
  SmallVector<Location> locations{kernel.getLoc()};
  for (KernelOp pack : packs) {
    inits.push_back(rewriter.clone(*pack.getInits()[0].getDefiningOp())->getResult(0));
    locations.push_back(pack.getLoc());
  }
  auto joined = KernelOp::create(rewriter, rewriter.getFusedLoc(locations), kernel.getName(), kernel.getInputs(), inits);
  joined->setDiscardableAttrs(kernel->getDiscardableAttrDictionary());
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  SmallVector<Value> values(yield.getValues());
  unsigned own = kernel.getBlock()->getNumArguments();
  rewriter.setInsertionPointToStart(joined.getBlock());
  rewriter.inlineBlockBefore(kernel.getBlock(), joined.getBlock(), joined.getBlock()->end(),
                             joined.getBlock()->getArguments().take_front(own));
  rewriter.setInsertionPoint(yield);
  for (unsigned index = 0; index < packs.size(); ++index) {
    KernelOp pack = packs[index];
    Block *body = pack.getBlock();
    IRMapping mapping;
    mapping.map(body->getArgument(0), values[cast<OpResult>(pack.getInputs()[0]).getResultNumber()]);
    mapping.map(body->getArgument(1), joined.getBlock()->getArgument(own + index));
    for (Operation &op : body->without_terminator())
      rewriter.clone(op, mapping);
    values.push_back(mapping.lookup(cast<YieldOp>(body->getTerminator()).getValues()[0]));
  }
  rewriter.modifyOpInPlace(yield, [&] { yield.getValuesMutable().assign(values); });
  for (auto [index, pack] : llvm::enumerate(packs))
    rewriter.replaceOp(KernelOp(pack), joined.getResult(kernel.getNumResults() + index));
  rewriter.replaceOp(kernel, joined.getResults().take_front(kernel.getNumResults()));
}

struct JoinPacks : impl::JoinPacksBase<JoinPacks> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) {
      if (!isPackKernel(kernel))
        kernels.push_back(kernel);
    });
    for (KernelOp kernel : kernels)
      if (SmallVector<KernelOp> packs = findPacks(kernel); !packs.empty())
        join(rewriter, kernel, packs);
  }
};
} // namespace
} // namespace keel
