// Moves the inference form of batch norm into the weights and bias of the linear layer before it.
#include "passes/algebra/LinearLayer.h"
#include "passes/algebra/Passes.h"
#include "passes/algebra/StateDependence.h"

#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_FOLDBATCHNORM
#include "passes/algebra/Passes.h.inc"

namespace {
using namespace algebra;
using norm::Emitter;
using norm::Input;

constexpr auto kRemark = remark::RemarkOpts::name("FoldBatchNorm").category("algebra");

Value multiply(OpBuilder &b, Location loc, Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }

/// y = γ·r·(x·W + b − mean) + β = x·(W·s) + ((b − mean)·s + β), with s = γ·r.
void fold(norm::BatchNormInferenceOp op, LinearLayer &layer) {
  OpBuilder builder(op);
  builder.setInsertionPoint(op);
  Emitter vectors(builder, op.getLoc(), op.getVariance());
  double epsilon = op.getEpsilon().convertToDouble();
  SmallVector<Input> inputs{vectors.over(op.getVariance())};
  if (op.getScale())
    inputs.push_back(vectors.over(op.getScale()));
  Value slope = vectors.map(inputs, {0}, vectors.accumulation, [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
    Value guarded = arith::AddFOp::create(b, loc, in[0], norm::constantOf(b, loc, in[0].getType(), epsilon));
    Value deviation = math::RsqrtOp::create(b, loc, guarded);
    return op.getScale() ? multiply(b, loc, deviation, in[1]) : deviation;
  });

  inputs.assign({vectors.over(slope), vectors.over(op.getMean())});
  for (Value bias : layer.biases)
    inputs.push_back(vectors.over(bias));
  if (op.getShift())
    inputs.push_back(vectors.over(op.getShift()));
  Emitter result(builder, op.getLoc(), layer.contraction.getDpsInitOperand(0)->get());
  Value bias =
      vectors.map(inputs, {0}, result.getElementType(), [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
        Value offset = arith::NegFOp::create(b, loc, in[1]);
        for (Value value : in.slice(2, layer.biases.size()))
          offset = arith::AddFOp::create(b, loc, offset, value);
        offset = multiply(b, loc, offset, in[0]);
        return op.getShift() ? arith::AddFOp::create(b, loc, offset, in.back()).getResult() : offset;
      });

  Emitter weights(builder, op.getLoc(), layer.weights->get());
  Value folded = weights.map({weights.over(weights.space), {slope, {layer.outputDim}}}, weights.allDims(),
                             weights.getElementType(),
                             [](OpBuilder &b, Location loc, ValueRange in) { return multiply(b, loc, in[0], in[1]); });
  Value init = result.map({{bias, {static_cast<int64_t>(op.getChannel())}}}, result.allDims(), result.getElementType(),
                          [](OpBuilder &, Location, ValueRange in) { return in[0]; });
  op.getResult().replaceAllUsesWith(rebuild(builder, layer, folded, init));
  Value input = op.getInput();
  op.erase();
  eraseUnused(input);
}

struct FoldBatchNorm : impl::FoldBatchNormBase<FoldBatchNorm> {
  void runOnOperation() override {
    StateDependence state;
    SmallVector<norm::BatchNormInferenceOp> ops;
    getOperation().walk([&](norm::BatchNormInferenceOp op) { ops.push_back(op); });
    for (norm::BatchNormInferenceOp op : ops) {
      LinearLayer layer = matchLinearLayer(op.getInputMutable(), op.getChannel());
      auto vectors = llvm::concat<Value>(SmallVector<Value>(op->getOperands().drop_front()), layer.biases);
      if (layer.obstacle.empty() &&
          !(state.dependsOnStateAlone(layer.weights->get()) &&
            llvm::all_of(vectors, [&](Value vector) { return state.dependsOnStateAlone(vector); })))
        layer.obstacle = "weights, bias or statistics are not state";
      Location loc = op.getLoc();
      if (!layer.obstacle.empty()) {
        remark::missed(loc, kRemark) << "batch norm stays an op of its own in inference: " + layer.obstacle;
        continue;
      }
      fold(op, layer);
      remark::passed(loc, kRemark) << "batch norm is in the weights of the linear layer before it";
    }
  }
};
} // namespace
} // namespace keel
