// Gradients of what a generic's body captures: scalars, and tables that it gathers from with tensor.extract.
#include "passes/train/GenericAdjoint.h"
#include "passes/train/Expression.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace keel;

FailureOr<Value> GenericAdjoint::differentiateCaptured(Value captured) {
  if (isa<RankedTensorType>(captured.getType()))
    return differentiateTable(captured);
  auto body = differentiateBody([&](AdjointBody &) { return SmallVector<Value>{captured}; });
  if (failed(body))
    return failure();
  Value gradient = (*body)->gradients.lookup(captured);
  AffineMap scalar = AffineMap::get(op.getNumLoops(), 0, builder.getContext());
  return gradient ? (*body)->finishGradient(builder, gradient, captured, scalar) : Value();
}

FailureOr<Value> GenericAdjoint::differentiateTable(Value table) {
  Value total;
  for (Operation *user : table.getUsers()) {
    if (!op->isProperAncestor(user))
      continue;
    auto extract = dyn_cast<tensor::ExtractOp>(user);
    if (!extract || user->getParentOp() != op)
      return user->emitOpError("reads a tensor from around linalg.generic in a way that has no derivative; expected "
                               "tensor.extract at the top of its body");
    auto body = differentiateBody(
        [&](AdjointBody &body) { return SmallVector<Value>{body.lookup(extract.getResult())}; });
    if (failed(body))
      return failure();
    Value gradient = (*body)->gradients.lookup((*body)->lookup(extract.getResult()));
    if (!gradient)
      continue;
    Gather gather(op, extract);
    SmallVector<AffineExpr> order;
    SmallVector<OpFoldResult> sizes;
    for (unsigned loop : llvm::concat<unsigned>(gather.loops, gather.direct)) {
      order.push_back(builder.getAffineDimExpr(loop));
      sizes.push_back(getLoopExtent(builder, op, loop));
      assert(sizes.back() && "a structured op has every loop's extent in some operand");
    }
    Value init = tensor::EmptyOp::create(builder, loc, sizes, gradient.getType());
    AffineMap map = AffineMap::get(op.getNumLoops(), 0, order, builder.getContext());
    auto elements = (*body)->finish(builder, gradient, init, map, AdjointBody::Combine::Store);
    if (failed(elements))
      return failure();
    total = gather.scatter(builder, elements->getResult(0), total ? total : constantLike(builder, loc, table, 0.0));
  }
  return total;
}

/// The ops of the body behind `value`, in order, and the loops that they or their operands depend on.
static SmallVector<Operation *> collectSlice(linalg::GenericOp op, Value value, llvm::SmallSetVector<unsigned, 4> &loops) {
  llvm::SetVector<Operation *> slice;
  SmallVector<Value> pending{value};
  while (!pending.empty()) {
    Value next = pending.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(next); argument && argument.getOwner() == op.getBody()) {
      AffineMap map = op.getMatchingIndexingMap(&op->getOpOperand(argument.getArgNumber()));
      for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
        if (map.isFunctionOfDim(loop))
          loops.insert(loop);
      continue;
    }
    Operation *producer = next.getDefiningOp();
    if (!producer || producer->getBlock() != op.getBody() || !slice.insert(producer))
      continue;
    if (auto index = dyn_cast<linalg::IndexOp>(producer))
      loops.insert(index.getDim());
    llvm::append_range(pending, getDifferentiationInputs(producer));
  }
  SmallVector<Operation *> ordered(slice.begin(), slice.end());
  llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return ordered;
}

Gather::Gather(linalg::GenericOp op, tensor::ExtractOp extract) : op(op), extract(extract) {
  llvm::SmallSetVector<unsigned, 4> computed;
  for (Value index : extract.getIndices())
    if (!index.getDefiningOp<linalg::IndexOp>())
      collectSlice(op, index, computed);
  for (Value index : extract.getIndices()) {
    auto loop = index.getDefiningOp<linalg::IndexOp>();
    bool isDirect = loop && !computed.contains(loop.getDim()) && !llvm::is_contained(direct, loop.getDim());
    indices.push_back(isDirect ? std::optional<unsigned>(loop.getDim()) : std::nullopt);
    if (isDirect)
      direct.push_back(loop.getDim());
  }
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
    if (!llvm::is_contained(direct, loop))
      loops.push_back(loop);
}

/// A tensor over `loops` of an index that the body computes.
Value Gather::computeIndex(OpBuilder &builder, Value index) {
  Location loc = op.getLoc();
  llvm::SmallSetVector<unsigned, 4> used;
  SmallVector<Operation *> slice = collectSlice(op, index, used);
  SmallVector<AffineExpr> renamed(op.getNumLoops(), builder.getAffineConstantExpr(0));
  for (auto [position, loop] : llvm::enumerate(loops))
    renamed[loop] = builder.getAffineDimExpr(position);
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  SmallVector<unsigned> numbers;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (llvm::any_of(direct, [&](unsigned loop) { return map.isFunctionOfDim(loop); }))
      continue;
    operands.push_back(input->get());
    maps.push_back(map.replaceDimsAndSymbols(renamed, {}, loops.size(), 0));
    numbers.push_back(input->getOperandNumber());
  }
  maps.push_back(builder.getMultiDimIdentityMap(loops.size()));
  SmallVector<OpFoldResult> sizes =
      llvm::map_to_vector(loops, [&](unsigned loop) { return getLoopExtent(builder, op, loop); });
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, builder.getI64Type());
  SmallVector<utils::IteratorType> iterators(loops.size(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, empty.getType(), operands, empty, maps, iterators,
             [&](OpBuilder &inner, Location at, ValueRange arguments) {
               IRMapping mapping;
               for (auto [number, argument] : llvm::zip(numbers, arguments))
                 mapping.map(op.getBody()->getArgument(number), argument);
               for (Operation *inside : slice) {
                 Operation *copy = inner.clone(*inside, mapping);
                 if (auto loop = dyn_cast<linalg::IndexOp>(copy))
                   loop.setDim(cast<AffineDimExpr>(renamed[loop.getDim()]).getPosition());
               }
               Value result = arith::IndexCastOp::create(inner, at, inner.getI64Type(), mapping.lookupOrDefault(index));
               linalg::YieldOp::create(inner, at, result);
             })
      .getResult(0);
}

Value Gather::scatter(OpBuilder &builder, Value gradient, Value into) {
  Location loc = op.getLoc();
  SmallVector<Value> computed;
  for (auto [index, loop] : llvm::zip(extract.getIndices(), indices))
    computed.push_back(loop ? Value() : computeIndex(builder, index));
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  SmallVector<int64_t> shape;
  for (auto [position, loop] : llvm::enumerate(direct))
    shape.push_back(cast<RankedTensorType>(gradient.getType()).getDimSize(loops.size() + position));
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(gradient.getType()));

  SmallVector<Value> bounds;
  for (unsigned position = 0; position < loops.size(); ++position)
    bounds.push_back(getValueOrCreateConstantIndexOp(builder, loc,
                                                     tensor::getMixedSize(builder, loc, gradient, position)));
  SmallVector<OpFoldResult> extents;
  for (unsigned position = 0; position < direct.size(); ++position)
    extents.push_back(tensor::getMixedSize(builder, loc, gradient, loops.size() + position));
  Value low = arith::ConstantIndexOp::create(builder, loc, 0), step = arith::ConstantIndexOp::create(builder, loc, 1);
  auto body = [&](OpBuilder &b, Location at, ValueRange at_, ValueRange carried) -> scf::ValueVector {
    SmallVector<OpFoldResult> from = getAsOpFoldResult(at_), fromSizes(loops.size(), one), to, toSizes;
    from.append(direct.size(), zero);
    fromSizes.append(extents);
    unsigned next = 0;
    for (auto [loop, index] : llvm::zip(indices, computed)) {
      to.push_back(zero);
      if (loop) {
        toSizes.push_back(extents[next++]);
        continue;
      }
      Value place = tensor::ExtractOp::create(b, at, index, at_);
      to.back() = arith::IndexCastOp::create(b, at, b.getIndexType(), place).getResult();
      toSizes.push_back(one);
    }
    SmallVector<OpFoldResult> fromOnes(from.size(), one), toOnes(to.size(), one);
    Value part = tensor::ExtractSliceOp::create(b, at, type, gradient, from, fromSizes, fromOnes);
    Value old = tensor::ExtractSliceOp::create(b, at, type, carried[0], to, toSizes, toOnes);
    Value sum = arith::AddFOp::create(b, at, old, part);
    return {tensor::InsertSliceOp::create(b, at, sum, carried[0], to, toSizes, toOnes)};
  };
  if (loops.empty())
    return body(builder, loc, {}, into).front();
  scf::LoopNest nest = scf::buildLoopNest(builder, loc, SmallVector<Value>(loops.size(), low), bounds,
                                          SmallVector<Value>(loops.size(), step), into, body);
  return nest.results.front();
}
