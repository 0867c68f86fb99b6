// Builds @f_gradient from @f.
#include "passes/train/Backward.h"
#include "passes/train/InlineCalls.h"
#include "passes/train/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "dialect/norm/Norm.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/train/Passes.h.inc"

namespace {

bool isScalar(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return !tensor || tensor.getRank() == 0;
}

/// Seeds the gradients of the returned values: 1, or arguments added to the function.
void seedResults(OpBuilder &builder, func::FuncOp gradient, ValueRange returned, Gradients &gradients) {
  SmallVector<Value> results = llvm::filter_to_vector(returned, [](Value v) { return isDifferentiable(v.getType()); });
  if (results.size() == 1 && isScalar(results[0].getType())) {
    gradients.set(results[0], constantLike(builder, gradient.getLoc(), results[0], 1.0));
    return;
  }
  for (Value result : results) {
    (void)gradient.insertArgument(gradient.getNumArguments(), result.getType(), {}, gradient.getLoc());
    gradients.add(builder, result, gradient.getArguments().back());
  }
}

struct Differentiate : impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto original = symbols.lookup<func::FuncOp>(function);
    if (!original || original.isDeclaration()) {
      getOperation().emitError("no function @") << function << " with a body to differentiate";
      return signalPassFailure();
    }
    func::FuncOp gradient = original.clone();
    gradient.setName(function + "_gradient");
    gradient.setPublic();
    symbols.insert(gradient, std::next(original->getIterator()));
    if (failed(inlineCalls(gradient)))
      return signalPassFailure();

    Block &body = gradient.front();
    Operation *terminator = body.getTerminator();
    OpBuilder builder(terminator);
    SmallVector<Value> wanted;
    for (Value argument : gradient.getArguments())
      if (isDifferentiable(argument.getType()))
        wanted.push_back(argument);
    SmallVector<Value> returned(terminator->getOperands());
    Gradients gradients;
    seedResults(builder, gradient, returned, gradients);
    if (failed(buildBackward(builder, body, wanted, gradients)))
      return signalPassFailure();
    for (Value argument : wanted) {
      Value value = gradients.lookup(argument);
      returned.push_back(value ? value : constantLike(builder, gradient.getLoc(), argument, 0.0));
    }
    terminator->setOperands(returned);
    gradient.setType(builder.getFunctionType(gradient.getArgumentTypes(), ValueRange(returned).getTypes()));
    gradient.removeResAttrsAttr();
    eraseDeadOps(body);
  }
};

} // namespace
} // namespace keel
