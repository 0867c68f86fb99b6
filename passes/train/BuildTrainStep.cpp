// Builds @train_step: the loss, its gradients, the optimizer's update of the state.
#include "passes/train/Backward.h"
#include "passes/train/InlineCalls.h"
#include "passes/train/LossScale.h"
#include "passes/train/Optimizer.h"
#include "passes/train/Passes.h"
#include "passes/train/State.h"

#include "dialect/keel/Keel.h"
#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using ml_program::GlobalOp;

namespace keel {
#define GEN_PASS_DEF_BUILDTRAINSTEP
#include "passes/train/Passes.h.inc"

namespace {

/// A tensor of rank 0 plus one; if there is a `factor`, only where it is positive.
Value increment(OpBuilder &builder, Location loc, Value counter, Value factor) {
  SmallVector<Value> inputs;
  if (factor)
    inputs.push_back(factor);
  SmallVector<AffineMap> maps(inputs.size() + 1, AffineMap::get(0, 0, builder.getContext()));
  return linalg::GenericOp::create(builder, loc, counter.getType(), inputs, counter, maps, ArrayRef<utils::IteratorType>(),
                                   [&](OpBuilder &b, Location at, ValueRange in) {
                                     Value one = arith::ConstantOp::create(b, at, b.getOneAttr(in.back().getType()));
                                     Value sum = arith::AddIOp::create(b, at, in.back(), one);
                                     if (factor)
                                       sum = arith::SelectOp::create(b, at, isPositive(b, at, in[0]), sum, in.back());
                                     linalg::YieldOp::create(b, at, sum);
                                   })
      .getResult(0);
}

struct BuildTrainStep : impl::BuildTrainStepBase<BuildTrainStep> {
  using BuildTrainStepBase::BuildTrainStepBase;

  func::FuncOp findLoss() {
    auto loss = getOperation().lookupSymbol<func::FuncOp>("loss");
    if (!loss || loss.isDeclaration()) {
      getOperation().emitError("no function @loss to train; expected @loss(x, labels) -> tensor<f32>");
      return {};
    }
    ArrayRef<Type> results = loss.getResultTypes();
    auto type = results.size() == 1 ? dyn_cast<RankedTensorType>(results[0]) : RankedTensorType();
    if (!type || type.getRank() != 0 || !isDifferentiable(type)) {
      loss.emitOpError("must return the loss as a tensor<f32>, found ") << loss.getFunctionType();
      return {};
    }
    if (Operation *existing = getOperation().lookupSymbol("train_step")) {
      existing->emitOpError("found @train_step, which this pass is asked to build; rename it or compile without --train");
      return {};
    }
    return loss;
  }

  LogicalResult build(func::FuncOp step, Optimizer &algorithm) {
    FailureOr<StepState> maybeState = StepState::collect(step, getOperation());
    if (failed(maybeState))
      return failure();
    StepState &state = *maybeState;
    Operation *terminator = step.front().getTerminator();
    OpBuilder builder(terminator);
    Location loc = step.getLoc();

    Gradients gradients;
    Value loss = terminator->getOperand(0);
    std::optional<LossScale> scaling;
    if (lossScaling) {
      if (!cast<RankedTensorType>(loss.getType()).getElementType().isF32())
        return step.emitOpError("must return a tensor<f32> for its gradients to be scaled, found ") << loss.getType();
      FailureOr<LossScale> created = LossScale::create(state);
      if (failed(created))
        return failure();
      scaling = *created;
    }
    gradients.set(loss, scaling ? scaling->getScale(state) : constantLike(builder, loc, loss, 1.0));
    SmallVector<Value> parameters =
        llvm::map_to_vector(state.parameters, [&](GlobalOp global) { return state.load(global); });
    if (parameters.empty())
      return step.emitOpError("has nothing to train: @loss reads no mutable global of floats that it does not store");
    if (failed(buildBackward(builder, step.front(), parameters, gradients)))
      return failure();

    SmallVector<Value> present;
    for (Value parameter : parameters)
      if (Value gradient = gradients.lookup(parameter))
        present.push_back(gradient);
    SmallVector<GlobalOp> buffers = state.getStored();

    auto scalar = [&](Type element) { return RankedTensorType::get({}, element); };
    SmallVector<Value> settings;
    for (const Optimizer::Setting &setting : algorithm.getSettings()) {
      auto type = scalar(builder.getF32Type());
      auto start = DenseElementsAttr::get(type, static_cast<float>(setting.start));
      FailureOr<GlobalOp> global = state.findOrCreate(setting.name, type, start, "setting", /*mayExist=*/true);
      if (failed(global))
        return failure();
      settings.push_back(state.load(*global));
    }
    auto counterType = scalar(builder.getI64Type());
    FailureOr<GlobalOp> counter = state.findOrCreate(
        "step", counterType, DenseElementsAttr::get(counterType, int64_t(0)), "optimizer", /*mayExist=*/true);
    if (failed(counter))
      return failure();
    Value factor = scaling ? scaling->finish(builder, loc, state, present) : Value();
    // A step that is skipped leaves no trace in statistics either.
    for (GlobalOp buffer : buffers)
      if (factor && isa<FloatType>(getElementTypeOrSelf(buffer.getType())))
        state.store(buffer, selectByFactor(builder, loc, factor, state.getStored(buffer), state.load(buffer)));
    Value count = state.getStored(*counter);
    if (!count) {
      count = increment(builder, loc, state.load(*counter), factor);
      state.store(*counter, count);
    }
    algorithm.prepare(builder, loc, settings, count);
    if (factor)
      algorithm.setGradientFactor(factor);

    for (GlobalOp parameter : state.parameters) {
      Value gradient = gradients.lookup(state.load(parameter));
      // As in torch, a parameter that the loss does not depend on is not decayed either.
      if (!gradient)
        continue;
      SmallVector<GlobalOp> owners{parameter};
      for (StringRef slot : algorithm.getSlots()) {
        std::string name = (parameter.getSymName() + "." + slot).str();
        FailureOr<GlobalOp> global =
            state.findOrCreate(name, parameter.getType(), InitAttr::get(builder.getContext(), InitKind::Zeros,
                                                                        builder.getDictionaryAttr({})),
                               "optimizer", /*mayExist=*/false);
        if (failed(global))
          return failure();
        owners.push_back(*global);
      }
      SmallVector<Value> old = llvm::map_to_vector(owners, [&](GlobalOp owner) { return state.load(owner); });
      for (auto [owner, value] : llvm::zip(owners, algorithm.update(builder, parameter.getLoc(), gradient, old)))
        state.store(owner, value);
    }
    state.writeStores(builder);
    eraseDeadOps(step.front());
    return success();
  }

  void runOnOperation() override {
    std::optional<Optimizer> algorithm = Optimizer::get(optimizer);
    if (!algorithm) {
      getOperation().emitError("unknown optimizer '") << optimizer << "'; expected sgd, momentum or adamw";
      return signalPassFailure();
    }
    func::FuncOp loss = findLoss();
    if (!loss)
      return signalPassFailure();
    func::FuncOp step = loss.clone();
    step.setName("train_step");
    step.setPublic();
    SymbolTable(getOperation()).insert(step, std::next(loss->getIterator()));
    if (failed(inlineCalls(step)) || failed(build(step, *algorithm)))
      signalPassFailure();
  }
};

} // namespace
} // namespace keel
