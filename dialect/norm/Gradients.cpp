// The derivatives of the norm ops: each builds its gradient op.
#include "dialect/norm/Norm.h"
#include "dialect/norm/Normalize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace keel::norm;

namespace {

Type typeOf(Value value) { return value ? value.getType() : Type(); }

/// Sets the gradients of input, scale and shift from a gradient op; `input` is the first operand's index, scale and
/// shift are the last operands.
template <typename GradientOp>
void distribute(GradientOp gradient, Value scale, Value shift, SmallVectorImpl<Value> &operandGradients) {
  size_t next = operandGradients.size();
  operandGradients[0] = gradient.getDx();
  if (shift)
    operandGradients[--next] = gradient.getDshift();
  if (scale)
    operandGradients[--next] = gradient.getDscale();
}

} // namespace

LogicalResult LayerNormOp::buildGradient(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                         SmallVectorImpl<Value> &operandGradients) {
  operandGradients.assign(getNumOperands(), Value());
  if (resultGradients[0])
    distribute(LayerNormGradOp::create(builder, getLoc(), getInput().getType(), typeOf(getScale()), typeOf(getShift()),
                                       resultGradients[0], getInput(), getScale(), getAxesAttr(), getEpsilonAttr(),
                                       getZeroMeanInputAttr()),
               getScale(), getShift(), operandGradients);
  return success();
}

LogicalResult RmsNormOp::buildGradient(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                       SmallVectorImpl<Value> &operandGradients) {
  operandGradients.assign(getNumOperands(), Value());
  if (resultGradients[0])
    distribute(RmsNormGradOp::create(builder, getLoc(), getInput().getType(), typeOf(getScale()), typeOf(getShift()),
                                     resultGradients[0], getInput(), getScale(), getAxesAttr(), getEpsilonAttr()),
               getScale(), getShift(), operandGradients);
  return success();
}

LogicalResult GroupNormOp::buildGradient(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                         SmallVectorImpl<Value> &operandGradients) {
  operandGradients.assign(getNumOperands(), Value());
  if (resultGradients[0])
    distribute(GroupNormGradOp::create(builder, getLoc(), getInput().getType(), typeOf(getScale()), typeOf(getShift()),
                                       resultGradients[0], getInput(), getScale(), getGroupsAttr(), getChannelAttr(),
                                       getEpsilonAttr()),
               getScale(), getShift(), operandGradients);
  return success();
}

LogicalResult BatchNormOp::buildGradient(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                         SmallVectorImpl<Value> &operandGradients) {
  operandGradients.assign(getNumOperands(), Value());
  if (resultGradients[1] || resultGradients[2])
    return emitOpError("the loss depends on the new running statistics, which have no derivative; "
                       "only store them, or use norm.moments");
  if (!resultGradients[0])
    return success();
  auto gradient = BatchNormGradOp::create(
      builder, getLoc(), getInput().getType(), typeOf(getScale()), typeOf(getShift()), resultGradients[0], getInput(),
      getScale(), getChannelAttr(), getEpsilonAttr(), getPivot() ? builder.getUnitAttr() : UnitAttr());
  // A pivot comes last, and has no gradient.
  operandGradients.truncate(getNumOperands() - !!getPivot());
  distribute(gradient, getScale(), getShift(), operandGradients);
  operandGradients.resize(getNumOperands());
  return success();
}

LogicalResult StopGradientOp::buildGradient(OpBuilder &, ArrayRef<Value>, SmallVectorImpl<Value> &operandGradients) {
  operandGradients.assign(1, Value());
  return success();
}

LogicalResult BatchNormInferenceOp::buildGradient(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                                  SmallVectorImpl<Value> &operandGradients) {
  operandGradients.assign(getNumOperands(), Value());
  if (!resultGradients[0])
    return success();
  auto gradient = BatchNormInferenceGradOp::create(
      builder, getLoc(), getInput().getType(), getMean().getType(), getMean().getType(), typeOf(getScale()),
      typeOf(getShift()), resultGradients[0], getInput(), getMean(), getVariance(), getScale(), getChannelAttr(),
      getEpsilonAttr());
  distribute(gradient, getScale(), getShift(), operandGradients);
  operandGradients[1] = gradient.getDmean();
  operandGradients[2] = gradient.getDvariance();
  return success();
}

LogicalResult SoftmaxCrossEntropyOp::buildGradient(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                                   SmallVectorImpl<Value> &operandGradients) {
  operandGradients.assign(2, Value());
  if (!resultGradients[0])
    return success();
  auto labels = cast<RankedTensorType>(getLabels().getType());
  bool areTargets = isa<FloatType>(labels.getElementType());
  auto gradient = SoftmaxCrossEntropyGradOp::create(builder, getLoc(), getLogits().getType(),
                                                    areTargets ? Type(labels) : Type(), resultGradients[0],
                                                    getLogits(), getLabels());
  operandGradients[0] = gradient.getDlogits();
  operandGradients[1] = gradient.getDtargets();
  return success();
}

LogicalResult DropoutOp::buildGradient(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                       SmallVectorImpl<Value> &operandGradients) {
  // The same mask on the gradient.
  operandGradients.assign(3, Value());
  if (resultGradients[0])
    operandGradients[0] =
        DropoutOp::create(builder, getLoc(), getInput().getType(), resultGradients[0], getSeed(), getCounter(),
                          getRateAttr());
  return success();
}

LogicalResult MomentsOp::buildGradient(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                       SmallVectorImpl<Value> &operandGradients) {
  // dx = dmean / N + 2·dm2·(x − mean): the mean's own derivative in m2 cancels, since Σ (x − mean) = 0.
  operandGradients.assign(1, Value());
  Value dmean = resultGradients[0], dm2 = resultGradients[1];
  if (!dmean && !dm2)
    return success();
  Emitter emit(builder, getLoc(), getInput());
  SmallVector<int64_t> kept = complementDims(emit.getRank(), getAxes());
  SmallVector<Input> inputs;
  if (dm2) {
    inputs.push_back(emit.over(getInput()));
    inputs.push_back({getMean(), kept});
    inputs.push_back({dm2, kept});
  }
  if (dmean)
    inputs.push_back({emit.map({{dmean, kept}, emit.count(getAxes())}, kept, emit.accumulation,
                               [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                                 return arith::DivFOp::create(b, loc, in[0], in[1]);
                               }),
                      kept});
  operandGradients[0] =
      emit.map(inputs, emit.allDims(), emit.getElementType(), [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
        if (!dm2)
          return in[0];
        Value deviation = arith::SubFOp::create(b, loc, in[0], in[1]);
        Value twice = arith::AddFOp::create(b, loc, in[2], in[2]);
        Value gradient = arith::MulFOp::create(b, loc, twice, deviation);
        return dmean ? arith::AddFOp::create(b, loc, gradient, in[3]).getResult() : gradient;
      });
  return success();
}
