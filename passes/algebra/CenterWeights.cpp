// Gives layer norms an input of zero mean, by centring the weights and biases that it is computed from.
#include "passes/algebra/Passes.h"
#include "passes/algebra/ZeroMean.h"

#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_CENTERWEIGHTS
#include "passes/algebra/Passes.h.inc"

namespace {
using namespace algebra;

constexpr auto kRemark = remark::RemarkOpts::name("CenterWeights").category("algebra");

Value multiplyAlong(OpBuilder &builder, Value tensor, Value vector, int64_t dim) {
  norm::Emitter emit(builder, tensor.getLoc(), tensor);
  return emit.map(
      {emit.over(tensor), {vector, {dim}}}, emit.allDims(), emit.getElementType(),
      [](OpBuilder &b, Location loc, ValueRange in) -> Value { return arith::MulFOp::create(b, loc, in[0], in[1]); });
}

struct CenterWeights : impl::CenterWeightsBase<CenterWeights> {
  void runOnOperation() override {
    // All decisions are made on the IR as it was; then it is changed.
    ZeroMeanAnalysis analysis;
    SmallVector<std::pair<norm::LayerNormOp, ZeroMeanPlan>> plans;
    getOperation().walk([&](norm::LayerNormOp norm) {
      if (norm.getZeroMeanInput())
        return;
      ZeroMeanPlan plan;
      if (norm.getAxes().size() == 1)
        plan = analysis.plan(norm.getInputMutable(), norm.getAxes()[0]);
      else
        plan.obstacle = "the mean is over several axes";
      if (plan.holds())
        plans.emplace_back(norm, std::move(plan));
      else
        remark::missed(norm.getLoc(), kRemark) << "layer norm computes the mean of its input: " + plan.obstacle;
    });
    for (auto &[norm, plan] : plans)
      apply(norm, plan);
    for (Operation *product : products)
      product->erase();
  }

  void apply(norm::LayerNormOp norm, ZeroMeanPlan &plan) {
    for (Centring &centring : plan.centrings)
      if (done.insert(centring.term.operand).second)
        centre(centring);
    for (OpOperand *scaled : plan.scaled)
      if (done.insert(scaled).second) {
        scaled->getOwner()->getResult(0).replaceAllUsesWith(scaled->get());
        products.push_back(scaled->getOwner());
      }
    norm.setZeroMeanInput(true);
    remark::passed(norm.getLoc(), kRemark)
        << ("layer norm's input has zero mean by construction: " + Twine(plan.centrings.size()) +
            " weights and biases are centred")
               .str();
  }

  void centre(Centring &centring) {
    auto [operand, dim] = centring.term;
    Value value = operand->get();
    Operation *reader = operand->getOwner();
    OpBuilder builder(reader);
    if (centring.scale) {
      if (isa<linalg::LinalgOp>(reader->getParentOp()))
        builder.setInsertionPoint(reader->getParentOp());
      value = multiplyAlong(builder, value, centring.scale, dim);
    }
    Value &centred = centredValues[{value, dim}];
    if (!centred) {
      builder.setInsertionPointAfterValue(value);
      centred = norm::CenterOp::create(builder, value.getLoc(), value.getType(), value,
                                       builder.getDenseI64ArrayAttr({dim}), builder.getUnitAttr());
    }
    operand->set(centred);
  }

  llvm::DenseSet<OpOperand *> done;
  SmallVector<Operation *> products; ///< LayerScale ops that are in the weights now.
  llvm::DenseMap<std::pair<Value, int64_t>, Value> centredValues;
};
} // namespace
} // namespace keel
