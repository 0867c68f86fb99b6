// Derivatives of structured control flow: the taken branch, or the iterations in reverse order.
#include "passes/train/Backward.h"
#include "passes/train/Derivatives.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace keel;

namespace {

using Results = ArrayRef<Value>;
using Inputs = SmallVectorImpl<Value>;

/// The captured values that get a gradient, and their places among an op's inputs.
struct Captures {
  Captures(Operation *op, Wanted wanted) {
    SmallVector<Value> inputs = getDifferentiationInputs(op);
    for (unsigned index = op->getNumOperands(); index < inputs.size(); ++index)
      if (wanted(index) && isDifferentiable(inputs[index].getType())) {
        values.push_back(inputs[index]);
        places.push_back(index);
      }
  }
  SmallVector<Value> values;
  SmallVector<unsigned> places;
};

void cloneBody(OpBuilder &builder, Block &body, IRMapping &mapping) {
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
}

Value gradientOrZero(OpBuilder &builder, Location loc, const Gradients &gradients, Value value) {
  Value gradient = gradients.lookup(value);
  return gradient ? gradient : constantLike(builder, loc, value, 0.0);
}

// Each branch is computed again where its gradient is: what it saves need not leave it.
LogicalResult branch(scf::IfOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  Captures captures(op, wanted);
  dx.resize(std::max<size_t>(dx.size(), captures.places.empty() ? 0 : captures.places.back() + 1));
  if (captures.values.empty())
    return success();
  Location loc = op.getLoc();
  auto gradient = scf::IfOp::create(builder, loc, ValueRange(captures.values).getTypes(), op.getCondition(),
                                    /*addThenBlock=*/true, /*addElseBlock=*/true);
  for (auto [source, target] : {std::pair(op.thenBlock(), gradient.thenBlock()),
                                std::pair(op.elseBlock(), gradient.elseBlock())}) {
    OpBuilder inner = OpBuilder::atBlockEnd(target);
    IRMapping mapping;
    cloneBody(inner, *source, mapping);
    Gradients gradients;
    for (auto [yielded, dResult] : llvm::zip(source->getTerminator()->getOperands(), dy))
      if (dResult)
        gradients.add(inner, mapping.lookupOrDefault(yielded), dResult);
    if (failed(buildBackward(inner, *target, captures.values, gradients)))
      return failure();
    SmallVector<Value> results =
        llvm::map_to_vector(captures.values, [&](Value value) { return gradientOrZero(inner, loc, gradients, value); });
    scf::YieldOp::create(inner, loc, results);
    eraseDeadOps(*target);
  }
  for (auto [place, result] : llvm::zip(captures.places, gradient.getResults()))
    dx[place] = result;
  return success();
}

/// A loop that saves what each iteration was given, and its reverse.
class ReversedLoop {
public:
  ReversedLoop(scf::ForOp op);

  /// Builds the reverse, which reads stacks of carried values that are not there yet.
  LogicalResult reverse(OpBuilder &builder, Results dy, const Captures &captures, Inputs &dx);
  /// Replaces the loop by one that makes the stacks which the reverse came to read. The old one is left without users.
  void save();

private:
  /// A slice of the stack of carried value `index` at `position`.
  struct Slice {
    SmallVector<OpFoldResult> offsets, sizes, strides;
  };
  Slice sliceAt(OpBuilder &builder, unsigned index, OpFoldResult position);
  Value push(OpBuilder &builder, Value value, Value stack, unsigned index, Value position);
  Value top(OpBuilder &builder, unsigned index, Value position);

  scf::ForOp op;
  Location loc;
  OpFoldResult trips;
  SmallVector<Value> stacks; // empty at first; null for what the body does not read
};

ReversedLoop::Slice ReversedLoop::sliceAt(OpBuilder &builder, unsigned index, OpFoldResult position) {
  Value init = op.getInitArgs()[index];
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  Slice slice{{position}, {one}, {one}};
  if (isa<RankedTensorType>(init.getType()))
    for (OpFoldResult size : tensor::getMixedSizes(builder, loc, init)) {
      slice.offsets.push_back(zero);
      slice.sizes.push_back(size);
      slice.strides.push_back(one);
    }
  return slice;
}

Value ReversedLoop::push(OpBuilder &builder, Value value, Value stack, unsigned index, Value position) {
  if (!isa<RankedTensorType>(value.getType()))
    value = tensor::FromElementsOp::create(builder, loc, RankedTensorType::get({}, value.getType()), value);
  Slice slice = sliceAt(builder, index, position);
  return tensor::InsertSliceOp::create(builder, loc, value, stack, slice.offsets, slice.sizes, slice.strides);
}

Value ReversedLoop::top(OpBuilder &builder, unsigned index, Value position) {
  auto type = dyn_cast<RankedTensorType>(op.getInitArgs()[index].getType());
  if (!type)
    return tensor::ExtractOp::create(builder, loc, stacks[index], position);
  Slice slice = sliceAt(builder, index, position);
  return tensor::ExtractSliceOp::create(builder, loc, type, stacks[index], slice.offsets, slice.sizes, slice.strides);
}

ReversedLoop::ReversedLoop(scf::ForOp op) : op(op), loc(op.getLoc()) {
  OpBuilder builder(op);
  AffineExpr low, high, step;
  bindSymbols(builder.getContext(), low, high, step);
  AffineExpr count = (high - low).ceilDiv(step);
  trips = affine::makeComposedFoldedAffineMax(
      builder, loc, AffineMap::get(0, 3, {builder.getAffineConstantExpr(0), count}, builder.getContext()),
      {op.getLowerBound(), op.getUpperBound(), op.getStep()});
  for (auto [init, argument] : llvm::zip(op.getInitArgs(), op.getRegionIterArgs())) {
    SmallVector<OpFoldResult> sizes{trips};
    if (isa<RankedTensorType>(argument.getType()))
      llvm::append_range(sizes, tensor::getMixedSizes(builder, loc, init));
    stacks.push_back(argument.use_empty() ? Value()
                                          : tensor::EmptyOp::create(builder, loc, sizes,
                                                                    getElementTypeOrSelf(argument.getType())));
  }
}

void ReversedLoop::save() {
  OpBuilder builder(op);
  unsigned carried = op.getNumRegionIterArgs();
  SmallVector<Value> inits(op.getInitArgs());
  SmallVector<unsigned> saved;
  for (auto [index, stack] : llvm::enumerate(stacks))
    if (stack && !stack.use_empty()) {
      saved.push_back(index);
      inits.push_back(stack);
    }
  if (saved.empty())
    return;
  auto body = [&](OpBuilder &inner, Location at, Value position, ValueRange arguments) {
    IRMapping mapping;
    mapping.map(op.getInductionVar(), position);
    mapping.map(op.getRegionIterArgs(), arguments.take_front(carried));
    Value offset = arith::SubIOp::create(inner, at, position, op.getLowerBound());
    Value trip = arith::DivUIOp::create(inner, at, offset, op.getStep());
    SmallVector<Value> pushed;
    for (auto [number, index] : llvm::enumerate(saved))
      pushed.push_back(push(inner, arguments[index], arguments[carried + number], index, trip));
    cloneBody(inner, *op.getBody(), mapping);
    SmallVector<Value> yielded = llvm::map_to_vector(
        op.getBody()->getTerminator()->getOperands(), [&](Value value) { return mapping.lookupOrDefault(value); });
    yielded.append(pushed);
    scf::YieldOp::create(inner, at, yielded);
  };
  auto saving = scf::ForOp::create(builder, loc, op.getLowerBound(), op.getUpperBound(), op.getStep(), inits, body);
  op->replaceAllUsesWith(saving.getResults().take_front(carried));
  for (auto [number, index] : llvm::enumerate(saved))
    stacks[index].replaceAllUsesExcept(saving.getResult(carried + number), saving);
}

LogicalResult ReversedLoop::reverse(OpBuilder &builder, Results dy, const Captures &captures, Inputs &dx) {
  unsigned first = op.getNumControlOperands();
  SmallVector<unsigned> carried;
  SmallVector<Value> inits;
  for (auto [index, init] : llvm::enumerate(op.getInitArgs()))
    if (isDifferentiable(init.getType())) {
      carried.push_back(index);
      inits.push_back(dy[index] ? dy[index] : constantLike(builder, loc, init, 0.0));
    }
  for (Value captured : captures.values)
    inits.push_back(constantLike(builder, loc, captured, 0.0));

  Value zero = arith::ConstantIndexOp::create(builder, loc, 0), one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value count = getValueOrCreateConstantIndexOp(builder, loc, trips);
  LogicalResult status = success();
  auto body = [&](OpBuilder &inner, Location at, Value iteration, ValueRange arguments) {
    Value left = arith::SubIOp::create(inner, at, count, iteration);
    Value trip = arith::SubIOp::create(inner, at, left, one);
    Value offset = arith::MulIOp::create(inner, at, trip, op.getStep());
    Value position = arith::AddIOp::create(inner, at, op.getLowerBound(), offset);
    IRMapping mapping;
    mapping.map(op.getInductionVar(), position);
    for (auto [index, argument] : llvm::enumerate(op.getRegionIterArgs()))
      if (stacks[index])
        mapping.map(argument, top(inner, index, trip));
    cloneBody(inner, *op.getBody(), mapping);

    Gradients gradients;
    SmallVector<Value> roots(captures.values);
    for (auto [captured, gradient] : llvm::zip(captures.values, arguments.drop_front(carried.size())))
      gradients.set(captured, gradient);
    for (auto [index, gradient] : llvm::zip(carried, arguments)) {
      gradients.add(inner, mapping.lookupOrDefault(op.getYieldedValues()[index]), gradient);
      if (stacks[index])
        roots.push_back(mapping.lookup(op.getRegionIterArgs()[index]));
    }
    Block &block = *inner.getInsertionBlock();
    status = buildBackward(inner, block, roots, gradients);
    SmallVector<Value> results;
    for (unsigned index : carried)
      results.push_back(stacks[index]
                            ? gradientOrZero(inner, at, gradients, mapping.lookup(op.getRegionIterArgs()[index]))
                            : constantLike(inner, at, op.getInitArgs()[index], 0.0));
    for (Value captured : captures.values)
      results.push_back(gradients.lookup(captured));
    scf::YieldOp::create(inner, at, results);
    eraseDeadOps(block);
  };
  auto loop = scf::ForOp::create(builder, loc, zero, count, one, inits, body);
  for (auto [number, index] : llvm::enumerate(carried))
    dx[first + index] = loop.getResult(number);
  for (auto [number, place] : llvm::enumerate(captures.places))
    dx[place] = loop.getResult(carried.size() + number);
  return status;
}

LogicalResult loop(scf::ForOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  if (!op.getInductionVar().getType().isIndex())
    return op.emitOpError("has no derivative over ") << op.getInductionVar().getType() << "; expected index";
  Captures captures(op, wanted);
  dx.resize(getDifferentiationInputs(op).size());
  ReversedLoop reversed(op);
  if (failed(reversed.reverse(builder, dy, captures, dx)))
    return failure();
  reversed.save();
  return success();
}

} // namespace

void keel::registerControlFlowDerivatives(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, scf::SCFDialect *) {
    scf::IfOp::attachInterface<Derivative<scf::IfOp, branch>>(*context);
    scf::ForOp::attachInterface<Derivative<scf::ForOp, loop>>(*context);
  });
}
