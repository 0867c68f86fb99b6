// Derivatives of linalg ops: named ops by way of linalg.generic.
#include "passes/train/Derivatives.h"
#include "passes/train/GenericAdjoint.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace keel;

namespace {

LogicalResult differentiateGeneric(linalg::GenericOp op, OpBuilder &builder, ArrayRef<Value> resultGradients,
                                   Wanted wanted, SmallVectorImpl<Value> &gradients) {
  if (!op.hasPureTensorSemantics())
    return op.emitOpError("has no derivative on memrefs; differentiate before bufferization");
  SmallVector<Value> inputs = getDifferentiationInputs(op);
  gradients.resize(inputs.size());
  auto isAsked = [&](unsigned index) { return wanted(index) && isDifferentiable(inputs[index].getType()); };
  GenericAdjoint adjoint(builder, op, resultGradients);
  if (failed(adjoint.prepare(isAsked)))
    return failure();

  // One op makes all gradients that have every loop; each other is a reduction of its own.
  SmallVector<unsigned> together, apart;
  SmallVector<std::pair<Value, AffineMap>> seen;
  for (unsigned index = 0; index < op->getNumOperands(); ++index) {
    if (!isAsked(index))
      continue;
    OpOperand &operand = op->getOpOperand(index);
    std::pair<Value, AffineMap> key{operand.get(), op.getMatchingIndexingMap(&operand)};
    bool isReducedInit = op.isDpsInit(&operand) && !key.second.isPermutation();
    // Equal operands are one block argument of the adjoint's body, so the first one's gradient is the sum.
    if (!isReducedInit && llvm::is_contained(seen, key))
      continue;
    if (!isReducedInit)
      seen.push_back(key);
    (key.second.isPermutation() ? together : apart).push_back(index);
  }
  if (failed(adjoint.differentiateTogether(together, gradients)))
    return failure();
  for (unsigned index = op->getNumOperands(); index < inputs.size(); ++index)
    if (isAsked(index))
      apart.push_back(index);
  for (unsigned index : apart) {
    FailureOr<Value> gradient = index < op->getNumOperands() ? adjoint.differentiate(index)
                                                             : adjoint.differentiateCaptured(inputs[index]);
    if (failed(gradient))
      return failure();
    gradients[index] = *gradient;
  }
  return success();
}

/// Any named structured op: its generic form's gradient.
struct NamedDerivative : norm::DifferentiableOpInterface::ExternalModel<NamedDerivative, linalg::MatmulOp> {
  LogicalResult buildGradient(Operation *op, OpBuilder &builder, ArrayRef<Value> resultGradients,
                              SmallVectorImpl<Value> &gradients) const {
    auto named = cast<linalg::LinalgOp>(op);
    if (!named.hasPureTensorSemantics())
      return op->emitOpError("has no derivative on memrefs; differentiate before bufferization");
    // The generic form lives only while its gradient is built; the forward op keeps its name.
    IRRewriter rewriter(op->getContext());
    rewriter.setInsertionPointAfter(op);
    Operation *copy = rewriter.clone(*op);
    FailureOr<linalg::GenericOp> generic = linalg::generalizeNamedOp(rewriter, cast<linalg::LinalgOp>(copy));
    if (failed(generic)) {
      rewriter.eraseOp(copy);
      return op->emitOpError("has no derivative: it has no form as linalg.generic");
    }
    SmallVector<Value> marks(gradients.begin(), gradients.end());
    gradients.assign(op->getNumOperands(), Value());
    LogicalResult result = differentiateGeneric(
        *generic, builder, resultGradients, [&](unsigned index) { return isWanted(marks, index); }, gradients);
    rewriter.replaceOp(*generic, op->getResults());
    return result;
  }
};

/// tensor.generate: a linalg.generic without operands, whose indices are its loops.
LogicalResult differentiateGenerate(tensor::GenerateOp op, OpBuilder &builder, ArrayRef<Value> resultGradients,
                                    Wanted wanted, SmallVectorImpl<Value> &gradients) {
  SmallVector<Value> inputs = getDifferentiationInputs(op);
  gradients.resize(inputs.size());
  IRRewriter rewriter(op.getContext());
  rewriter.setInsertionPointAfter(op);
  auto copy = cast<tensor::GenerateOp>(rewriter.clone(*op));
  FailureOr<Operation *> rewritten = linalg::rewriteInDestinationPassingStyle(rewriter, copy);
  auto generic = succeeded(rewritten) ? dyn_cast<linalg::GenericOp>(*rewritten) : linalg::GenericOp();
  if (!generic) {
    rewriter.eraseOp(succeeded(rewritten) ? *rewritten : copy);
    return op.emitOpError("has no derivative: it has no form as linalg.generic");
  }
  // The extents have no gradient; what the body captures is the same in both.
  SmallVector<Value> captured = getDifferentiationInputs(generic);
  auto place = [&](unsigned index) -> Value * {
    const auto *found = llvm::find(ArrayRef(inputs).drop_front(op->getNumOperands()), captured[index]);
    return found == inputs.end() ? nullptr : &gradients[found - inputs.begin()];
  };
  SmallVector<Value> found;
  LogicalResult result = differentiateGeneric(
      generic, builder, resultGradients,
      [&](unsigned index) {
        Value *target = index < generic->getNumOperands() ? nullptr : place(index);
        return target && wanted(target - gradients.begin());
      },
      found);
  for (unsigned index = generic->getNumOperands(); index < found.size(); ++index)
    if (Value *target = place(index))
      *target = found[index];
  rewriter.replaceOp(generic, op->getResults());
  return result;
}

} // namespace

void keel::registerLinalgDerivatives(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *dialect) {
    linalg::GenericOp::attachInterface<Derivative<linalg::GenericOp, differentiateGeneric>>(*context);
    for (RegisteredOperationName name : context->getRegisteredOperations())
      if (name.getDialectNamespace() == "linalg" && name.hasInterface<linalg::LinalgOp>() &&
          name.getTypeID() != TypeID::get<linalg::GenericOp>())
        name.attachInterface<NamedDerivative>();
  });
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::GenerateOp::attachInterface<Derivative<tensor::GenerateOp, differentiateGenerate>>(*context);
  });
}
