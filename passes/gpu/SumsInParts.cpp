// Sums over all rows that later kernels alone read, column by column, as the optimizer reads gradients: a kernel leaves a part
// for each tile of rows, and whoever reads the sum adds them up in the order of the tiles. No block waits for all others, and
// the additions are spread over the device.
#include "passes/gpu/SumsInParts.h"

#include "passes/gpu/TileProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace keel;

/// Words that a kernel takes beside counters and partial sums (SplitKernels).
static constexpr int64_t mostParameters = 4000;

static int64_t countParameters(KernelOp kernel) {
  int64_t count = kernel->getNumOperands();
  for (Type type : kernel->getOperandTypes())
    if (auto shaped = dyn_cast<ShapedType>(type))
      count += shaped.getNumDynamicDims();
  return count;
}

/// Whether a kernel reads an input's columns in sections of one row, and in no other way.
static bool readsColumns(const KernelSpace &space, BlockArgument input) {
  return llvm::all_of(input.getUses(), [&](OpOperand &use) {
    auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
    return op && op.isDpsInput(&use) && llvm::any_of(space.sections, [&](const Section &section) {
             auto loops = section.loops.find(op);
             return section.rows == 1 && loops != section.loops.end() && loops->second == Axes{Axis::Column};
           });
  });
}

/// Whether a sum starts from what changes nothing.
static bool startsNeutral(linalg::GenericOp op, unsigned number) {
  auto fill = op.getDpsInits()[number].getDefiningOp<linalg::GenericOp>();
  Attribute start;
  std::optional<TypedAttr> neutral = arith::getNeutralElement(TileProgram::combiners(op)[number]);
  return fill && fill.getNumDpsInputs() == 0 &&
         matchPattern(cast<linalg::YieldOp>(fill.getBody()->getTerminator()).getOperand(0), m_Constant(&start)) && neutral &&
         start == *neutral;
}

namespace {
class SumTaker {
public:
  SumTaker(KernelOp kernel, const KernelSpace &space, llvm::function_ref<const KernelSpace *(KernelOp)> spaceOf)
      : kernel(kernel), space(space), spaceOf(spaceOf), yield(cast<YieldOp>(kernel.getBlock()->getTerminator())) {}

  KernelOp run(SmallVectorImpl<SumInParts> &left) {
    for (const Section &section : space.sections)
      for (Operation *op : section.rowSums)
        if (auto generic = dyn_cast<linalg::GenericOp>(op); generic && staysInParts(section, generic)) {
          op->setAttr(leftInPartsAttribute, UnitAttr::get(op->getContext()));
          taken.insert_range(op->getResults());
        }
    return taken.empty() ? kernel : rebuild(left);
  }

private:
  bool staysInParts(const Section &section, linalg::GenericOp op) {
    return llvm::all_of(op->getResults(), [&](OpResult result) {
      if (section.axesOf(op, op.getIndexingMapMatchingResult(result)) != Axes{Axis::Column} || !result.hasOneUse() ||
          result.use_begin()->getOwner() != yield || !startsNeutral(op, result.getResultNumber()))
        return false;
      Value outside = kernel.getResult(result.use_begin()->getOperandNumber());
      return !outside.use_empty() && llvm::all_of(outside.getUses(), [&](OpOperand &use) { return addsUp(use); });
    });
  }

  bool addsUp(OpOperand &use) {
    auto reader = dyn_cast<KernelOp>(use.getOwner());
    if (!reader || use.getOperandNumber() >= reader.getInputs().size() || countParameters(reader) >= mostParameters)
      return false;
    const KernelSpace *space = spaceOf(reader);
    return space && readsColumns(*space, reader.getBlock()->getArgument(use.getOperandNumber()));
  }

  /// The kernel without the results that were taken.
  KernelOp rebuild(SmallVectorImpl<SumInParts> &left) {
    OpBuilder builder(kernel);
    auto isTaken = [&](unsigned result) { return taken.contains(yield.getValues()[result]); };
    SmallVector<Value> inits, values;
    for (auto [index, init] : llvm::enumerate(kernel.getInits()))
      if (!isTaken(index)) {
        inits.push_back(init);
        values.push_back(yield.getValues()[index]);
      }
    auto made = KernelOp::create(builder, kernel.getLoc(), kernel.getName(), kernel.getInputs(), inits);
    made->setDiscardableAttrs(kernel->getDiscardableAttrDictionary());
    Block *from = kernel.getBlock(), *to = made.getBlock();
    to->getOperations().splice(to->end(), from->getOperations());
    OpBuilder inside = OpBuilder::atBlockBegin(to);
    unsigned next = 0;
    for (BlockArgument input : kernel.getInputArguments())
      input.replaceAllUsesWith(to->getArgument(next++));
    for (auto [index, init] : llvm::enumerate(kernel.getInitArguments())) {
      Value result = kernel.getResult(index);
      auto type = cast<RankedTensorType>(init.getType());
      if (!isTaken(index)) {
        init.replaceAllUsesWith(to->getArgument(next));
        result.replaceAllUsesWith(made.getResult(next++ - made.getInputs().size()));
        continue;
      }
      auto empty = [&](OpBuilder &at) -> Value { return tensor::EmptyOp::create(at, kernel.getLoc(), type, ValueRange()); };
      init.replaceAllUsesWith(empty(inside));
      left.push_back({yield.getValues()[index], empty(builder)});
      result.replaceAllUsesWith(left.back().placeholder);
    }
    yield->setOperands(values);
    kernel.erase();
    return made;
  }

  KernelOp kernel;
  const KernelSpace &space;
  llvm::function_ref<const KernelSpace *(KernelOp)> spaceOf;
  YieldOp yield;
  llvm::SetVector<Value> taken;
};
} // namespace

KernelOp keel::leaveSumsInParts(KernelOp kernel, const KernelSpace &space,
                                llvm::function_ref<const KernelSpace *(KernelOp)> spaceOf, SmallVectorImpl<SumInParts> &left) {
  return SumTaker(kernel, space, spaceOf).run(left);
}

/// A sum over the rows of `parts`, in a kernel that reads it.
static Value addParts(OpBuilder &builder, Location loc, Value parts, Operation *combiner) {
  MLIRContext *context = builder.getContext();
  auto type = cast<RankedTensorType>(parts.getType());
  Value neutral = arith::ConstantOp::create(builder, loc, *arith::getNeutralElement(combiner));
  Value start = tensor::EmptyOp::create(builder, loc, type.getShape().drop_front(), type.getElementType());
  AffineMap each = builder.getMultiDimIdentityMap(1), whole = builder.getMultiDimIdentityMap(2);
  start = linalg::GenericOp::create(builder, loc, start.getType(), ValueRange(), start, each, utils::IteratorType::parallel,
                                    [&](OpBuilder &at, Location, ValueRange) { linalg::YieldOp::create(at, loc, neutral); })
              .getResult(0);
  auto combine = [&](OpBuilder &at, Location, ValueRange arguments) {
    Operation *combined = at.clone(*combiner);
    combined->setOperands({arguments[1], arguments[0]});
    linalg::YieldOp::create(at, loc, combined->getResults());
  };
  auto sum = linalg::GenericOp::create(builder, loc, start.getType(), parts, start,
                                       ArrayRef{whole, AffineMap::get(2, 0, getAffineDimExpr(1, context))},
                                       ArrayRef{utils::IteratorType::reduction, utils::IteratorType::parallel}, combine);
  sum->setAttr(addsPartsAttribute, builder.getUnitAttr());
  return sum.getResult(0);
}

void keel::readParts(const SumInParts &sum, Value parts) {
  auto result = cast<OpResult>(sum.sum);
  Operation *combiner = TileProgram::combiners(cast<linalg::GenericOp>(result.getOwner()))[result.getResultNumber()];
  while (!sum.placeholder.use_empty()) {
    OpOperand &use = *sum.placeholder.use_begin();
    auto reader = cast<KernelOp>(use.getOwner());
    Block *block = reader.getBlock();
    unsigned old = use.getOperandNumber(), added = reader.getInputs().size();
    reader.getInputsMutable().append(parts);
    BlockArgument argument = block->insertArgument(added, parts.getType(), parts.getLoc());
    OpBuilder builder = OpBuilder::atBlockBegin(block);
    block->getArgument(old).replaceAllUsesWith(addParts(builder, reader.getLoc(), argument, combiner));
    block->eraseArgument(old);
    reader.getInputsMutable().erase(old);
  }
  sum.placeholder.getDefiningOp()->erase();
}
