// Labels the loops of a kernel's computations as rows, columns and depth.
#include "passes/gpu/KernelSpace.h"
#include "passes/gpu/SectionOrder.h"
#include "passes/gpu/SumsInParts.h"

#include "dialect/norm/Norm.h"
#include "passes/fuse/Partition.h"
#include "passes/fuse/RowLoop.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;

namespace keel {

bool Section::sums(Operation *op, Axis axis) const {
  LoopNest nest = *LoopNest::get(op);
  for (auto [loop, ofLoop] : llvm::enumerate(loops.find(op)->second))
    if (ofLoop == axis && !nest.isParallel(loop))
      return true;
  return false;
}

bool Section::hasGroups(Operation *op) const {
  return llvm::is_contained(axesOf(op, LoopNest::get(op)->resultMaps[0]), Axis::Group);
}

int64_t Section::countRowSums() const {
  int64_t count = 0;
  for (Operation *op : ops)
    count += sums(op, Axis::Column) ? op->getNumResults() : 0;
  return count;
}

Axes Section::axesOf(Operation *op, AffineMap map) const {
  return axesThrough(map, loops.find(op)->second);
}

Axes axesThrough(AffineMap map, ArrayRef<Axis> loops) {
  Axes axes;
  for (AffineExpr expr : map.getResults()) {
    std::optional<LoopGroups> groups = LoopGroups::get(expr);
    axes.push_back(groups ? Axis::Group : loops[cast<AffineDimExpr>(expr).getPosition()]);
  }
  return axes;
}

bool isEvaluatedInPlace(Operation *op) {
  if (isRepeated(op) || op->hasAttr(addsPartsAttribute))
    return true;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumLoops() != 0)
    return false;
  return llvm::all_of(op->getOperands(), [](Value value) {
    Operation *producer = value.getDefiningOp();
    return !producer || isEvaluatedInPlace(producer);
  });
}

namespace {

/// Whether an op, or what it evaluates in place, reads a part of a tensor.
bool readsSlice(Operation *op) {
  return llvm::any_of(op->getOperands(), [](Value value) {
    Operation *producer = value.getDefiningOp();
    return producer && isEvaluatedInPlace(producer) && (isa<tensor::ExtractSliceOp>(producer) || readsSlice(producer));
  });
}

/// Whether every result is a sum, a maximum or the like of the others: threads then take parts, and combine them.
bool reducesInParts(linalg::GenericOp op) {
  for (auto [number, init] : llvm::enumerate(op.getDpsInitsMutable())) {
    SmallVector<Operation *> combiners;
    int64_t parallel = llvm::count_if(op.getMatchingIndexingMap(&init).getResults(), [](AffineExpr index) { return !LoopGroups::get(index); });
    if (parallel != op.getNumParallelLoops() ||
        !matchReduction(op.getRegionOutputArgs(), number, combiners) || combiners.size() != 1 ||
        !arith::getNeutralElement(combiners.front()))
      return false;
  }
  return true;
}

class SpaceFinder {
public:
  SpaceFinder(KernelOp kernel, std::string &why) : kernel(kernel), why(why) {}

  std::optional<KernelSpace> run() {
    auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
    llvm::EquivalenceClasses<Operation *> classes;
    SmallVector<Operation *> computations;
    DenseMap<Value, Operation *> readers; // of matrices: the first
    for (Operation &op : *kernel.getBlock()) {
      bool isResult =
          llvm::any_of(op.getResults(), [&](Value value) { return llvm::is_contained(yield.getValues(), value); });
      if (isEvaluatedInPlace(&op)) {
        if (isResult) {
          if (auto generic = dyn_cast<linalg::GenericOp>(&op); !generic || generic.getNumLoops())
            return fail(&op, "it is a copy"), std::nullopt;
          space.scalars.push_back(&op);
        }
        continue;
      }
      if (isa<scf::ForOp>(op))
        return fail(&op, "its steps follow each other"), std::nullopt;
      if (!isComputation(&op)) {
        if (isResult)
          return fail(&op, "it is no loop nest"), std::nullopt;
        continue;
      }
      if (!isa<linalg::GenericOp, norm::MomentsOp>(op))
        return fail(&op, "it is no loop nest"), std::nullopt;
      computations.push_back(&op);
      classes.insert(&op);
      forEachProducer(&op, [&](Operation *producer) { classes.unionSets(&op, producer); });
      // Who reads the same matrix the same way shares its tile.
      if (LoopNest nest = *LoopNest::get(&op); nest.numLoops() == 2 && !isMainLoop(&op))
        for (auto [operand, map] : llvm::zip(op.getOperands(), nest.operandMaps))
          if (isa<BlockArgument>(operand) && map.isIdentity())
            classes.unionSets(&op, readers.try_emplace(operand, &op).first->second);
    }
    DenseMap<Operation *, unsigned> sectionOf; // by the leader
    for (Operation *op : computations) {
      auto [it, inserted] = sectionOf.try_emplace(classes.getLeaderValue(op), space.sections.size());
      if (inserted)
        space.sections.emplace_back();
      space.sections[it->second].ops.push_back(op);
    }
    for (Section &section : space.sections)
      if (!label(section) || !orderSection(kernel, section, why))
        return std::nullopt;
    return std::move(space);
  }

private:
  bool fail(Operation *op, const Twine &reason) { return refuse(why, op, reason); }

  /// Loops, or groups of loops, each once.
  static bool isPlain(AffineMap map) {
    llvm::SmallDenseSet<unsigned> seen;
    return llvm::all_of(map.getResults(), [&](AffineExpr expr) {
      std::optional<LoopGroups> groups = LoopGroups::get(expr);
      auto loop = dyn_cast<AffineDimExpr>(expr);
      return (groups && llvm::isPowerOf2_64(groups->width) && seen.insert(groups->loop).second) ||
             (loop && seen.insert(loop.getPosition()).second);
    });
  }

  /// Notes the width of groups of columns; false where it is another, or not of columns.
  bool noteGroups(Section &section, Operation *op, const LoopNest &nest) {
    for (AffineMap map : llvm::concat<AffineMap>(SmallVector(nest.operandMaps), SmallVector(nest.resultMaps)))
      for (AffineExpr expr : map.getResults())
        if (std::optional<LoopGroups> groups = LoopGroups::get(expr)) {
          if (section.loops[op][groups->loop] != Axis::Column || (section.groupColumns && section.groupColumns != groups->width))
            return false;
          section.groupColumns = groups->width;
        }
    return true;
  }

  /// Labels from the op alone: dimension 0 of what it makes (or sums) is the rows; one dimension is columns where it is
  /// short. Empty where the op does not tell.
  static Axes ownAxes(Operation *op) {
    LoopNest nest = *LoopNest::get(op);
    if (nest.numLoops() == 2) {
      std::optional<unsigned> rows = loopOfDim(nest.allParallel() ? nest.resultMaps[0] : nest.operandMaps[0], 0);
      if (!rows)
        return {};
      Axes loops(2, Axis::Column);
      loops[*rows] = Axis::Row;
      return loops;
    }
    if (nest.numLoops() != 1)
      return {};
    int64_t extent = ShapedType::kDynamic;
    for (auto [map, operand] : llvm::zip(nest.operandMaps, op->getOperands()))
      if (map.getNumResults())
        extent = cast<ShapedType>(operand.getType()).getDimSize(0);
    return {!ShapedType::isDynamic(extent) && extent <= longestRow ? Axis::Column : Axis::Row};
  }

  bool seed(Section &section) {
    for (Operation *op : section.ops)
      if (isMainLoop(op)) {
        if (section.mainLoop)
          return fail(op, "a second main loop");
        section.mainLoop = op;
      }
    if (Operation *op = section.mainLoop) {
      LoopNest nest = *LoopNest::get(op);
      if (nest.numLoops() != 3 || nest.resultMaps[0].getNumResults() != 2)
        return fail(op, "its main loop is no plain matrix product");
      Axes loops(3, Axis::Depth);
      loops[*loopOfDim(nest.resultMaps[0], 0)] = Axis::Row;
      loops[*loopOfDim(nest.resultMaps[0], 1)] = Axis::Column;
      section.loops[op] = loops;
      return true;
    }
    // What tells groups from their columns first.
    auto tellsGroups = [](Operation *op) {
      LoopNest nest = *LoopNest::get(op);
      return llvm::any_of(llvm::concat<AffineMap>(nest.operandMaps, nest.resultMaps), [](AffineMap map) {
        return llvm::any_of(map.getResults(), [](AffineExpr expr) { return LoopGroups::get(expr).has_value(); });
      });
    };
    auto ordered = llvm::to_vector(section.ops);
    llvm::stable_sort(ordered, [&](Operation *a, Operation *b) { return tellsGroups(a) > tellsGroups(b); });
    for (unsigned numLoops : {2, 1})
      for (Operation *op : ordered)
        if (LoopNest::get(op)->numLoops() == numLoops) {
          Axes loops = ownAxes(op);
          if (loops.size() != numLoops)
            return fail(op, "no rows");
          section.loops[op] = loops;
          return true;
        }
    // Single numbers, made of sums.
    for (Operation *op : section.ops) {
      if (LoopNest::get(op)->numLoops())
        return fail(op, "its loops are more than rows and columns");
      section.loops[op] = {};
    }
    return true;
  }

  /// Spreads the labels over the values that the ops share.
  bool label(Section &section) {
    for (Operation *op : section.ops) {
      LoopNest nest = *LoopNest::get(op);
      for (AffineMap map : llvm::concat<AffineMap>(nest.operandMaps, nest.resultMaps))
        if (!isPlain(map))
          return fail(op, "it reads or writes elements that are not its own");
      if (readsSlice(op))
        return fail(op, "it reads a slice");
      bool gathers = false;
      op->walk([&](tensor::ExtractOp extract) { gathers |= !isa<BlockArgument>(extract.getTensor()); });
      if (gathers)
        return fail(op, "it gathers from what is not in memory");
      if (auto generic = dyn_cast<linalg::GenericOp>(op);
          generic && generic.getNumReductionLoops() && !reducesInParts(generic))
        return fail(op, "it reduces in an order of its own");
    }
    if (!seed(section))
      return false;
    DenseMap<Value, Axes> values;
    bool changed = true;
    auto learn = [&](Value value, Axes axes) {
      if (isa<RankedTensorType>(value.getType()) && values.try_emplace(value, axes).second)
        changed = true;
    };
    auto spread = [&](Operation *op) {
      LoopNest nest = *LoopNest::get(op);
      auto it = section.loops.find(op);
      if (it == section.loops.end()) {
        // From a value whose labels are known.
        SmallVector<std::optional<Axis>> loops(nest.numLoops());
        auto take = [&](Value value, AffineMap map) {
          auto known = values.find(value);
          if (known == values.end())
            return;
          for (auto [expr, axis] : llvm::zip(map.getResults(), known->second)) {
            if (std::optional<LoopGroups> groups = LoopGroups::get(expr))
              loops[groups->loop] = Axis::Column;
            else
              loops[cast<AffineDimExpr>(expr).getPosition()] = axis;
          }
        };
        for (auto [value, map] : llvm::zip(op->getOperands(), nest.operandMaps))
          if (value.getDefiningOp()) // arguments may be read along other axes by others
            take(value, map);
        for (auto [value, map] : llvm::zip(op->getResults(), nest.resultMaps))
          take(value, map);
        // The other loop of two is the other axis.
        if (loops.size() == 2 && loops[0].has_value() != loops[1].has_value()) {
          Axis given = loops[0] ? *loops[0] : *loops[1];
          if (given == Axis::Row || given == Axis::Column)
            (loops[0] ? loops[1] : loops[0]) = given == Axis::Row ? Axis::Column : Axis::Row;
        }
        if (!llvm::all_of(loops, [](auto axis) { return axis.has_value(); }))
          return true;
        Axes all;
        for (auto axis : loops)
          all.push_back(*axis);
        it = section.loops.try_emplace(op, all).first;
        changed = true;
      }
      llvm::SmallDenseSet<unsigned> seen;
      for (Axis axis : it->second)
        if (!seen.insert(unsigned(axis)).second)
          return false;
      Axes loops = it->second;
      auto axesOf = [&](AffineMap map) { return axesThrough(map, loops); };
      for (auto [value, map] : llvm::zip(op->getOperands(), nest.operandMaps))
        if (value.getDefiningOp())
          learn(value, axesOf(map));
      for (auto [value, map] : llvm::zip(op->getResults(), nest.resultMaps))
        learn(value, axesOf(map));
      for (auto [value, map] : llvm::zip(op->getResults(), nest.resultMaps))
        if (values[value] != axesOf(map))
          return false;
      for (auto [value, map] : llvm::zip(op->getOperands(), nest.operandMaps)) {
        Operation *producer = value.getDefiningOp();
        if (producer && isa<RankedTensorType>(value.getType()) && !isEvaluatedInPlace(producer) &&
            values[value] != axesOf(map))
          return false;
      }
      return true;
    };
    while (changed) {
      changed = false;
      for (Operation *op : section.ops)
        if (!spread(op))
          return fail(op, "it does not share the kernel's rows and columns");
      // What shares single numbers alone with the others, like a mean and what it is taken off: by its own form.
      for (Operation *op : section.ops)
        if (!changed && !section.loops.contains(op))
          if (Axes loops = ownAxes(op); loops.size() == LoopNest::get(op)->numLoops()) {
            section.loops[op] = loops;
            changed = true;
          }
    }
    for (Operation *op : section.ops)
      if (!section.loops.contains(op))
        return fail(op, "nothing tells its rows from its columns");
      else if (!noteGroups(section, op, *LoopNest::get(op)))
        return fail(op, "its groups are not of the kernel's columns, or of another number");
    return true;
  }

  KernelOp kernel;
  std::string &why;
  KernelSpace space;
};
} // namespace

std::optional<KernelSpace> findKernelSpace(KernelOp kernel, std::string &why) { return SpaceFinder(kernel, why).run(); }

} // namespace keel
