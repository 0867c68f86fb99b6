// The device function of a kernel of one computation of any shape: a thread for each element of the result, loops over what
// it sums. General, and as fast as its memory accesses happen to be.
#include "passes/gpu/Generate.h"

#include "passes/fuse/Partition.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace keel;

/// The first of the results with the fewest dimensions: a thread makes an element of it.
static unsigned smallestResult(KernelOp kernel) {
  auto rank = [&](unsigned index) { return cast<RankedTensorType>(kernel.getInits()[index].getType()).getRank(); };
  unsigned smallest = 0;
  for (unsigned index = 1; index < kernel.getInits().size(); ++index)
    if (rank(index) < rank(smallest))
      smallest = index;
  return smallest;
}

namespace {
class ElementGenerator {
public:
  ElementGenerator(OpBuilder &moduleBuilder, KernelOp kernel)
      : kernel(kernel), device(moduleBuilder, kernel, {}, {}, elementThreads), builder(device.builder), loc(device.loc) {}

  FailureOr<LLVM::LLVMFuncOp> run() {
    device.function->setAttr(threadsAttribute, builder.getI32IntegerAttr(elementThreads));
    device.function->setAttr(sharedBytesAttribute, builder.getI32IntegerAttr(0));
    device.function->setAttr(scheduleAttribute, builder.getStringAttr("elements"));
    auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
    Operation *op = yield.getValues().front().getDefiningOp();
    if (!op || !llvm::all_of(yield.getValues(), [&](Value value) { return value.getDefiningOp() == op; }))
      return kernel.emitError("expected the results of one computation");
    unsigned smallest = smallestResult(kernel);
    auto type = cast<RankedTensorType>(yield.getValues()[smallest].getType());
    Value element = device.add(device.multiply(device.block(), elementThreads), device.thread());
    unsigned output = kernel.getInputs().size() + smallest;
    Value count = device.constant(1);
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      count = device.multiply(count, device.extent(output, dim));
    LogicalResult status = success();
    device.when(device.lessThan(element, count), [&] {
      // The element's position in the result.
      SmallVector<Value> position(type.getRank());
      Value rest = element;
      for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
        Value extent = device.extent(output, dim);
        position[dim] = toIndex(dim ? arith::RemUIOp::create(builder, loc, rest, extent).getResult() : rest);
        rest = arith::DivUIOp::create(builder, loc, rest, extent);
      }
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        status = emitGeneric(generic, cast<OpResult>(yield.getValues()[smallest]), position);
      else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op); insert && insert.getDest() == kernel.getBlock()->getArgument(output))
        // In place: the other elements stay as they are, even if nobody has written them.
        insertedAt(insert, position, [&](Value inside, function_ref<Value()> source) {
          device.when(inside, [&] { write(output, position, source()); });
        });
      else if (isa<tensor::PadOp, tensor::InsertSliceOp, tensor::GenerateOp>(op))
        write(output, position, valueAt(op->getResult(0), position));
      else
        status = op->emitError("no GPU kernel can be made of '") << op->getName() << "' yet";
    });
    if (failed(status))
      return failure();
    return device.function;
  }

private:
  Value toIndex(Value number) { return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number); }

  Value extentOf(Value tensor, int64_t dim) {
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

  void write(unsigned operand, ArrayRef<Value> position, Value value) { device.store({value}, device.pointerTo(operand, position)); }

  /// A number of the kernel's own block.
  Value outside(Value value) {
    if (!value.getParentBlock() || value.getParentBlock() != kernel.getBlock())
      return value;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      Value parameter = device.parameter(argument.getArgNumber());
      if (value.getType().isIndex())
        return toIndex(parameter);
      if (parameter.getType() != value.getType())
        return arith::TruncIOp::create(builder, loc, value.getType(), parameter);
      return parameter;
    }
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

  Value outside(OpFoldResult value) {
    if (auto constant = getConstantIntValue(value))
      return arith::ConstantIndexOp::create(builder, loc, *constant);
    return outside(cast<Value>(value));
  }

  /// One element of a tensor: loaded, or evaluated.
  Value valueAt(Value tensor, ArrayRef<Value> position) {
    if (!isa<ShapedType>(tensor.getType()))
      return outside(tensor);
    Type elementType = getElementTypeOrSelf(tensor.getType());
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

  Value choose(Value condition, Type type, llvm::function_ref<Value()> then, llvm::function_ref<Value()> otherwise) {
    auto branch = scf::IfOp::create(builder, loc, type, condition, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(builder, loc, then());
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, otherwise());
    return branch.getResult(0);
  }

  /// Positions relative to `offsets`, and whether all of them lie in [0, extent).
  Value shift(ArrayRef<Value> position, ArrayRef<OpFoldResult> offsets, ArrayRef<Value> extents, SmallVector<Value> &moved) {
    Value inside;
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    for (auto [index, offset, extent] : llvm::zip(position, offsets, extents)) {
      moved.push_back(arith::SubIOp::create(builder, loc, index, outside(offset)));
      for (Value test : {arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, moved.back(), zero).getResult(),
                         arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, moved.back(), extent).getResult()})
        inside = inside ? arith::AndIOp::create(builder, loc, inside, test).getResult() : test;
    }
    return inside ? inside : arith::ConstantIntOp::create(builder, loc, 1, 1).getResult();
  }

  Value padAt(tensor::PadOp pad, ArrayRef<Value> position) {
    SmallVector<Value> moved, extents;
    for (int64_t dim = 0; dim < pad.getSourceType().getRank(); ++dim)
      extents.push_back(extentOf(pad.getSource(), dim));
    Value inside = shift(position, pad.getMixedLowPad(), extents, moved);
    return choose(inside, getElementTypeOrSelf(pad.getType()), [&] { return valueAt(pad.getSource(), moved); },
                  [&] { return cloneBlock(pad.getRegion().front(), position); });
  }

  /// Calls `use` with whether the position lies in what is inserted, and a function that gives the element there.
  void insertedAt(tensor::InsertSliceOp insert, ArrayRef<Value> position,
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

  /// Clones a block of scalar ops and gives what it yields.
  Value cloneBlock(Block &block, ArrayRef<Value> arguments) {
    IRMapping mapping;
    for (auto [argument, value] : llvm::zip(block.getArguments(), arguments))
      mapping.map(argument, value);
    return cloneOps(block, {}, mapping).front();
  }

  SmallVector<Value> cloneOps(Block &block, ArrayRef<Value> loops, IRMapping &mapping) {
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
      inner.walk([&](Operation *nested) {
        for (Value operand : nested->getOperands())
          if (!mapping.contains(operand) && operand.getParentBlock() == kernel.getBlock())
            mapping.map(operand, outside(operand));
      });
      builder.clone(inner, mapping);
    }
    SmallVector<Value> results;
    for (Value value : block.getTerminator()->getOperands())
      results.push_back(mapping.contains(value) ? mapping.lookup(value) : outside(value));
    return results;
  }

  SmallVector<Value> body(linalg::GenericOp op, ArrayRef<Value> loops, ArrayRef<Value> arguments) {
    IRMapping mapping;
    for (auto [argument, value] : llvm::zip(op.getBody()->getArguments(), arguments))
      mapping.map(argument, value);
    return cloneOps(*op.getBody(), loops, mapping);
  }

  /// The elements that an iteration reads; `sums` in the place of the inits, where given.
  SmallVector<Value> operandsAt(linalg::GenericOp op, ArrayRef<Value> loops, ArrayRef<Value> sums) {
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

  Value loopExtent(linalg::GenericOp op, unsigned loop) {
    for (OpOperand &operand : op->getOpOperands())
      for (auto [dim, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
        if (expr == builder.getAffineDimExpr(loop))
          return extentOf(operand.get(), dim);
    llvm_unreachable("a loop that no operand tells the extent of");
  }

  /// Whether each iteration of the loops that others are summed over writes an element of this one.
  static bool isWritten(linalg::GenericOp op, OpOperand *init) {
    SmallVector<unsigned> reductions;
    op.getReductionDims(reductions);
    AffineMap map = op.getMatchingIndexingMap(init);
    return llvm::any_of(reductions, [&](unsigned loop) { return map.isFunctionOfDim(loop); });
  }

  /// Stores the results that are, or are not, written in each iteration.
  void writeResults(linalg::GenericOp op, ArrayRef<Value> loops, ArrayRef<Value> results, bool written) {
    auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
    for (auto [index, value] : llvm::enumerate(yield.getValues())) {
      unsigned number = cast<OpResult>(value).getResultNumber();
      OpOperand *init = op.getDpsInitOperand(number);
      if (isWritten(op, init) == written)
        write(kernel.getInputs().size() + index, positionIn(op, init, loops), results[number]);
    }
  }

  /// `result` is the one that `position` is a position in.
  LogicalResult emitGeneric(linalg::GenericOp op, OpResult result, ArrayRef<Value> position) {
    SmallVector<Value> loops(op.getNumLoops());
    AffineMap map = op.getIndexingMapMatchingResult(result);
    if (!map.isProjectedPermutation())
      return op.emitError("no GPU kernel can be made of results that are written out of place yet");
    for (auto [expr, index] : llvm::zip(map.getResults(), position))
      loops[cast<AffineDimExpr>(expr).getPosition()] = index;
    SmallVector<unsigned> reductions;
    op.getReductionDims(reductions);
    if (llvm::any_of(reductions, [&](unsigned loop) { return loops[loop]; }) ||
        reductions.size() + map.getNumResults() != op.getNumLoops())
      return op.emitError("no GPU kernel can be made of a loop nest whose smallest result is not what it runs over in parallel yet");
    if (reductions.empty()) {
      writeResults(op, loops, body(op, loops, operandsAt(op, loops, {})), /*written=*/false);
      return success();
    }
    SmallVector<Value> sums;
    for (OpOperand &init : op.getDpsInitsMutable())
      sums.push_back(isWritten(op, &init) ? arith::ConstantOp::create(builder, loc, builder.getZeroAttr(getElementTypeOrSelf(init.get()))).getResult()
                                          : valueAt(init.get(), positionIn(op, &init, loops)));
    writeResults(op, loops, reduce(op, reductions, loops, sums), /*written=*/false);
    return success();
  }

  SmallVector<Value> positionIn(linalg::GenericOp op, OpOperand *operand, ArrayRef<Value> loops) {
    SmallVector<Value> position;
    for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
      position.push_back(affine::expandAffineExpr(builder, loc, expr, loops, {}));
    return position;
  }

  SmallVector<Value> reduce(linalg::GenericOp op, ArrayRef<unsigned> reductions, SmallVector<Value> loops, ArrayRef<Value> sums) {
    if (reductions.empty()) {
      SmallVector<Value> results = body(op, loops, operandsAt(op, loops, sums));
      writeResults(op, loops, results, /*written=*/true);
      return results;
    }
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0), one = arith::ConstantIndexOp::create(builder, loc, 1);
    auto loop = scf::ForOp::create(builder, loc, zero, loopExtent(op, reductions.front()), one, sums);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    loops[reductions.front()] = loop.getInductionVar();
    SmallVector<Value> carried(loop.getRegionIterArgs());
    scf::YieldOp::create(builder, loc, reduce(op, reductions.drop_front(), loops, carried));
    return loop.getResults();
  }

  KernelOp kernel;
  DeviceKernel device;
  OpBuilder &builder;
  Location loc;
};
} // namespace

FailureOr<LLVM::LLVMFuncOp> keel::generateElementKernel(OpBuilder &moduleBuilder, KernelOp kernel) {
  return ElementGenerator(moduleBuilder, kernel).run();
}

Value keel::buildElementLaunchSize(OpBuilder &builder, KernelOp kernel) {
  Location loc = kernel.getLoc();
  Value output = kernel.getInits()[smallestResult(kernel)];
  Value count = arith::ConstantIndexOp::create(builder, loc, 1);
  for (int64_t dim = 0; dim < cast<RankedTensorType>(output.getType()).getRank(); ++dim)
    count = arith::MulIOp::create(builder, loc, count, tensor::DimOp::create(builder, loc, output, dim));
  return arith::CeilDivUIOp::create(builder, loc, count, arith::ConstantIndexOp::create(builder, loc, elementThreads));
}
