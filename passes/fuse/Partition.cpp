// Decides which computations become one kernel: greedily, in program order, each op joins the kernel of one of its
// producers if it can take part in that kernel's loop over rows.
#include "passes/fuse/Columns.h"
#include "passes/fuse/PartitionState.h"
#include "passes/fuse/View.h"

#include "dialect/norm/Norm.h"
#include "dialect/norm/Strategy.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace keel {

bool isComputation(Operation *op) {
  return isa<linalg::LinalgOp, linalg::PackOp, linalg::UnPackOp, norm::MomentsOp, tensor::PadOp, tensor::InsertSliceOp,
             tensor::GenerateOp>(op);
}

/// One number made of scalars alone: the reciprocal of the number of cases.
static bool isScalar(linalg::GenericOp op) {
  return op.getNumLoops() == 0 && op->getNumResults() == 1 &&
         llvm::none_of(op.getDpsInputs(), [](Value value) { return isa<ShapedType>(value.getType()); }) &&
         !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0));
}

bool isRepeated(Operation *op) {
  if (isa<tensor::EmptyOp, tensor::ExtractSliceOp>(op))
    return true;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    // A large table is data that a kernel reads.
    auto elements = dyn_cast<ElementsAttr>(constant.getValue());
    return !elements || elements.isSplat();
  }
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (generic && isScalar(generic))
    return true;
  if (!generic || generic->getNumResults() != 1 || generic.getNumDpsInputs() > 1 ||
      generic.getNumParallelLoops() != generic.getNumLoops() || generic.getNumLoops() == 0 ||
      !llvm::hasSingleElement(generic.getBody()->getOperations()))
    return false;
  // A fill, or a broadcast of something that has fewer dimensions than its result.
  auto yielded = dyn_cast<BlockArgument>(cast<linalg::YieldOp>(generic.getBody()->getTerminator()).getOperand(0));
  if (yielded && yielded.getOwner() == generic.getBody() && yielded.getArgNumber() >= generic.getNumDpsInputs())
    return false;
  return generic.getNumDpsInputs() == 0 ||
         generic.getMatchingIndexingMap(generic.getDpsInputOperand(0)).getNumResults() < generic.getNumLoops();
}

SmallVector<Value> readValues(Operation *op) {
  llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), values);
  return values.takeVector();
}

bool markRows(Operation *op, const LoopNest &nest, unsigned loop, KernelGroup &group) {
  SmallVector<unsigned> dims;
  for (AffineMap map : nest.resultMaps) {
    std::optional<unsigned> dim = dimOfLoop(map, loop);
    if (!dim)
      return false;
    dims.push_back(*dim);
  }
  for (auto [result, dim] : llvm::zip(op->getResults(), dims))
    group.rowDim[result] = dim;
  return true;
}

/// The largest value that a kernel may finish after its loop over rows, in elements.
static constexpr int64_t maxFinishedElements = 1 << 16;

bool isSmall(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return !shaped || (shaped.hasStaticShape() && shaped.getNumElements() <= maxFinishedElements);
}

void PartitionState::assign(Operation *op, unsigned group) {
  groups[group].ops.insert(op);
  groupOf[op] = group;
  if (isMainLoop(op))
    groups[group].mainLoop = op;
}

bool PartitionState::reads(Operation *op, unsigned group) const {
  return llvm::any_of(readValues(op), [&](Value value) {
    return value.getDefiningOp() && groups[group].ops.contains(value.getDefiningOp());
  });
}

bool PartitionState::dependsOnAnother(Operation *op, unsigned target) const {
  SmallVector<Operation *> worklist;
  llvm::SmallPtrSet<Operation *, 32> seen;
  auto pushProducers = [&](Operation *reader, bool fromTarget) {
    bool hit = false;
    for (Value value : readValues(reader)) {
      Operation *producer = value.getDefiningOp();
      if (!producer || producer->getBlock() != &block)
        continue;
      if (groups[target].ops.contains(producer)) {
        hit |= !fromTarget;
        continue;
      }
      if (seen.insert(producer).second)
        worklist.push_back(producer);
    }
    return hit;
  };
  pushProducers(op, /*fromTarget=*/true);
  while (!worklist.empty()) {
    Operation *next = worklist.pop_back_val();
    // A kernel reads what all of its ops read.
    auto group = groupOf.find(next);
    if (group == groupOf.end()) {
      if (pushProducers(next, false))
        return true;
      continue;
    }
    for (Operation *member : groups[group->second].ops)
      if (pushProducers(member, false))
        return true;
  }
  return false;
}

namespace {
class Partitioner : PartitionState {
public:
  Partitioner(Block &block, const KernelLimits &limits)
      : PartitionState(block), limits(limits), fuse(limits.fuse), updates(findStateUpdates(block, limits.planar)) {}

  std::vector<KernelGroup> run() {
    for (Operation &op : block) {
      if (isView(&op) && fuse && !limits.planar)
        takeView(&op);
      if (!isComputation(&op) || isRepeated(&op))
        continue;
      if (fuse && updates.contains(&op))
        assign(&op, updateGroup());
      else if (!fuse || !joinAProducer(&op))
        start(&op);
    }
    if (fuse) {
      absorbSmallGroups(*this);
      recomputeCheapValues(*this);
      prepareOperands(*this, limits);
    }
    llvm::erase_if(groups, [](const KernelGroup &group) { return group.ops.empty(); });
    return std::move(groups);
  }

private:
  unsigned updateGroup() {
    for (auto [index, group] : llvm::enumerate(groups))
      if (group.isUpdate)
        return index;
    groups.emplace_back().isUpdate = true;
    return groups.size() - 1;
  }

  /// A view of rows that a kernel makes costs nothing in it, too, so that what reads the view may join.
  void takeView(Operation *view) {
    LoopNest nest = getViewLoops(view);
    for (KernelGroup &group : groups)
      if (auto dim = group.rowDim.find(view->getOperand(0)); dim != group.rowDim.end() && !group.isUpdate)
        if (std::optional<unsigned> loop = loopOfDim(nest.operandMaps[0], dim->second);
            loop && markRows(view, nest, *loop, group)) {
          group.ops.insert(view);
          group.recomputed.insert(view);
        }
  }

  /// The op whose result `value` is a view of.
  static Operation *findProducer(Value value) {
    Operation *producer = value.getDefiningOp();
    while (producer && isView(producer))
      producer = producer->getOperand(0).getDefiningOp();
    return producer;
  }

  /// A group of its own, whose rows are dimension 0 of its results.
  void start(Operation *op) {
    groups.emplace_back().whyApart = fuse ? whyNot : "fusion is off";
    assign(op, groups.size() - 1);
    std::optional<LoopNest> nest = LoopNest::get(op);
    if (!nest || nest->resultMaps.empty())
      return;
    std::optional<unsigned> loop = loopOfDim(nest->resultMaps[0], 0);
    if (loop && nest->isParallel(*loop))
      markRows(op, *nest, *loop, groups.back());
  }

  bool joinAProducer(Operation *op) {
    // The producer of the largest value first, of these the latest: its rows are the ones still in cache.
    SmallVector<std::pair<int64_t, unsigned>> ordered;
    for (Value value : readValues(op))
      if (Operation *producer = findProducer(value); producer && groupOf.contains(producer)) {
        auto type = dyn_cast<RankedTensorType>(value.getType());
        ordered.emplace_back(type ? type.getRank() : 0, groupOf[producer]);
      }
    llvm::sort(ordered, std::greater<>());
    whyNot = "";
    for (auto [rank, candidate] : ordered)
      if (!groups[candidate].isUpdate && (canJoin(op, candidate) || joinByColumns(op, candidate))) {
        assign(op, candidate);
        return true;
      }
    return false;
  }

  /// A matmul that sums over the rows of its second factor (a weight gradient) joins the pass that makes them if all of
  /// it can go over blocks of columns instead.
  bool joinByColumns(Operation *op, unsigned candidate) {
    KernelGroup &group = groups[candidate];
    std::optional<LoopNest> nest = LoopNest::get(op);
    if (!isMainLoop(op) || group.mainLoop || group.rowDim.empty() || limits.planar || dependsOnAnother(op, candidate))
      return false;
    KernelGroup turned;
    turned.splitDim = 1;
    SmallVector<Operation *> members(group.ops.getArrayRef());
    members.push_back(op);
    for (Operation *member : members) {
      std::optional<LoopNest> loops = LoopNest::get(member);
      std::optional<unsigned> loop = loops ? commonLoop(member, *loops, turned) : std::nullopt;
      // What reads nothing of the group splits dimension 1 of its result.
      if (!loop && loops && readsNothingOf(member, turned))
        loop = loopOfDim(loops->resultMaps[0], 1);
      if (!loop || !loops->isParallel(*loop) || !markRows(member, *loops, *loop, turned))
        return false;
      turned.ops.insert(member);
    }
    group.rowDim = turned.rowDim;
    group.splitDim = 1;
    return true;
  }

  static bool readsNothingOf(Operation *op, const KernelGroup &group) {
    return llvm::none_of(op->getOperands(), [&](Value value) {
      return value.getDefiningOp() && group.ops.contains(value.getDefiningOp());
    });
  }

  /// The one loop of the op that runs over the rows of everything it reads of the group.
  static std::optional<unsigned> commonLoop(Operation *op, const LoopNest &nest, const KernelGroup &group) {
    std::optional<unsigned> loop;
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *producer = operand.get().getDefiningOp();
      if (!producer || !group.ops.contains(producer))
        continue;
      auto dim = group.rowDim.find(operand.get());
      if (dim == group.rowDim.end())
        return std::nullopt;
      AffineMap map = nest.operandMaps[operand.getOperandNumber()];
      std::optional<unsigned> rows = loopOfDim(map, dim->second);
      if (!rows || dimOfLoop(map, *rows) != dim->second || (loop && loop != rows))
        return std::nullopt;
      loop = rows;
    }
    return loop;
  }

  /// Rows and columns, and a main loop's sum.
  static bool isPlanar(Operation *op) {
    std::optional<LoopNest> nest = LoopNest::get(op);
    return nest && nest->numLoops() <= (isMainLoop(op) ? 3 : 2);
  }

  /// Whether the target's kernels can hold the op beside the group's.
  bool fitsTarget(Operation *op, const KernelGroup &group) {
    // A main loop stands first; what prepares its operands is moved there later.
    if (limits.planar && (isMainLoop(op) || !isPlanar(op) || !llvm::all_of(group.ops, isPlanar)))
      return false;
    if (limits.planar && !shareColumns(op, group.ops.getArrayRef()))
      return false;
    // Moments of a long row, unlike sums, need it twice.
    return !isa<norm::MomentsOp>(op) || !group.mainLoop || !limits.rowColumns || longestSum(op) <= limits.rowColumns;
  }

  /// A sum along rows of which the target holds only parts beside the main loop, by their length or by its strategy.
  bool isStatistic(Operation *op, const KernelGroup &group) const {
    if (!limits.rowColumns || !group.mainLoop || isMainLoop(op))
      return false;
    auto strategy = op->getAttrOfType<StringAttr>(norm::strategyAttribute);
    bool isForced = strategy && (strategy == "statistics" || strategy == "deferred");
    return longestSum(op) > (isForced ? limits.tileColumns : limits.rowColumns);
  }

  bool refuse(StringRef reason) {
    // The latest producer's reason is the one that matters.
    if (whyNot.empty())
      whyNot = reason;
    return false;
  }

  /// Whether the op can be done for a row block inside the group's loop, or after it; marks its rows if so.
  bool canJoin(Operation *op, unsigned candidate) {
    KernelGroup &group = groups[candidate];
    std::optional<LoopNest> nest = LoopNest::get(op);
    if (!nest)
      return refuse("it has no loops to share");
    if (!fitsTarget(op, group))
      return refuse("the target's kernels hold rows and columns of limited length");
    bool readsFinished = llvm::any_of(op->getOperands(), [&](Value value) {
      Operation *producer = value.getDefiningOp();
      return producer && group.ops.contains(producer) && !group.rowDim.contains(value);
    });
    bool readsRows = llvm::any_of(op->getOperands(), [&](Value value) { return group.rowDim.contains(value); });
    std::optional<unsigned> loop = readsFinished ? std::nullopt : commonLoop(op, *nest, group);
    if (readsRows && !readsFinished && !loop)
      return refuse("it does not read the producer's rows row by row");
    // What a body captures is whole.
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    for (Value value : captured)
      if (Operation *producer = value.getDefiningOp(); producer && group.ops.contains(producer))
        return refuse("it needs all of the producer's rows at once");
    if (readsFinished && readsRows)
      return refuse("it needs a sum over the rows that the producer is still adding up");
    if (dependsOnAnother(op, candidate))
      return refuse("it also reads what another kernel makes of the producer's result");

    // What is left when a planar kernel's rows are done is one more row.
    auto isNumber = [](Type type) { return cast<ShapedType>(type).getRank() == 0; };
    if (readsFinished)
      return ((nest->allParallel() && llvm::all_of(op->getResultTypes(), isSmall) && !(limits.planar && nest->numLoops() > 1)) ||
              (limits.planar && llvm::all_of(op->getResultTypes(), isNumber))) ||
             refuse("it needs a sum over the rows that the producer is still adding up");
    if (!loop)
      return refuse("it reads nothing of the producer");
    bool mainLoop = isMainLoop(op);
    if (mainLoop && group.mainLoop)
      return refuse("the producer's kernel has a main loop already");
    bool readsStatistic = llvm::any_of(op->getOperands(), [&](Value value) { return group.statistics.contains(value); });
    if (readsStatistic && (nest->numLoops() > 1 || !nest->allParallel()))
      return refuse("it reads rows beside sums along them, of which the producer's kernel holds parts");
    if (nest->isParallel(*loop)) {
      if (!markRows(op, *nest, *loop, group))
        return refuse("its results do not keep the producer's rows");
      if (readsStatistic || isStatistic(op, group))
        group.statistics.insert(op->result_begin(), op->result_end());
      return true;
    }
    if (mainLoop)
      return refuse("it is a matmul that sums over the producer's rows");
    return (llvm::all_of(op->getResultTypes(), isSmall) && isSumOverRows(op, *nest, *loop)) ||
           refuse("partial results of its sum over the rows cannot be combined");
  }

  /// A reduction whose partial results over row blocks can be combined, and that no other loop shares.
  static bool isSumOverRows(Operation *op, const LoopNest &nest, unsigned loop) {
    if (isa<norm::MomentsOp>(op))
      return true;
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic)
      return false;
    for (unsigned i = 0, e = generic.getNumDpsInits(); i < e; ++i) {
      SmallVector<Operation *> combiners;
      if (usesLoop(nest.resultMaps[i], loop) || !matchReduction(generic.getRegionOutputArgs(), i, combiners) ||
          combiners.size() != 1 || !arith::getNeutralElement(combiners[0]))
        return false;
    }
    return true;
  }

  const KernelLimits &limits;
  bool fuse;
  llvm::SmallPtrSet<Operation *, 16> updates;
  StringRef whyNot; // of the op that is being placed
};
} // namespace

std::vector<KernelGroup> partitionIntoKernels(Block &block, const KernelLimits &limits) {
  return Partitioner(block, limits).run();
}

} // namespace keel
