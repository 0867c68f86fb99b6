// Writes the body of an adjoint op, and makes the op.
#include "passes/train/AdjointBody.h"

#include "passes/train/Expression.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace keel;

OpFoldResult keel::getLoopExtent(OpBuilder &builder, linalg::GenericOp op, unsigned loop) {
  for (OpOperand &operand : op->getOpOperands())
    for (auto [axis, expression] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (expression == getAffineDimExpr(loop, op.getContext()))
        return tensor::getMixedSize(builder, op.getLoc(), operand.get(), axis);
  return {};
}

AdjointBody::AdjointBody(linalg::GenericOp op) : op(op), loops(op.getNumLoops()) {
  region.emplaceBlock();
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    // The old value of a reduction is not saved; nothing may use it.
    if (op.isDpsInit(&operand) && !map.isPermutation()) {
      inputs.push_back({Value(), map});
      mapping.map(argument, region.front().addArgument(argument.getType(), argument.getLoc()));
      continue;
    }
    mapping.map(argument, addInput(operand.get(), map));
  }
  OpBuilder inner = getBuilder();
  for (Operation &inside : op.getBody()->without_terminator())
    inner.clone(inside, mapping);
}

Value AdjointBody::addInput(Value value, AffineMap map) {
  for (auto [index, input] : llvm::enumerate(inputs))
    if (input.value == value && input.map == map)
      return region.front().getArgument(index);
  inputs.push_back({value, map});
  return region.front().addArgument(getElementTypeOrSelf(value.getType()), value.getLoc());
}

Value AdjointBody::getUnchanged(Value value, AffineMap map) const {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getParentRegion() != &region)
    return {};
  const Input &input = inputs[argument.getArgNumber()];
  return input.map == map ? input.value : Value();
}

/// A value that was rounded only to be added up again is added up unrounded.
static Value peelRounding(Value value, Type type) {
  auto rounding = value.getDefiningOp<arith::TruncFOp>();
  return rounding && rounding.getIn().getType() == type ? rounding.getIn() : value;
}

static Value combineWith(OpBuilder &builder, Value value, Value old, AdjointBody::Combine combine) {
  Location loc = value.getLoc();
  Type type = old.getType();
  if (combine != AdjointBody::Combine::Store)
    value = peelRounding(value, type);
  if (value.getType() != type)
    value = arith::ExtFOp::create(builder, loc, type, value);
  if (combine == AdjointBody::Combine::Add)
    return arith::AddFOp::create(builder, loc, old, value);
  if (combine == AdjointBody::Combine::Multiply)
    return arith::MulFOp::create(builder, loc, old, value);
  return value;
}

LogicalResult AdjointBody::checkIndices() {
  for (const Window &window : windows)
    for (auto index : getBlock().getOps<linalg::IndexOp>())
      if (index.getDim() == window.outer || index.getDim() == window.inner)
        return op.emitOpError("has no derivative: its body uses linalg.index of a loop that sweeps a window");
  return success();
}

FailureOr<linalg::GenericOp> AdjointBody::finish(OpBuilder &builder, ArrayRef<Value> values, ArrayRef<Value> inits,
                                                 ArrayRef<AffineMap> outputs, Combine combine,
                                                 ArrayRef<Combine> others) {
  Block &block = getBlock();
  OpBuilder inner = getBuilder();
  SmallVector<Value> olds, yielded;
  for (auto [index, value, init] : llvm::enumerate(values, inits)) {
    olds.push_back(block.addArgument(getElementTypeOrSelf(init.getType()), op.getLoc()));
    yielded.push_back(combineWith(inner, value, olds.back(), index == 0 || others.empty() ? combine : others[index - 1]));
  }
  linalg::YieldOp::create(inner, op.getLoc(), yielded);
  eraseDeadOps(block);
  if (failed(checkIndices()))
    return failure();

  // Keep the inputs that are used.
  SmallVector<Input> kept;
  SmallVector<Value> arguments;
  for (auto [input, argument] : llvm::zip(inputs, block.getArguments())) {
    if (argument.use_empty())
      continue;
    if (!input.value)
      return op.emitOpError("has no derivative: the body uses the reduction's old value for more than one sum, "
                            "product, maximum or minimum");
    kept.push_back(input);
    arguments.push_back(argument);
    if (failed(applyWindows(builder, kept.back())))
      return failure();
  }
  // Whatever else bounds a loop stays as an operand that the body does not read.
  auto bounded = [&] {
    SmallVector<AffineMap> all;
    for (const Input &input : kept)
      all.push_back(input.map);
    all.append(outputs.begin(), outputs.end());
    return inversePermutation(concatAffineMaps(all, builder.getContext())) != AffineMap();
  };
  for (OpOperand &operand : op->getOpOperands()) {
    if (bounded())
      break;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    kept.push_back({operand.get(), AffineMap::get(loops, 0, map.getResults(), builder.getContext())});
    arguments.push_back(Value());
    if (failed(applyWindows(builder, kept.back())))
      return failure();
  }
  // A contraction's operands in the order of the result's dimensions: dA = dC·Bᵀ, dB = Aᵀ·dC.
  AffineMap first = outputs.front();
  if (kept.size() == 2 && first.getNumResults() > 0 && combine == Combine::Add) {
    auto leading = llvm::find_if(first.getResults(), [&](AffineExpr result) {
      return llvm::is_contained(kept[0].map.getResults(), result) != llvm::is_contained(kept[1].map.getResults(), result);
    });
    if (leading != first.getResults().end() && llvm::is_contained(kept[1].map.getResults(), *leading)) {
      std::swap(kept[0], kept[1]);
      std::swap(arguments[0], arguments[1]);
    }
  }

  // Loops in the order of the first output, then the rest, which are reductions.
  MLIRContext *context = builder.getContext();
  SmallVector<unsigned> order;
  for (AffineExpr result : first.getResults())
    order.push_back(cast<AffineDimExpr>(result).getPosition());
  for (unsigned loop = 0; loop < loops; ++loop)
    if (!llvm::is_contained(order, loop))
      order.push_back(loop);
  SmallVector<AffineExpr> renamed(loops);
  for (auto [position, loop] : llvm::enumerate(order))
    renamed[loop] = getAffineDimExpr(position, context);
  for (auto index : block.getOps<linalg::IndexOp>())
    index.setDim(cast<AffineDimExpr>(renamed[index.getDim()]).getPosition());
  SmallVector<AffineMap> maps;
  SmallVector<Value> operands;
  auto rename = [&](AffineMap map) { return map.replaceDimsAndSymbols(renamed, {}, loops, 0); };
  for (const Input &input : kept) {
    operands.push_back(input.value);
    maps.push_back(rename(input.map));
  }
  for (AffineMap output : outputs)
    maps.push_back(rename(output));
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), first.getNumResults(), utils::IteratorType::parallel);

  SmallVector<Type> types = llvm::map_to_vector(inits, [](Value init) { return init.getType(); });
  auto result = linalg::GenericOp::create(builder, op.getLoc(), types, operands, inits, maps, iterators);
  Block *final = result.getRegion().empty() ? &result.getRegion().emplaceBlock() : &result.getRegion().front();
  for (auto [input, argument] : llvm::zip(kept, arguments)) {
    Value fresh = final->addArgument(getElementTypeOrSelf(input.value.getType()), input.value.getLoc());
    if (argument)
      argument.replaceAllUsesWith(fresh);
  }
  for (Value old : olds)
    old.replaceAllUsesWith(final->addArgument(old.getType(), op.getLoc()));
  final->getOperations().splice(final->end(), block.getOperations());
  return result;
}
