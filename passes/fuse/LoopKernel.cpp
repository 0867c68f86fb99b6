// A loop of small launches as one launch.
#include "passes/fuse/LoopKernel.h"

#include "dialect/keel/Keel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace keel {
namespace {

/// Whether `value` is `whole` but for parts that were changed, each by itself.
bool changesParts(Value value, Value whole) {
  if (value == whole)
    return true;
  if (auto insertion = value.getDefiningOp<tensor::InsertSliceOp>())
    return changesParts(insertion.getDest(), whole);
  if (auto loop = value.getDefiningOp<scf::ForOp>()) {
    auto result = cast<OpResult>(value);
    return changesParts(loop.getTiedLoopInit(result)->get(), whole) &&
           changesParts(loop.getYieldedValues()[result.getResultNumber()], loop.getTiedLoopRegionIterArg(result));
  }
  return false;
}

/// The loop's one kernel, if it is such a loop.
KernelOp findOnlyKernel(scf::ForOp loop) {
  KernelOp kernel;
  for (Operation &op : loop.getBody()->without_terminator()) {
    auto next = dyn_cast<KernelOp>(op);
    if (next ? bool(kernel) : !isMemoryEffectFree(&op) || op.getNumRegions() != 0 ||
                                  llvm::any_of(op.getResultTypes(), llvm::IsaPred<ShapedType>))
      return {};
    if (next)
      kernel = next;
  }
  if (!kernel || loop.getNumRegionIterArgs() == 0 || loop.getYieldedValues() != kernel.getResults() ||
      ValueRange(kernel.getInits()) != ValueRange(loop.getRegionIterArgs()))
    return {};
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  for (auto [value, argument] : llvm::zip(yield.getValues(), kernel.getInitArguments()))
    if (!changesParts(value, argument))
      return {};
  // Indices come from the other tensors.
  for (Operation &op : loop.getBody()->without_terminator())
    if (&op != kernel && llvm::any_of(op.getOperands(), [&](Value operand) { return llvm::is_contained(loop.getRegionIterArgs(), operand); }))
      return {};
  return kernel;
}

/// Whether the kernel changes one slice of its one tensor, each element by itself, in a place that differs from slice to
/// slice only where it has one element.
bool changesElements(KernelOp kernel) {
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  auto insertion = yield.getValues().front().getDefiningOp<tensor::InsertSliceOp>();
  if (yield.getNumOperands() != 1 || !insertion || insertion.getDest() != kernel.getInitArguments().front() ||
      !insertion.getSourceType().hasStaticShape() || !insertion.getDestType().hasStaticShape())
    return false;
  for (auto [offset, size] : llvm::zip(insertion.getMixedOffsets(), insertion.getMixedSizes()))
    if (getConstantIntValue(size) != 1 && !getConstantIntValue(offset))
      return false;
  return llvm::all_of(kernel.getBlock()->without_terminator(), [&](Operation &op) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return slice.getSource() != insertion.getDest() || (slice.getMixedOffsets() == insertion.getMixedOffsets() &&
                                                          slice.getMixedSizes() == insertion.getMixedSizes() &&
                                                          slice.getMixedStrides() == insertion.getMixedStrides());
    auto generic = dyn_cast<linalg::GenericOp>(op);
    return &op == insertion || isa<tensor::EmptyOp, arith::ConstantOp>(op) ||
           (generic && generic.getNumParallelLoops() == generic.getNumLoops() &&
            !llvm::is_contained(generic->getOperands(), insertion.getDest()));
  });
}

} // namespace

bool makeKernelOfLoop(scf::ForOp loop, bool planar) {
  KernelOp inner = findOnlyKernel(loop);
  if (!inner || (planar && !changesElements(inner)))
    return false;
  llvm::SetVector<Value> inputs;
  for (Value bound : {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()})
    inputs.insert(bound);
  getUsedValuesDefinedAbove(loop.getRegion(), inputs);

  OpBuilder builder(loop);
  auto kernel = KernelOp::create(builder, loop.getLoc(), inner.getName(), inputs.getArrayRef(), loop.getInitArgs());
  IRMapping mapping;
  mapping.map(inputs.getArrayRef(), kernel.getInputArguments());
  builder.setInsertionPointToStart(kernel.getBlock());
  auto body = [&](OpBuilder &inside, Location at, Value variable, ValueRange carried) {
    mapping.map(loop.getInductionVar(), variable);
    mapping.map(loop.getRegionIterArgs(), carried);
    for (Operation &op : loop.getBody()->without_terminator()) {
      if (&op != inner) {
        inside.clone(op, mapping);
        continue;
      }
      for (auto [argument, operand] : llvm::zip(inner.getBlock()->getArguments(), inner->getOperands()))
        mapping.map(argument, mapping.lookup(operand));
      for (Operation &step : inner.getBlock()->without_terminator())
        inside.clone(step, mapping);
    }
    auto yield = cast<YieldOp>(inner.getBlock()->getTerminator());
    scf::YieldOp::create(inside, at, llvm::map_to_vector(yield.getValues(), [&](Value value) { return mapping.lookup(value); }));
  };
  auto whole = scf::ForOp::create(builder, loop.getLoc(), mapping.lookup(loop.getLowerBound()),
                                  mapping.lookup(loop.getUpperBound()), mapping.lookup(loop.getStep()),
                                  kernel.getInitArguments(), body);
  YieldOp::create(builder, loop.getLoc(), whole.getResults());
  loop.replaceAllUsesWith(kernel.getResults());
  loop.erase();
  return true;
}

} // namespace keel
