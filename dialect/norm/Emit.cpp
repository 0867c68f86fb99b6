// The structured-op emitter behind the decompositions.
#include "dialect/norm/Emit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace keel::norm;

Type keel::norm::getAccumulationType(Type elementType) {
  return elementType.isF64() ? elementType : Float32Type::get(elementType.getContext());
}

Value keel::norm::castFloat(OpBuilder &builder, Location loc, Value value, Type type) {
  unsigned from = value.getType().getIntOrFloatBitWidth(), to = type.getIntOrFloatBitWidth();
  if (value.getType() == type)
    return value;
  if (from < to)
    return arith::ExtFOp::create(builder, loc, type, value);
  assert(from > to && "f16 and bf16 do not meet in one op");
  return arith::TruncFOp::create(builder, loc, type, value);
}

Value keel::norm::constantOf(OpBuilder &builder, Location loc, Type type, double value) {
  if (auto floating = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(floating, value));
  return arith::ConstantOp::create(builder, loc, builder.getIntegerAttr(type, static_cast<int64_t>(value)));
}

SmallVector<int64_t> keel::norm::complementDims(int64_t rank, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> rest;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dims, dim))
      rest.push_back(dim);
  return rest;
}

OpFoldResult keel::norm::sizeOf(OpBuilder &builder, Location loc, Value tensor, int64_t dim) {
  while (Operation *op = tensor.getDefiningOp()) {
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return empty.getMixedSizes()[dim];
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return expand.getMixedOutputShape()[dim];
    auto collapse = dyn_cast<tensor::CollapseShapeOp>(op);
    if (collapse && collapse.getReassociationIndices()[dim].size() == 1) {
      dim = collapse.getReassociationIndices()[dim][0];
      tensor = collapse.getSrc();
    } else if (auto style = dyn_cast<DestinationStyleOpInterface>(op)) {
      tensor = style.getTiedOpOperand(cast<OpResult>(tensor))->get();
    } else {
      break;
    }
  }
  return tensor::getMixedSize(builder, loc, tensor, dim);
}

Emitter::Emitter(OpBuilder &builder, Location loc, Value space)
    : builder(builder), loc(loc), space(space), type(cast<RankedTensorType>(space.getType())) {
  accumulation = getAccumulationType(type.getElementType());
}

Value Emitter::empty(ArrayRef<int64_t> dims, Type elementType) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t dim : dims)
    sizes.push_back(sizeOf(builder, loc, space, dim));
  return tensor::EmptyOp::create(builder, loc, sizes, elementType);
}

Value Emitter::generic(ArrayRef<Input> inputs, ArrayRef<int64_t> loops, ArrayRef<int64_t> kept, Value init,
                       bool accumulate, Body body) {
  MLIRContext *context = builder.getContext();
  auto mapOf = [&](ArrayRef<int64_t> dims) {
    SmallVector<AffineExpr> exprs;
    for (int64_t dim : dims)
      exprs.push_back(getAffineDimExpr(llvm::find(loops, dim) - loops.begin(), context));
    return AffineMap::get(loops.size(), 0, exprs, context);
  };
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (const Input &input : inputs)
    if (input.value) {
      operands.push_back(input.value);
      maps.push_back(mapOf(input.dims));
    }
  maps.push_back(mapOf(kept));
  SmallVector<utils::IteratorType> iterators;
  for (int64_t loop : loops)
    iterators.push_back(llvm::is_contained(kept, loop) ? utils::IteratorType::parallel
                                                       : utils::IteratorType::reduction);
  auto fill = [&](OpBuilder &b, Location at, ValueRange blockArguments) {
    SmallVector<Value> arguments;
    auto next = blockArguments.begin();
    for (const Input &input : inputs) {
      if (!input.value)
        arguments.push_back(constantOf(b, at, accumulation, input.constant));
      else if (Value value = *next++; isa<FloatType>(value.getType()))
        arguments.push_back(castFloat(b, at, value, accumulation));
      else
        arguments.push_back(value);
    }
    if (accumulate)
      arguments.push_back(blockArguments.back());
    Value result = body(b, at, arguments);
    linalg::YieldOp::create(b, at, castFloat(b, at, result, getElementTypeOrSelf(init.getType())));
  };
  return linalg::GenericOp::create(builder, loc, TypeRange(init.getType()), operands, ValueRange(init), maps, iterators,
                                   fill)
      .getResult(0);
}

Value Emitter::map(ArrayRef<Input> inputs, ArrayRef<int64_t> loops, Type elementType, Body body) {
  return generic(inputs, loops, loops, empty(loops, elementType), /*accumulate=*/false, body);
}

Value Emitter::reduce(ArrayRef<Input> inputs, ArrayRef<int64_t> kept, double identity, Body body) {
  Value zero = constantOf(builder, loc, accumulation, identity);
  Value init = linalg::FillOp::create(builder, loc, zero, empty(kept, accumulation)).getResult(0);
  return generic(inputs, allDims(), kept, init, /*accumulate=*/true, body);
}

Input Emitter::count(ArrayRef<int64_t> dims) {
  int64_t known = 1;
  Value dynamic;
  for (int64_t dim : dims) {
    if (!type.isDynamicDim(dim)) {
      known *= type.getDimSize(dim);
      continue;
    }
    Value size = tensor::DimOp::create(builder, loc, space, dim);
    dynamic = dynamic ? arith::MulIOp::create(builder, loc, dynamic, size).getResult() : size;
  }
  if (!dynamic)
    return static_cast<double>(known);
  if (known != 1)
    dynamic = arith::MulIOp::create(builder, loc, dynamic,
                                    arith::ConstantIndexOp::create(builder, loc, known).getResult());
  Value integer = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), dynamic);
  return Value(arith::SIToFPOp::create(builder, loc, accumulation, integer));
}
