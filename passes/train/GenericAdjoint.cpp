// The gradients of a linalg.generic's operands: reductions told apart, bodies differentiated.
#include "passes/train/GenericAdjoint.h"

#include "passes/train/Expression.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace keel;

GenericAdjoint::GenericAdjoint(OpBuilder &builder, linalg::GenericOp op, ArrayRef<Value> resultGradients)
    : builder(builder), op(op), loc(op.getLoc()) {
  for (Value gradient : resultGradients)
    results.push_back({.gradient = gradient});
}

/// Whether `value` depends on a reduction's old value, within the body.
static bool usesOldValue(linalg::GenericOp op, Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != op.getBody() || argument.getArgNumber() < op.getNumDpsInputs())
      return false;
    return !op.getMatchingIndexingMap(op.getDpsInitOperand(argument.getArgNumber() - op.getNumDpsInputs()))
                .isPermutation();
  }
  Operation *producer = value.getDefiningOp();
  return producer && producer->getBlock() == op.getBody() &&
         llvm::any_of(getDifferentiationInputs(producer), [&](Value input) { return usesOldValue(op, input); });
}

/// Whether `value` is `old` plus (or minus) what does not depend on it.
static bool isOldPlus(linalg::GenericOp op, Value value, Value old) {
  if (value == old)
    return true;
  if (auto add = value.getDefiningOp<arith::AddFOp>())
    return usesOldValue(op, add.getLhs()) ? !usesOldValue(op, add.getRhs()) && isOldPlus(op, add.getLhs(), old)
                                          : isOldPlus(op, add.getRhs(), old);
  if (auto subtract = value.getDefiningOp<arith::SubFOp>())
    return !usesOldValue(op, subtract.getRhs()) && isOldPlus(op, subtract.getLhs(), old);
  if (auto fma = value.getDefiningOp<math::FmaOp>())
    return !usesOldValue(op, fma.getA()) && !usesOldValue(op, fma.getB()) && isOldPlus(op, fma.getC(), old);
  return false;
}

/// The other operand where `old` is one of an op's first two, or null.
static Value otherThan(Operation *combination, Value old) {
  for (unsigned i : {0, 1})
    if (combination->getOperand(i) == old)
      return combination->getOperand(1 - i);
  return {};
}

LogicalResult GenericAdjoint::classify(unsigned index) {
  Result &result = results[index];
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(index));
  if (!map.isProjectedPermutation())
    return op.emitOpError("has no derivative: result #") << index << " is written at " << AffineMapAttr::get(map)
                                                         << ", expected distinct loops";
  if (map.isPermutation())
    return success();
  Value old = op.getBody()->getArgument(op.getNumDpsInputs() + index);
  Value yielded = op.getBody()->getTerminator()->getOperand(index);
  if (isOldPlus(op, yielded, old)) {
    result.combiner = Combiner::Sum;
    return success();
  }
  Operation *combination = yielded.getDefiningOp();
  if (isa_and_nonnull<arith::MaximumFOp, arith::MaxNumFOp, arith::MinimumFOp, arith::MinNumFOp>(combination)) {
    result.combiner = Combiner::Extreme;
    result.element = otherThan(combination, old);
  } else if (isa_and_nonnull<arith::MulFOp>(combination)) {
    result.combiner = Combiner::Product;
    result.element = otherThan(combination, old);
  } else if (auto select = dyn_cast_or_null<arith::SelectOp>(combination)) {
    // old < e ? e : old, in any of its spellings.
    auto compare = select.getCondition().getDefiningOp<arith::CmpFOp>();
    Value element = select.getTrueValue() == old ? select.getFalseValue() : select.getTrueValue();
    bool comparesBoth = compare && otherThan(compare, old) == element && compare.getLhs() != compare.getRhs();
    if (comparesBoth && (select.getTrueValue() == old || select.getFalseValue() == old)) {
      result.combiner = Combiner::Extreme;
      result.element = element;
    }
  }
  if (!result.element || usesOldValue(op, result.element))
    return op.emitOpError("has no derivative: result #")
           << index << " is neither a sum, a product, a maximum nor a minimum over the loops it reduces";
  return success();
}

LogicalResult GenericAdjoint::prepare(function_ref<bool(unsigned)> wanted) {
  for (OpOperand &operand : op->getOpOperands())
    if (unsigned index = operand.getOperandNumber();
        wanted(index) && (!op.isDpsInit(&operand) || op.getMatchingIndexingMap(&operand).isPermutation()))
      asked.push_back(index);
  for (auto [index, result] : llvm::enumerate(results)) {
    if (!result.gradient)
      continue;
    if (failed(classify(index)))
      return failure();
    if (result.combiner == Combiner::Extreme)
      countTies(index, wanted(op.getNumDpsInputs() + index));
    if (result.combiner == Combiner::Product)
      collectFactors(index);
  }
  return success();
}

/// The value as the generic combined it: the element's copy, compared and counted in the init's type.
static Value fill(OpBuilder &builder, Location loc, Value like, double number) {
  auto type = cast<RankedTensorType>(like.getType());
  Value empty = tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, like), type.getElementType());
  Value constant =
      arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type.getElementType(), number));
  return linalg::FillOp::create(builder, loc, constant, empty).getResult(0);
}

// Elements that are equal to an extreme share its gradient evenly, as torch.amax and jax.numpy.max do.
void GenericAdjoint::countTies(unsigned index, bool initCounts) {
  Result &result = results[index];
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(index));
  AdjointBody body(op);
  Value extreme = body.addInput(op.getResult(index), map);
  OpBuilder inner = body.getBuilder();
  Expression element{&inner, loc, body.lookup(result.element)};
  Value isTie = element.compare(arith::CmpFPredicate::OEQ, element.wrap(extreme));
  Value tie = element.constant(1.0).where(isTie).value;
  Value zeros = fill(builder, loc, op.getResult(index), 0.0);
  auto count = body.finish(builder, tie, zeros, map, AdjointBody::Combine::Add);
  Expression ties{&builder, loc, count->getResult(0)};
  if (initCounts) {
    Expression init = ties.wrap(op.getDpsInitOperand(index)->get());
    Value isInit = init.compare(arith::CmpFPredicate::OEQ, init.wrap(op.getResult(index)));
    ties = ties + ties.constant(1.0).where(isInit);
  }
  result.gradient = (ties.wrap(result.gradient) / ties).value;
}

// The product of the other factors is that of all nonzero ones over the element, unless one of them is zero.
void GenericAdjoint::collectFactors(unsigned index) {
  Result &result = results[index];
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(index));
  auto split = [&](Expression factor) {
    Expression one = factor.constant(1.0);
    Value isZero = factor.compare(arith::CmpFPredicate::OEQ, factor.constant(0.0));
    Value nonzero = arith::SelectOp::create(*factor.builder, loc, isZero, one.value, factor.value);
    return SmallVector<Value>{nonzero, one.where(isZero).value};
  };
  SmallVector<Value> inits = split({&builder, loc, op.getDpsInitOperand(index)->get()});
  AdjointBody body(op);
  OpBuilder inner = body.getBuilder();
  SmallVector<Value> values = split({&inner, loc, body.lookup(result.element)});
  auto both = body.finish(builder, values, inits, {map, map}, AdjointBody::Combine::Multiply,
                          AdjointBody::Combine::Add);
  result.factors = both->getResult(0);
  result.zeros = both->getResult(1);
}

static Expression otherFactors(Expression factor, Value factors, Value zeros) {
  Expression all = factor.wrap(factors), count = factor.wrap(zeros);
  Value isZero = factor.compare(arith::CmpFPredicate::OEQ, factor.constant(0.0));
  Value noneIsZero = count.compare(arith::CmpFPredicate::OEQ, count.constant(0.0));
  Value oneIsZero = count.compare(arith::CmpFPredicate::OEQ, count.constant(1.0));
  Expression others = all.where(oneIsZero), quotient = (all / factor).where(noneIsZero);
  return factor.wrap(arith::SelectOp::create(*factor.builder, factor.loc, isZero, others.value, quotient.value));
}

void GenericAdjoint::seed(AdjointBody &body) {
  OpBuilder inner = body.getBuilder();
  for (auto [index, result] : llvm::enumerate(results)) {
    if (!result.gradient)
      continue;
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(index));
    Expression gradient{&inner, loc, body.addInput(result.gradient, map)};
    Value target = body.lookup(op.getBody()->getTerminator()->getOperand(index));
    if (result.combiner == Combiner::Extreme) {
      target = body.lookup(result.element);
      Expression extreme = gradient.wrap(body.addInput(op.getResult(index), map));
      gradient = gradient.where(extreme.compare(arith::CmpFPredicate::OEQ, extreme.wrap(target)));
    }
    if (result.combiner == Combiner::Product) {
      target = body.lookup(result.element);
      Value factors = body.addInput(result.factors, map), zeros = body.addInput(result.zeros, map);
      gradient = gradient * otherFactors(gradient.wrap(target), factors, zeros);
    }
    body.gradients.add(inner, target, gradient.value);
  }
}

FailureOr<std::unique_ptr<AdjointBody>>
GenericAdjoint::differentiateBody(function_ref<SmallVector<Value>(AdjointBody &)> roots) {
  auto body = std::make_unique<AdjointBody>(op);
  seed(*body);
  OpBuilder inner = body->getBuilder();
  // Whoever is asked for, in whichever op, is a variable here: of equal operands of a maximum one takes the gradient.
  SmallVector<Value> variables = roots(*body);
  for (unsigned operand : asked)
    variables.push_back(body->lookup(op.getBody()->getArgument(operand)));
  if (failed(buildBackward(inner, body->getBlock(), variables, body->gradients)))
    return failure();
  return body;
}

FailureOr<Value> GenericAdjoint::differentiateInit(unsigned index) {
  Result &result = results[index];
  Expression gradient{&builder, loc, result.gradient}, init = gradient.wrap(op.getDpsInitOperand(index)->get());
  if (!result.gradient || result.combiner == Combiner::Sum)
    return result.gradient;
  if (result.combiner == Combiner::Extreme)
    return gradient.where(init.compare(arith::CmpFPredicate::OEQ, init.wrap(op.getResult(index)))).value;
  return (gradient * otherFactors(init, result.factors, result.zeros)).value;
}

FailureOr<Value> GenericAdjoint::differentiate(unsigned operand) {
  AffineMap map = op.getMatchingIndexingMap(&op->getOpOperand(operand));
  if (operand >= op.getNumDpsInputs() && !map.isPermutation())
    return differentiateInit(operand - op.getNumDpsInputs());
  Value argument = op.getBody()->getArgument(operand);
  auto body = differentiateBody([&](AdjointBody &body) { return SmallVector<Value>{body.lookup(argument)}; });
  if (failed(body))
    return failure();
  Value gradient = (*body)->gradients.lookup((*body)->lookup(argument));
  return gradient ? (*body)->finishGradient(builder, gradient, op->getOperand(operand), map) : Value();
}

LogicalResult GenericAdjoint::differentiateTogether(ArrayRef<unsigned> operands, SmallVectorImpl<Value> &gradients) {
  auto argument = [&](AdjointBody &body, unsigned operand) { return body.lookup(op.getBody()->getArgument(operand)); };
  auto body = differentiateBody([&](AdjointBody &body) {
    return llvm::map_to_vector(operands, [&](unsigned operand) { return argument(body, operand); });
  });
  if (failed(body))
    return failure();
  SmallVector<Value> values, inits;
  SmallVector<AffineMap> maps;
  SmallVector<unsigned> made;
  for (unsigned operand : operands) {
    Value gradient = (*body)->gradients.lookup(argument(**body, operand));
    if (!gradient)
      continue;
    AffineMap map = op.getMatchingIndexingMap(&op->getOpOperand(operand));
    if (Value unchanged = (*body)->getUnchanged(gradient, map)) {
      gradients[operand] = unchanged;
      continue;
    }
    Value like = op->getOperand(operand);
    inits.push_back(tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, like),
                                            getElementTypeOrSelf(like.getType())));
    values.push_back(gradient);
    maps.push_back(map);
    made.push_back(operand);
  }
  if (values.empty())
    return success();
  auto adjoint = (*body)->finish(builder, values, inits, maps, AdjointBody::Combine::Store);
  if (failed(adjoint))
    return failure();
  for (auto [operand, gradient] : llvm::zip(made, adjoint->getResults()))
    gradients[operand] = gradient;
  return success();
}
