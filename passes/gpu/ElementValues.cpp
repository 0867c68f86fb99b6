// Elements of tensors, wherever they come from.
#include "passes/gpu/ElementValues.h"

#include "passes/fuse/Partition.h"
#include "passes/fuse/RowLoop.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;
using namespace keel;

Value ElementValues::extentOf(Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return arith::ConstantIndexOp::create(builder, loc, type.getDimSize(dim));
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    return toIndex(device.extent(argument.getArgNumber(), dim));
  Operation *op = tensor.getDefiningOp();
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return outside(empty.getDynamicSizes()[type.getDynamicDimIndex(dim)]);
  if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
    return extentOf(style.getTiedOpOperand(cast<OpResult>(tensor))->get(), dim);
  ReifiedRankedShapedTypeDims shapes;
  llvm_unreachable("a value of unknown extent inside a kernel");
}

Value ElementValues::outside(Value value) {
  if (steps && value == steps.getInductionVar())
    return step;
  if (value.getParentBlock() != kernel.getBlock() && !(steps && value.getParentBlock() == steps.getBody()))
    return value;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return device.number(argument);
  if (auto dim = value.getDefiningOp<tensor::DimOp>())
    return extentOf(dim.getSource(), *dim.getConstantIndex());
  if (auto extract = value.getDefiningOp<tensor::ExtractOp>()) {
    SmallVector<Value> position;
    for (Value index : extract.getIndices())
      position.push_back(outside(index));
    return valueAt(extract.getTensor(), position);
  }
  IRMapping mapping;
  Operation *op = value.getDefiningOp();
  for (Value operand : op->getOperands())
    mapping.map(operand, outside(operand));
  return builder.clone(*op, mapping)->getResult(cast<OpResult>(value).getResultNumber());
}

Value ElementValues::outside(OpFoldResult value) {
  if (auto constant = getConstantIntValue(value))
    return arith::ConstantIndexOp::create(builder, loc, *constant);
  return outside(cast<Value>(value));
}

Value ElementValues::valueAt(Value tensor, ArrayRef<Value> position) {
  if (!isa<ShapedType>(tensor.getType()))
    return outside(tensor);
  Type elementType = getElementTypeOrSelf(tensor.getType());
  if (steps && llvm::is_contained(steps.getRegionIterArgs(), tensor))
    return device.load(device.pointerTo(kernel.getInputs().size(), position), elementType).front();
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    return device.load(device.pointerTo(argument.getArgNumber(), position), elementType).front();
  Operation *op = tensor.getDefiningOp();
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto value = cast<DenseElementsAttr>(constant.getValue()).getSplatValue<Attribute>();
    return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(value));
  }
  if (isa<tensor::EmptyOp>(op))
    return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(elementType));
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    SmallVector<Value> inSource;
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    unsigned next = 0;
    for (auto [dim, pair] : llvm::enumerate(llvm::zip(slice.getMixedOffsets(), slice.getMixedStrides()))) {
      Value offset = outside(std::get<0>(pair));
      if (!dropped.test(dim)) {
        Value scaled = arith::MulIOp::create(builder, loc, position[next++], outside(std::get<1>(pair)));
        offset = arith::AddIOp::create(builder, loc, offset, scaled);
      }
      inSource.push_back(offset);
    }
    return valueAt(slice.getSource(), inSource);
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    AffineMap map = generic.getIndexingMapMatchingResult(cast<OpResult>(tensor));
    SmallVector<Value> loops(generic.getNumLoops());
    for (auto [expr, index] : llvm::zip(map.getResults(), position))
      loops[cast<AffineDimExpr>(expr).getPosition()] = index;
    return body(generic, loops, operandsAt(generic, loops, {}))[cast<OpResult>(tensor).getResultNumber()];
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return padAt(pad, position);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    Value element;
    insertedAt(insert, position, [&](Value inside, function_ref<Value()> source) {
      element = choose(inside, elementType, source, [&] { return valueAt(insert.getDest(), position); });
    });
    return element;
  }
  if (auto generate = dyn_cast<tensor::GenerateOp>(op))
    return cloneBlock(generate.getBody().front(), position);
  llvm_unreachable("a tensor that is neither an argument nor evaluated in place");
}

Value ElementValues::choose(Value condition, Type type, llvm::function_ref<Value()> then,
                            llvm::function_ref<Value()> otherwise) {
  auto branch = scf::IfOp::create(builder, loc, type, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, then());
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, otherwise());
  return branch.getResult(0);
}

Value ElementValues::shift(ArrayRef<Value> position, ArrayRef<OpFoldResult> offsets, ArrayRef<Value> extents,
                           SmallVector<Value> &moved) {
  Value inside;
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  for (auto [index, offset, extent] : llvm::zip(position, offsets, extents)) {
    moved.push_back(arith::SubIOp::create(builder, loc, index, outside(offset)));
    for (Value test :
         {arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, moved.back(), zero).getResult(),
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, moved.back(), extent).getResult()})
      inside = inside ? arith::AndIOp::create(builder, loc, inside, test).getResult() : test;
  }
  return inside ? inside : arith::ConstantIntOp::create(builder, loc, 1, 1).getResult();
}

Value ElementValues::padAt(tensor::PadOp pad, ArrayRef<Value> position) {
  SmallVector<Value> moved, extents;
  for (int64_t dim = 0; dim < pad.getSourceType().getRank(); ++dim)
    extents.push_back(extentOf(pad.getSource(), dim));
  Value inside = shift(position, pad.getMixedLowPad(), extents, moved);
  return choose(
      inside, getElementTypeOrSelf(pad.getType()), [&] { return valueAt(pad.getSource(), moved); },
      [&] { return cloneBlock(pad.getRegion().front(), position); });
}

void ElementValues::insertedAt(tensor::InsertSliceOp insert, ArrayRef<Value> position,
                               function_ref<void(Value, function_ref<Value()>)> use) {
  SmallVector<Value> moved, extents;
  for (OpFoldResult size : insert.getMixedSizes())
    extents.push_back(outside(size));
  Value inside = shift(position, insert.getMixedOffsets(), extents, moved);
  SmallVector<Value> inSource;
  llvm::SmallBitVector dropped = insert.getDroppedDims();
  for (auto [dim, index] : llvm::enumerate(moved))
    if (!dropped.test(dim))
      inSource.push_back(index);
  use(inside, [&] { return valueAt(insert.getSource(), inSource); });
}

Value ElementValues::cloneBlock(Block &block, ArrayRef<Value> arguments) {
  IRMapping mapping;
  for (auto [argument, value] : llvm::zip(block.getArguments(), arguments))
    mapping.map(argument, value);
  return cloneOps(block, {}, mapping).front();
}

SmallVector<Value> ElementValues::cloneOps(Block &block, ArrayRef<Value> loops, IRMapping &mapping) {
  for (Operation &inner : block.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(index.getResult(), loops[index.getDim()]);
      continue;
    }
    auto lookup = [&](Value value) { return mapping.contains(value) ? mapping.lookup(value) : outside(value); };
    if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
      SmallVector<Value> position;
      for (Value index : extract.getIndices())
        position.push_back(lookup(index));
      mapping.map(extract.getResult(), valueAt(extract.getTensor(), position));
      continue;
    }
    device.mapOutside(inner, mapping, [&](Value value) { return outside(value); });
    builder.clone(inner, mapping);
  }
  SmallVector<Value> results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(mapping.contains(value) ? mapping.lookup(value) : outside(value));
  return results;
}

SmallVector<Value> ElementValues::body(linalg::GenericOp op, ArrayRef<Value> loops, ArrayRef<Value> arguments) {
  IRMapping mapping;
  for (auto [argument, value] : llvm::zip(op.getBody()->getArguments(), arguments))
    mapping.map(argument, value);
  return cloneOps(*op.getBody(), loops, mapping);
}

SmallVector<Value> ElementValues::operandsAt(linalg::GenericOp op, ArrayRef<Value> loops, ArrayRef<Value> sums) {
  SmallVector<Value> values;
  for (OpOperand &operand : op->getOpOperands()) {
    bool isInit = op.isDpsInit(&operand);
    if (isInit && !sums.empty() && !isWritten(op, &operand)) {
      values.push_back(sums[operand.getOperandNumber() - op.getNumDpsInputs()]);
      continue;
    }
    Type type = getElementTypeOrSelf(operand.get().getType());
    if (isInit && !op.payloadUsesValueFromOperand(&operand)) {
      values.push_back(arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)));
      continue;
    }
    SmallVector<Value> position;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (AffineExpr expr : map.getResults())
      position.push_back(affine::expandAffineExpr(builder, loc, expr, loops, {}));
    values.push_back(valueAt(operand.get(), position));
  }
  return values;
}

bool ElementValues::isWritten(linalg::GenericOp op, OpOperand *init) {
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  AffineMap map = op.getMatchingIndexingMap(init);
  return llvm::any_of(map.getResults(), [&](AffineExpr expr) {
    return !LoopGroups::get(expr) &&
           llvm::any_of(reductions, [&](unsigned loop) { return expr.isFunctionOfDim(loop); });
  });
}
