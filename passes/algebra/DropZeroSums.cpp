// Sums that are zero by construction are not taken: that of a batch norm's gradient over the batch, which is the gradient
// of the bias before it.
#include "passes/algebra/Passes.h"

#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_DROPZEROSUMS
#include "passes/algebra/Passes.h.inc"

namespace {

/// What the op adds up, element by element, to its init; null if it does anything else.
Value getSummand(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 || op.getNumParallelLoops() == op.getNumLoops())
    return {};
  Block *body = op.getBody();
  auto add = body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || !llvm::hasNItems(*body, 2))
    return {};
  Value in = body->getArgument(0), out = body->getArgument(1);
  bool sums = (add.getLhs() == in && add.getRhs() == out) || (add.getLhs() == out && add.getRhs() == in);
  return sums ? op.getDpsInputs()[0] : Value();
}

/// It goes over the whole batch: of the gradient's dimensions no other than the channel is left.
bool goesOverBatch(linalg::GenericOp op, norm::BatchNormGradOp gradient) {
  AffineMap input = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!input.isPermutation())
    return false;
  for (auto [dim, expr] : llvm::enumerate(input.getResults()))
    if (dim != gradient.getChannel() && output.isFunctionOfDim(cast<AffineDimExpr>(expr).getPosition()))
      return false;
  return true;
}

struct DropZeroSums : impl::DropZeroSumsBase<DropZeroSums> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> zeros;
    getOperation().walk([&](linalg::GenericOp op) {
      Value summand = getSummand(op);
      auto gradient = summand ? summand.getDefiningOp<norm::BatchNormGradOp>() : nullptr;
      if (gradient && summand == gradient.getDx() && goesOverBatch(op, gradient))
        zeros.push_back(op);
    });
    for (linalg::GenericOp op : zeros) {
      op.getResult(0).replaceAllUsesWith(op.getDpsInits()[0]);
      op.erase();
    }
  }
};
} // namespace
} // namespace keel
