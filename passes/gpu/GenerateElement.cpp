// The device function of a kernel of one computation of any shape: a thread for each element of the result, loops over
// what it sums; or of a loop of such computations, each of which changes a part of a tensor. General, and as fast as
// its memory accesses happen to be.
#include "passes/gpu/ElementValues.h"

#include "passes/fuse/Partition.h"
#include "passes/fuse/RowLoop.h"

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

/// What each step of a kernel that is a loop changes (LoopKernel.h); null of another kernel.
static tensor::InsertSliceOp changeOfStep(KernelOp kernel) {
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  auto loop = yield.getValues().front().getDefiningOp<scf::ForOp>();
  return loop ? loop.getYieldedValues().front().getDefiningOp<tensor::InsertSliceOp>() : tensor::InsertSliceOp();
}

namespace {
class ElementGenerator : ElementValues {
public:
  ElementGenerator(OpBuilder &moduleBuilder, KernelOp kernel) : ElementValues(moduleBuilder, kernel) {}

  FailureOr<LLVM::LLVMFuncOp> run() {
    device.function->setAttr(threadsAttribute, builder.getI32IntegerAttr(elementThreads));
    device.function->setAttr(sharedBytesAttribute, builder.getI32IntegerAttr(0));
    device.function->setAttr(scheduleAttribute, builder.getStringAttr("elements"));
    auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
    Operation *op = yield.getValues().front().getDefiningOp();
    if (!op || !llvm::all_of(yield.getValues(), [&](Value value) { return value.getDefiningOp() == op; }))
      return kernel.emitError("expected the results of one computation");
    if (auto steps = dyn_cast<scf::ForOp>(op)) {
      emitSteps(steps, changeOfStep(kernel));
      return device.function;
    }
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
      SmallVector<Value> extents;
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        extents.push_back(device.extent(output, dim));
      SmallVector<Value> position = positionOf(element, extents);
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        status = emitGeneric(generic, cast<OpResult>(yield.getValues()[smallest]), position);
      else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op);
               insert && insert.getDest() == kernel.getBlock()->getArgument(output))
        // In place: the other elements stay as they are, even if nobody has written them.
        insertedAt(insert, position, [&](Value inside, function_ref<Value()> source) {
          device.when(inside, [&] { write(output, position, source()); });
        });
      else if (isa<tensor::ExtractSliceOp, tensor::PadOp, tensor::InsertSliceOp, tensor::GenerateOp>(op))
        write(output, position, valueAt(op->getResult(0), position));
      else
        status = op->emitError("no GPU kernel can be made of '") << op->getName() << "' yet";
    });
    if (failed(status))
      return failure();
    return device.function;
  }

private:
  /// The position of an element, by its number, in a tensor of these extents.
  SmallVector<Value> positionOf(Value number, ArrayRef<Value> extents) {
    SmallVector<Value> position(extents.size());
    for (int64_t dim = extents.size() - 1; dim >= 0; --dim) {
      position[dim] = toIndex(dim ? arith::RemUIOp::create(builder, loc, number, extents[dim]).getResult() : number);
      number = arith::DivUIOp::create(builder, loc, number, extents[dim]);
    }
    return position;
  }

  /// A thread takes one element of the slices that the steps change, one after the other: no other thread touches what
  /// it touches.
  void emitSteps(scf::ForOp loop, tensor::InsertSliceOp change) {
    steps = loop;
    SmallVector<Value> extents;
    for (int64_t extent : change.getSourceType().getShape())
      extents.push_back(device.constant(extent));
    Value element = device.add(device.multiply(device.block(), elementThreads), device.thread());
    device.when(device.lessThan(element, device.constant(change.getSourceType().getNumElements())), [&] {
      SmallVector<Value> position = positionOf(element, extents);
      auto whole = scf::ForOp::create(builder, loc, outside(loop.getLowerBound()), outside(loop.getUpperBound()),
                                      outside(loop.getStep()));
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(whole.getBody());
      step = whole.getInductionVar();
      SmallVector<Value> place;
      ArrayRef<Value> rest = position;
      llvm::SmallBitVector dropped = change.getDroppedDims();
      for (auto [dim, pair] : llvm::enumerate(llvm::zip(change.getMixedOffsets(), change.getMixedStrides()))) {
        place.push_back(outside(std::get<0>(pair)));
        if (dropped.test(dim))
          continue;
        Value scaled = arith::MulIOp::create(builder, loc, rest.front(), outside(std::get<1>(pair)));
        place.back() = arith::AddIOp::create(builder, loc, place.back(), scaled);
        rest = rest.drop_front();
      }
      write(kernel.getInputs().size(), place, valueAt(change.getSource(), position));
    });
  }

  Value loopExtent(linalg::GenericOp op, unsigned loop) {
    for (OpOperand &operand : op->getOpOperands())
      for (auto [dim, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
        if (expr == builder.getAffineDimExpr(loop))
          return extentOf(operand.get(), dim);
    llvm_unreachable("a loop that no operand tells the extent of");
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
    auto isPlain = [](AffineExpr expr) { return isa<AffineDimExpr>(expr) || LoopGroups::get(expr); };
    if (!llvm::all_of(map.getResults(), isPlain))
      return op.emitError("no GPU kernel can be made of results that are written out of place yet");
    SmallVector<std::pair<LoopGroups, Value>> groups; // of a loop that sums, where the element's start
    for (auto [expr, index] : llvm::zip(map.getResults(), position)) {
      if (std::optional<LoopGroups> each = LoopGroups::get(expr))
        groups.emplace_back(*each, arith::MulIOp::create(builder, loc, index,
                                                         arith::ConstantIndexOp::create(builder, loc, each->width)));
      else
        loops[cast<AffineDimExpr>(expr).getPosition()] = index;
    }
    SmallVector<unsigned> reductions;
    op.getReductionDims(reductions);
    if (llvm::any_of(reductions, [&](unsigned loop) { return loops[loop]; }) ||
        reductions.size() + map.getNumResults() - groups.size() != op.getNumLoops())
      return op.emitError(
          "no GPU kernel can be made of a loop nest whose smallest result is not what it runs over in parallel yet");
    for (auto [each, start] : groups) {
      loops[each.loop] = start;
      widths[each.loop] = each.width;
    }
    if (reductions.empty()) {
      writeResults(op, loops, body(op, loops, operandsAt(op, loops, {})), /*written=*/false);
      return success();
    }
    SmallVector<Value> sums;
    for (OpOperand &init : op.getDpsInitsMutable())
      sums.push_back(isWritten(op, &init) ? arith::ConstantOp::create(
                                                builder, loc, builder.getZeroAttr(getElementTypeOrSelf(init.get())))
                                                .getResult()
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

  SmallVector<Value> reduce(linalg::GenericOp op, ArrayRef<unsigned> reductions, SmallVector<Value> loops,
                            ArrayRef<Value> sums) {
    if (reductions.empty()) {
      SmallVector<Value> results = body(op, loops, operandsAt(op, loops, sums));
      writeResults(op, loops, results, /*written=*/true);
      return results;
    }
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0), one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value start = zero, end;
    if (auto width = widths.find(reductions.front()); width != widths.end()) {
      start = loops[reductions.front()];
      end = arith::AddIOp::create(builder, loc, start, arith::ConstantIndexOp::create(builder, loc, width->second));
    } else {
      end = loopExtent(op, reductions.front());
    }
    auto loop = scf::ForOp::create(builder, loc, start, end, one, sums);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    loops[reductions.front()] = loop.getInductionVar();
    SmallVector<Value> carried(loop.getRegionIterArgs());
    scf::YieldOp::create(builder, loc, reduce(op, reductions.drop_front(), loops, carried));
    return loop.getResults();
  }

  llvm::SmallDenseMap<unsigned, int64_t> widths; // of loops that sum groups
};
} // namespace

FailureOr<LLVM::LLVMFuncOp> keel::generateElementKernel(OpBuilder &moduleBuilder, KernelOp kernel) {
  return ElementGenerator(moduleBuilder, kernel).run();
}

Value keel::buildElementLaunchSize(OpBuilder &builder, KernelOp kernel) {
  Location loc = kernel.getLoc();
  if (tensor::InsertSliceOp change = changeOfStep(kernel))
    return arith::ConstantIndexOp::create(builder, loc,
                                          llvm::divideCeil(change.getSourceType().getNumElements(), elementThreads));
  Value output = kernel.getInits()[smallestResult(kernel)];
  Value count = arith::ConstantIndexOp::create(builder, loc, 1);
  for (int64_t dim = 0; dim < cast<RankedTensorType>(output.getType()).getRank(); ++dim)
    count = arith::MulIOp::create(builder, loc, count, tensor::DimOp::create(builder, loc, output, dim));
  return arith::CeilDivUIOp::create(builder, loc, count, arith::ConstantIndexOp::create(builder, loc, elementThreads));
}
