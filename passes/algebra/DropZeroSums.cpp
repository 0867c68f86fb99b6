// Sums that are zero by construction are not taken: that of a batch norm's gradient over the batch, which is the
// gradient of the bias before it. Nor is what loss scaling asks of such a gradient: the largest of zeros.
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

/// What all elements are, if that is known.
Attribute constantOf(Value tensor) {
  Attribute value;
  if (auto fill = tensor.getDefiningOp<linalg::FillOp>(); fill && matchPattern(fill.value(), m_Constant(&value)))
    return value;
  return {};
}

/// Whether an op combines constants with a constant, which stays as it is.
bool leavesItsStart(linalg::GenericOp op) {
  if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1)
    return false;
  DenseMap<Value, Attribute> known;
  for (OpOperand &operand : op->getOpOperands())
    if (!(known[op.getMatchingBlockArgument(&operand)] = constantOf(operand.get())))
      return false;
  for (Operation &inner : op.getBody()->without_terminator()) {
    SmallVector<Attribute> operands;
    for (Value operand : inner.getOperands())
      operands.push_back(known.lookup(operand));
    SmallVector<OpFoldResult> results;
    if (llvm::is_contained(operands, Attribute()) || failed(inner.fold(operands, results)) || results.size() != 1)
      return false;
    auto value = dyn_cast<Attribute>(results[0]);
    known[inner.getResult(0)] = value ? value : known.lookup(cast<Value>(results[0]));
  }
  return known.lookup(op.getBody()->getTerminator()->getOperand(0)) == constantOf(op.getDpsInits()[0]);
}

void replaceByStart(ArrayRef<linalg::GenericOp> ops) {
  for (linalg::GenericOp op : ops) {
    op.getResult(0).replaceAllUsesWith(op.getDpsInits()[0]);
    op.erase();
  }
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
    replaceByStart(zeros);
    zeros.clear();
    getOperation().walk([&](linalg::GenericOp op) {
      if (leavesItsStart(op))
        zeros.push_back(op);
    });
    replaceByStart(zeros);
  }
};
} // namespace
} // namespace keel
