// Says when each computation of a section runs: while an operand is loaded, on a tile, or after the tiles of all rows.
#include "passes/gpu/SectionOrder.h"

#include "dialect/norm/Norm.h"
#include "passes/fuse/Partition.h"
#include "passes/fuse/RowLoop.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace keel {

bool refuse(std::string &why, Operation *op, const Twine &reason) {
  why = (op->getName().getStringRef() + ": " + reason).str();
  return false;
}

static SmallVector<Value> readAll(Operation *op) {
  SmallVector<Value> values(op->operand_begin(), op->operand_end());
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (!op->isAncestor(operand.getParentBlock()->getParentOp()))
        values.push_back(operand);
  });
  return values;
}

void forEachProducer(Operation *op, llvm::function_ref<void(Operation *)> visit) {
  for (Value value : readAll(op)) {
    Operation *producer = value.getDefiningOp();
    if (!producer)
      continue;
    if (isEvaluatedInPlace(producer))
      forEachProducer(producer, visit);
    else if (isComputation(producer))
      visit(producer);
  }
}

/// An elementwise op; so is all that it reads of the kernel.
static bool isElementwise(Operation *op) {
  bool elementwise = isa<linalg::GenericOp>(op) && LoopNest::get(op)->allParallel();
  forEachProducer(op, [&](Operation *producer) { elementwise = elementwise && isElementwise(producer); });
  return elementwise;
}

namespace {
class SectionOrder {
public:
  SectionOrder(KernelOp kernel, Section &section, std::string &why) : kernel(kernel), section(section), why(why) {}

  /// Which ops wait for the sums over the rows; the extents.
  bool run() {
    llvm::SmallPtrSet<Operation *, 8> late;
    SmallVector<Operation *> ops;
    bool sumsWholeRows = false;
    for (Operation *op : section.ops) {
      LoopNest nest = *LoopNest::get(op);
      const Axes &loops = section.loops[op];
      bool waits = false, readsDepthSum = false;
      forEachProducer(op, [&](Operation *producer) {
        waits |= late.contains(producer) || llvm::is_contained(section.rowSums, producer);
        readsDepthSum |= llvm::is_contained(section.depthSums, producer);
      });
      if (readsDepthSum)
        return fail(op, "it reads a sum over the depth, which is complete after the tile");
      bool sumsRows = section.sums(op, Axis::Row), sumsColumns = section.sums(op, Axis::Column);
      if (sumsRows && sumsColumns)
        return fail(op, "it sums over rows and columns at once");
      bool ofGroups = llvm::is_contained(loops, Axis::Group);
      if (section.sums(op, Axis::Group) || (ofGroups && isa<linalg::GenericOp>(op) && cast<linalg::GenericOp>(op).hasIndexSemantics()))
        return fail(op, "it sums or counts groups of columns");
      if (op != section.mainLoop && llvm::is_contained(loops, Axis::Depth)) {
        if (!canPrepare(op, nest))
          return false;
      } else if (waits) {
        if (llvm::is_contained(loops, Axis::Row) || llvm::is_contained(loops, Axis::Depth))
          return fail(op, "it reads rows beside a sum over all of them");
        if (ofGroups || readsGroups(op, nest))
          return fail(op, "it reads groups of columns beside a sum over all rows");
        section.wholeFinish |= sumsColumns;
        late.insert(op);
        section.finish.push_back(op);
      } else {
        ops.push_back(op);
        section.wholeRows |= sumsColumns;
        sumsWholeRows |= sumsColumns && !section.hasGroups(op);
        if (sumsRows)
          section.rowSums.push_back(op);
      }
      if (!measure(op, nest))
        return fail(op, "it has another number of rows or columns");
    }
    section.ops = ops;
    section.sumsGroups = section.wholeRows && !sumsWholeRows;
    for (int64_t count : groups)
      if (!section.groupColumns || count * section.groupColumns != section.columns)
        return fail(section.ops.front(), "its groups are not all of its columns");
    takeOutStatistics();
    return readsOwnElements() && fitsTile();
  }

  bool readsGroups(Operation *op, const LoopNest &nest) {
    return llvm::any_of(llvm::concat<const AffineMap>(nest.operandMaps, nest.resultMaps),
                        [&](AffineMap map) { return llvm::is_contained(section.axesOf(op, map), Axis::Group); });
  }

  /// What the kernel overwrites in place is read by the thread that writes it alone: along the same axes.
  bool readsOwnElements() {
    auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
    for (auto &[op, loops] : section.loops) {
      LoopNest nest = *LoopNest::get(op);
      for (auto [operand, map] : llvm::zip(op->getOpOperands(), nest.operandMaps)) {
        auto argument = dyn_cast<BlockArgument>(operand.get());
        auto generic = dyn_cast<linalg::GenericOp>(op);
        if (!argument || argument.getArgNumber() < kernel.getInputs().size() || !generic ||
            (generic.isDpsInit(&operand) && !generic.payloadUsesValueFromOperand(&operand)))
          continue;
        Value written = yield.getValues()[argument.getArgNumber() - kernel.getInputs().size()];
        Operation *writer = written.getDefiningOp();
        if (!writer || !section.loops.contains(writer))
          continue;
        AffineMap its = LoopNest::get(writer)->resultMaps[cast<OpResult>(written).getResultNumber()];
        if (section.axesOf(op, map) != section.axesOf(writer, its) || loops.size() != section.loops[writer].size())
          return fail(op, "it reads what others overwrite");
      }
    }
    return true;
  }

  /// Long rows beside a main loop need not be complete where nothing but single numbers a row are made of their sums.
  void takeOutStatistics() {
    if (!section.mainLoop || !section.wholeRows || section.summedColumns() <= longestRowOfBlock || section.groupColumns)
      return;
    llvm::SetVector<Operation *> statistics, finish;
    for (Operation *op : section.ops) {
      const Axes &loops = section.loops[op];
      bool readsStatistic = false;
      forEachProducer(op, [&](Operation *producer) {
        readsStatistic |= statistics.contains(producer) || finish.contains(producer);
      });
      if (readsStatistic && (loops != Axes{Axis::Row} || !LoopNest::get(op)->allParallel()))
        return;
      if (readsStatistic)
        finish.insert(op);
      else if (section.sums(op, Axis::Column))
        statistics.insert(op);
    }
    section.rowStatistics.assign(statistics.begin(), statistics.end());
    section.rowFinish.assign(finish.begin(), finish.end());
    llvm::erase_if(section.ops, [&](Operation *op) { return finish.contains(op); });
    section.wholeRows = false;
  }

  /// Whether a main loop can evaluate the op as it loads its operand, or sum it over its depth.
  bool canPrepare(Operation *op, const LoopNest &nest) {
    if (isElementwise(op)) {
      auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
      if (llvm::any_of(op->getResults(), [&](Value value) { return llvm::is_contained(yield.getValues(), value); }))
        return fail(op, "it prepares a main loop's operand, and others read its result");
      return true;
    }
    bool isSum = isa<linalg::GenericOp>(op) && nest.numLoops() == 2;
    for (auto [loop, axis] : llvm::enumerate(section.loops[op]))
      isSum = isSum && (axis == Axis::Depth) != nest.isParallel(loop);
    forEachProducer(op, [&](Operation *producer) { isSum = isSum && isElementwise(producer); });
    if (!isSum)
      return fail(op, "it prepares a main loop's operand, and is neither elementwise nor a sum over the depth");
    section.depthSums.push_back(op);
    return true;
  }

  /// Rows of known length; a main loop whose operands have such rows, too; and rows that blocks can complete.
  bool fitsTile() {
    Operation *first = section.ops.front();
    if (ShapedType::isDynamic(section.columns))
      return fail(first, "the length of its rows is not known");
    if (section.mainLoop)
      for (Value operand : section.mainLoop->getOperands())
        if (auto type = cast<RankedTensorType>(operand.getType()); type.isDynamicDim(type.getRank() - 1))
          return fail(section.mainLoop, "the length of its operand's rows is not known");
    if (!section.wholeRows)
      return true;
    if (section.summedColumns() > longestRow)
      return fail(first, "its rows are longer than a block of threads holds");
    // Half of it is what a group of wgmma's threads may hold.
    if (section.mainLoop && section.groupColumns && !section.sumsGroups && section.columns > longestRowOfBlock / 2)
      return fail(first, "it sums along groups and along whole rows, which are in several tiles");
    if (!section.mainLoop || section.summedColumns() <= longestRowOfBlock)
      return true;
    for (Operation *op : section.ops)
      if (section.sums(op, Axis::Column) &&
          !llvm::all_of(op->getResultTypes(), [](Type type) { return getElementTypeOrSelf(type).isF32(); }))
        return fail(op, "several blocks share its rows, and what they exchange is f32");
    return true;
  }

  /// False if extents contradict each other.
  bool measure(Operation *op, const LoopNest &nest) {
    bool agree = true;
    auto see = [&](Value value, AffineMap map) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type)
        return;
      for (auto [dim, axis] : llvm::enumerate(section.axesOf(op, map))) {
        if (axis == Axis::Group) {
          groups.push_back(type.getDimSize(dim));
          continue;
        }
        int64_t &extent = axis == Axis::Row ? section.rows : axis == Axis::Column ? section.columns : section.depth;
        auto &of = axis == Axis::Row ? section.rowsOf : axis == Axis::Column ? section.columnsOf : section.depthOf;
        bool isArgument = isa<BlockArgument>(value);
        agree &= !of || ShapedType::isDynamic(extent) || type.isDynamicDim(dim) || type.getDimSize(dim) == extent;
        if (!of || (ShapedType::isDynamic(extent) &&
                    (!type.isDynamicDim(dim) || (isArgument && !isa<BlockArgument>(of->first))))) {
          extent = type.getDimSize(dim);
          of = {value, unsigned(dim)};
        }
      }
    };
    for (auto [value, map] : llvm::zip(op->getOperands(), nest.operandMaps))
      see(value, map);
    for (auto [value, map] : llvm::zip(op->getResults(), nest.resultMaps))
      see(value, map);
    return agree;
  }

private:
  bool fail(Operation *op, const Twine &reason) { return refuse(why, op, reason); }

  KernelOp kernel;
  Section &section;
  std::string &why;
  SmallVector<int64_t> groups; // their number, as each tensor has it
};
} // namespace

bool orderSection(KernelOp kernel, Section &section, std::string &why) {
  return SectionOrder(kernel, section, why).run();
}

} // namespace keel
