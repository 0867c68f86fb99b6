// norm.center: its decomposition and its gradient.
#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"
#include "dialect/norm/Normalize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace keel::norm;

FailureOr<SmallVector<Value>> CenterOp::decompose(OpBuilder &builder) {
  Emitter emit(builder, getLoc(), getInput());
  SmallVector<int64_t> kept = complementDims(emit.getRank(), getAxes());
  Value sum = sumOf(emit, getInput(), kept);
  Value mean = emit.map(
      {{sum, kept}, emit.count(getAxes())}, kept, emit.accumulation,
      [&](OpBuilder &b, Location loc, ValueRange in) -> Value { return arith::DivFOp::create(b, loc, in[0], in[1]); });
  Value centred = emit.map(
      {emit.over(getInput()), {mean, kept}}, emit.allDims(), emit.getElementType(),
      [](OpBuilder &b, Location loc, ValueRange in) -> Value { return arith::SubFOp::create(b, loc, in[0], in[1]); });
  return SmallVector<Value>{centred};
}

LogicalResult CenterOp::buildGradient(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                      SmallVectorImpl<Value> &operandGradients) {
  // Centring is symmetric and idempotent: it is its own transpose, and leaves a centred gradient alone.
  operandGradients.assign(1, resultGradients[0]);
  if (resultGradients[0] && !getZeroMeanGradient())
    operandGradients[0] =
        CenterOp::create(builder, getLoc(), getInput().getType(), resultGradients[0], getAxesAttr(), UnitAttr());
  return success();
}
