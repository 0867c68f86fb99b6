// Makes one parallel loop of neighbouring ones that do not touch each other's results, so that their workers meet once.
#include "dialect/keel/Keel.h"
#include "passes/schedule/Footprint.h"
#include "passes/schedule/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_MERGELOOPS
#include "passes/schedule/Passes.h.inc"

namespace {

/// The two loops as one: the first's iterations, then the second's.
scf::ForallOp merge(RewriterBase &rewriter, scf::ForallOp first, scf::ForallOp second) {
  Location loc = rewriter.getFusedLoc({first.getLoc(), second.getLoc()});
  rewriter.setInsertionPoint(second);
  AffineExpr lower = rewriter.getAffineSymbolExpr(0), upper = rewriter.getAffineSymbolExpr(1),
             step = rewriter.getAffineSymbolExpr(2), d0 = rewriter.getAffineDimExpr(0);
  auto iterations = [&](scf::ForallOp loop) {
    return affine::makeComposedFoldedAffineApply(
        rewriter, loc, (upper - lower).ceilDiv(step),
        {loop.getMixedLowerBound()[0], loop.getMixedUpperBound()[0], loop.getMixedStep()[0]});
  };
  OpFoldResult ofFirst = iterations(first), ofSecond = iterations(second);
  OpFoldResult total = affine::makeComposedFoldedAffineApply(rewriter, loc, lower + upper, {ofFirst, ofSecond});
  auto merged = scf::ForallOp::create(rewriter, loc, ArrayRef<OpFoldResult>{rewriter.getIndexAttr(0)}, ArrayRef{total},
                                      ArrayRef<OpFoldResult>{rewriter.getIndexAttr(1)}, ValueRange(), std::nullopt);
  rewriter.setInsertionPointToStart(merged.getBody());
  Value index = merged.getInductionVar(0);
  Value split = getValueOrCreateConstantIndexOp(rewriter, loc, ofFirst);
  Value isFirst = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::slt, index, split);
  auto choice = scf::IfOp::create(rewriter, loc, isFirst, /*withElseRegion=*/true);
  auto inlineBody = [&](scf::ForallOp loop, Block *into, bool shifted) {
    rewriter.setInsertionPointToStart(into);
    OpFoldResult number = index;
    if (shifted)
      number = affine::makeComposedFoldedAffineApply(rewriter, loc, d0 - lower, {index, split});
    OpFoldResult value = affine::makeComposedFoldedAffineApply(
        rewriter, loc, lower + d0 * upper, {number, loop.getMixedLowerBound()[0], loop.getMixedStep()[0]});
    Value induction = getValueOrCreateConstantIndexOp(rewriter, loc, value);
    rewriter.eraseOp(loop.getTerminator());
    rewriter.inlineBlockBefore(loop.getBody(), into->getTerminator(), induction);
    rewriter.eraseOp(loop);
  };
  inlineBody(first, choice.thenBlock(), false);
  inlineBody(second, choice.elseBlock(), true);
  return merged;
}

bool isLoop(Operation *op) {
  auto loop = dyn_cast<scf::ForallOp>(op);
  return loop && loop.getRank() == 1 && loop.getNumResults() == 0;
}

void mergeLoops(RewriterBase &rewriter, Block &block) {
  scf::ForallOp previous;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!isLoop(&op)) {
      // Something in between that computes: the loops keep their order around it.
      if (previous && !isMemoryEffectFree(&op) && !isa<memref::AllocOp>(op))
        previous = nullptr;
      continue;
    }
    auto loop = cast<scf::ForallOp>(op);
    if (previous && !Footprint(previous).conflictsWith(Footprint(loop)))
      previous = merge(rewriter, previous, loop);
    else
      previous = loop;
  }
}

struct MergeLoops : impl::MergeLoopsBase<MergeLoops> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](KernelOp kernel) { mergeLoops(rewriter, *kernel.getBlock()); });
  }
};
} // namespace
} // namespace keel
