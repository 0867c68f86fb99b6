// Turns a function into its inference form.
#include "passes/train/InlineCalls.h"
#include "passes/train/Passes.h"

#include "dialect/norm/Norm.h"
#include "dialect/norm/Normalize.h"
#include "passes/train/Backward.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_INFERENCEFORM
#include "passes/train/Passes.h.inc"

namespace {

void useRunningStatistics(norm::BatchNormOp op) {
  OpBuilder builder(op);
  Value mean = op.getRunningMean();
  // A pivoted input is shifted already.
  if (op.getPivot())
    mean = arith::SubFOp::create(
        builder, op.getLoc(), mean,
        norm::castTensor(builder, op.getLoc(), op.getPivot(), cast<RankedTensorType>(mean.getType())));
  auto inference = norm::BatchNormInferenceOp::create(builder, op.getLoc(), op.getInput().getType(), op.getInput(),
                                                      mean, op.getRunningVariance(), op.getScale(),
                                                      op.getShift(), op.getChannelAttr(), op.getEpsilonAttr());
  op->replaceAllUsesWith(ValueRange{inference.getResult(), op.getRunningMean(), op.getRunningVariance()});
  op.erase();
}

struct InferenceForm : impl::InferenceFormBase<InferenceForm> {
  using InferenceFormBase::InferenceFormBase;

  void runOnOperation() override {
    auto forward = getOperation().lookupSymbol<func::FuncOp>(function);
    if (!forward && optional)
      return;
    if (!forward || forward.isDeclaration()) {
      getOperation().emitError("no function @") << function << " with a body to turn into its inference form";
      return signalPassFailure();
    }
    // Callers train: give them the training form before it changes.
    llvm::SetVector<func::FuncOp> functions;
    functions.insert(forward);
    for (size_t known = 0; known < functions.size(); ++known)
      for (auto other : getOperation().getOps<func::FuncOp>())
        if (!SymbolTable::getSymbolUses(functions[known], other)->empty())
          functions.insert(other);
    for (func::FuncOp each : functions)
      if (failed(inlineCalls(each)))
        return signalPassFailure();

    forward.walk([](Operation *op) {
      if (auto batchNorm = dyn_cast<norm::BatchNormOp>(op)) {
        useRunningStatistics(batchNorm);
      } else if (auto dropout = dyn_cast<norm::DropoutOp>(op)) {
        dropout.getResult().replaceAllUsesWith(dropout.getInput());
        dropout.erase();
      } else if (isa<ml_program::GlobalStoreOp>(op)) {
        op->erase();
      }
    });
    eraseDeadOps(forward.front());
  }
};

} // namespace
} // namespace keel
