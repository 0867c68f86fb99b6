// Subtracts a mean that is known before the matmul from what batch norm reads, so that one pass is stable, and 16 bits
// are enough for what is left.
#include "passes/algebra/LinearLayer.h"
#include "passes/algebra/Passes.h"

#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_PIVOTBATCHNORM
#include "passes/algebra/Passes.h.inc"

namespace {
using namespace algebra;
using norm::Emitter;
using norm::Input;

constexpr auto kRemark = remark::RemarkOpts::name("PivotBatchNorm").category("algebra");

Value add(OpBuilder &b, Location loc, Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }

/// ν = x̄·W: the layer on the mean of its input over every dimension that is not contracted position by position.
Value emitPivot(OpBuilder &builder, Location loc, LinearLayer &layer) {
  AffineMap inputMap = layer.contraction.getMatchingIndexingMap(layer.input);
  AffineMap weightsMap = layer.contraction.getMatchingIndexingMap(layer.weights);
  SmallVector<int64_t> kept, weightsDims;
  for (auto [i, expr] : llvm::enumerate(inputMap.getResults())) {
    auto shared = llvm::find(weightsMap.getResults(), expr);
    if (shared == weightsMap.getResults().end())
      continue;
    kept.push_back(i);
    weightsDims.push_back(shared - weightsMap.getResults().begin());
  }
  Emitter input(builder, loc, layer.input->get());
  Value sum = input.reduce({input.over(input.space)}, kept, 0.0,
                           [](OpBuilder &b, Location at, ValueRange in) { return add(b, at, in[1], in[0]); });
  SmallVector<int64_t> averaged = norm::complementDims(input.getRank(), kept);
  Value mean = input.map(
      {{sum, kept}, input.count(averaged)}, kept, input.accumulation,
      [](OpBuilder &b, Location at, ValueRange in) -> Value { return arith::DivFOp::create(b, at, in[0], in[1]); });
  Emitter weights(builder, loc, layer.weights->get());
  Value pivot = weights.reduce({weights.over(weights.space), {mean, weightsDims}}, {layer.outputDim}, 0.0,
                               [](OpBuilder &b, Location at, ValueRange in) -> Value {
                                 return add(b, at, in[2], arith::MulFOp::create(b, at, in[0], in[1]));
                               });
  return norm::StopGradientOp::create(builder, loc, pivot.getType(), pivot);
}

void pivotByBatchMean(norm::BatchNormOp op, LinearLayer &layer) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  int64_t channel = op.getChannel();
  Value pivot = emitPivot(builder, loc, layer);

  Emitter result(builder, loc, layer.contraction.getDpsInitOperand(0)->get());
  Value init =
      result.map({{pivot, {channel}}}, result.allDims(), result.getElementType(),
                 [](OpBuilder &b, Location at, ValueRange in) -> Value { return arith::NegFOp::create(b, at, in[0]); });
  Value shift = pivot;
  if (!layer.biases.empty()) {
    Emitter vectors(builder, loc, pivot);
    SmallVector<Input> inputs{vectors.over(pivot)};
    for (Value bias : layer.biases)
      inputs.push_back(vectors.over(bias));
    shift = vectors.map(inputs, {0}, vectors.accumulation, [](OpBuilder &b, Location at, ValueRange in) {
      Value sum = in[0];
      for (Value bias : in.drop_front())
        sum = add(b, at, sum, bias);
      return sum;
    });
  }
  Value input = op.getInput();
  op.getInputMutable().assign(rebuild(builder, layer, layer.weights->get(), init));
  op.getPivotMutable().assign(shift);
  eraseUnused(input);
}

/// x·W + b − running mean: nothing has to be known of x.
void pivotByRunningMean(norm::BatchNormOp op) {
  OpBuilder builder(op);
  Emitter input(builder, op.getLoc(), op.getInput());
  Value moved = input.map({input.over(input.space), {op.getRunningMean(), {int64_t(op.getChannel())}}}, input.allDims(),
                          input.getElementType(), [](OpBuilder &b, Location at, ValueRange in) -> Value {
                            return arith::SubFOp::create(b, at, in[0], in[1]);
                          });
  op.getInputMutable().assign(moved);
  op.getPivotMutable().assign(op.getRunningMean());
}

struct PivotBatchNorm : impl::PivotBatchNormBase<PivotBatchNorm> {
  using PivotBatchNormBase::PivotBatchNormBase;

  void runOnOperation() override {
    SmallVector<norm::BatchNormOp> ops;
    getOperation().walk([&](norm::BatchNormOp op) {
      if (!op.getPivot())
        ops.push_back(op);
    });
    for (norm::BatchNormOp op : ops) {
      LinearLayer layer = matchLinearLayer(op.getInputMutable(), op.getChannel());
      if (!layer.obstacle.empty()) {
        remark::missed(op.getLoc(), kRemark) << "batch norm is not pivoted: " + layer.obstacle;
        continue;
      }
      if (runningMean) {
        pivotByRunningMean(op);
        remark::passed(op.getLoc(), kRemark) << "batch norm is pivoted by the running mean";
        continue;
      }
      pivotByBatchMean(op, layer);
      remark::passed(op.getLoc(), kRemark)
          << "batch norm is pivoted by the batch mean of its linear layer's input; the bias cancels";
    }
  }
};
} // namespace
} // namespace keel
