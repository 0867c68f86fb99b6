// The backward walk: activity, accumulation, dispatch to the ops' derivatives.
#include "passes/train/Backward.h"

#include "dialect/norm/Strategy.h"
#include "dialect/norm/Norm.h"
#include "passes/train/Derivatives.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace keel;

bool keel::isDifferentiable(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    type = tensor.getElementType();
  return isa<FloatType>(type);
}

SmallVector<Value> keel::getDifferentiationInputs(Operation *op) {
  SmallVector<Value> inputs(op->getOperands());
  if (op->getNumRegions() == 0)
    return inputs;
  // Unlike upstream's getUsedValuesDefinedAbove this holds in a block that is in no op yet.
  llvm::SetVector<Value> captured;
  op->walk([&](Operation *inside) {
    if (inside == op)
      return;
    for (Value operand : inside->getOperands()) {
      Operation *scope = operand.getParentRegion()->getParentOp();
      if (!scope || !op->isAncestor(scope))
        captured.insert(operand);
    }
  });
  inputs.append(captured.begin(), captured.end());
  return inputs;
}

Value keel::constantLike(OpBuilder &builder, Location loc, Value like, double value) {
  auto tensor = dyn_cast<RankedTensorType>(like.getType());
  auto element = cast<FloatType>(tensor ? tensor.getElementType() : like.getType());
  TypedAttr scalar = builder.getFloatAttr(element, value);
  if (!tensor)
    return arith::ConstantOp::create(builder, loc, scalar);
  if (tensor.getRank() == 0)
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(tensor, scalar));
  Value constant = arith::ConstantOp::create(builder, loc, scalar);
  Value empty = tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, like), element);
  return linalg::FillOp::create(builder, loc, constant, empty).getResult(0);
}

Value keel::castTo(OpBuilder &builder, Location loc, Value value, Type type) {
  return value.getType() == type ? value : tensor::CastOp::create(builder, loc, type, value).getResult();
}

/// Whether a gradient may have to pass through a value of this type. A wider class than what has gradients here, so that
/// where the way of a gradient ends, say at an unranked tensor or a vector, there is an error and no silent zero.
static bool carriesFloats(Type type) { return isa<FloatType, ComplexType>(getElementTypeOrSelf(type)); }

void Gradients::add(OpBuilder &builder, Value value, Value contribution) {
  Location loc = contribution.getLoc();
  contribution = castTo(builder, loc, contribution, value.getType());
  Value &gradient = gradients[value];
  gradient = gradient ? arith::AddFOp::create(builder, loc, gradient, contribution).getResult() : contribution;
}

/// A gradient of a slice adds to the gradient of the whole only where the slice lies, so that a loop over slices costs
/// what the slices cost.
static bool addToSlice(OpBuilder &builder, Operation *op, Gradients &gradients) {
  auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
  Value whole = slice ? gradients.lookup(slice.getSource()) : Value();
  if (!whole)
    return false;
  Location loc = slice.getLoc();
  auto offsets = slice.getMixedOffsets(), sizes = slice.getMixedSizes(), strides = slice.getMixedStrides();
  Value old = tensor::ExtractSliceOp::create(builder, loc, slice.getType(), whole, offsets, sizes, strides);
  Value sum = arith::AddFOp::create(builder, loc, old, gradients.lookup(slice.getResult()));
  gradients.set(slice.getSource(),
                tensor::InsertSliceOp::create(builder, loc, sum, whole, offsets, sizes, strides).getResult());
  return true;
}

static LogicalResult differentiate(OpBuilder &builder, Operation *op, ArrayRef<Value> resultGradients,
                                   const DenseSet<Value> &active, Gradients &gradients) {
  auto rule = dyn_cast<norm::DifferentiableOpInterface>(op);
  if (!rule)
    return op->emitOpError("has no derivative, and a gradient has to pass through it; give it "
                           "norm::DifferentiableOpInterface or keep it off the path from parameters to the loss");
  SmallVector<Value> inputs = getDifferentiationInputs(op);
  // An input that is wanted is marked by itself; see the interface.
  SmallVector<Value> inputGradients = llvm::map_to_vector(
      inputs, [&](Value input) { return active.contains(input) ? input : Value(); });
  norm::InheritStrategy inherit(op, builder);
  if (failed(rule.buildGradient(builder, resultGradients, inputGradients)))
    return failure();
  for (auto [input, gradient] : llvm::zip(inputs, inputGradients))
    if (gradient && active.contains(input))
      gradients.add(builder, input, gradient);
  return success();
}

LogicalResult keel::buildBackward(OpBuilder &builder, Block &block, ArrayRef<Value> roots, Gradients &gradients,
                                  Operation *end) {
  DenseSet<Value> active(roots.begin(), roots.end());
  SmallVector<Operation *> path;
  for (Operation &op : block) {
    if (&op == end || op.hasTrait<OpTrait::IsTerminator>())
      break;
    if (llvm::none_of(getDifferentiationInputs(&op), [&](Value input) { return active.contains(input); }))
      continue;
    for (Value result : op.getResults())
      if (carriesFloats(result.getType()))
        active.insert(result);
    path.push_back(&op);
  }
  for (Operation *op : llvm::reverse(path)) {
    SmallVector<Value> resultGradients =
        llvm::map_to_vector(op->getResults(), [&](Value result) { return gradients.lookup(result); });
    if (llvm::all_of(resultGradients, [](Value gradient) { return !gradient; }) || addToSlice(builder, op, gradients))
      continue;
    if (failed(differentiate(builder, op, resultGradients, active, gradients)))
      return failure();
  }
  return success();
}

void keel::eraseDeadOps(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}
