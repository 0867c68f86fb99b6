// Decides which computations become one kernel: greedily, in program order, each op joins the kernel of one of its
// producers if it can take part in that kernel's loop over rows.
#include "passes/fuse/Partition.h"

#include "dialect/norm/Norm.h"

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

namespace {

/// What an op reads: its operands, and what its regions capture.
SmallVector<Value> readValues(Operation *op) {
  llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), values);
  return values.takeVector();
}

/// The largest value that a kernel may finish after its loop over rows, in elements.
constexpr int64_t maxFinishedElements = 1 << 16;

bool isSmall(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return !shaped || (shaped.hasStaticShape() && shaped.getNumElements() <= maxFinishedElements);
}

class Partitioner {
public:
  Partitioner(Block &block, bool fuse) : block(block), fuse(fuse) {}

  std::vector<KernelGroup> run() {
    collectUpdates();
    for (Operation &op : block) {
      if (!isComputation(&op) || isRepeated(&op))
        continue;
      if (fuse && updates.contains(&op))
        assign(&op, updateGroup());
      else if (!fuse || !joinAProducer(&op))
        start(&op);
    }
    if (fuse) {
      absorbSmallGroups();
      recomputeCheapValues();
    }
    llvm::erase_if(groups, [](const KernelGroup &group) { return group.ops.empty(); });
    return std::move(groups);
  }

private:
  /// State updates: elementwise ops whose results reach nothing but stores of state; and what is computed from the new
  /// state and stored as well (centred copies of weights).
  void collectUpdates() {
    auto isStored = [](Value value) {
      return llvm::any_of(value.getUsers(), [](Operation *user) { return isa<ml_program::GlobalStoreOp>(user); });
    };
    // Values made of state and of what is stored in it.
    llvm::SmallPtrSet<Operation *, 16> derived;
    auto isState = [&](Value value) {
      Operation *producer = value.getDefiningOp();
      return !isa<ShapedType>(value.getType()) || isStored(value) ||
             (producer && (isa<ml_program::GlobalLoadOp>(producer) || isRepeated(producer) || derived.contains(producer)));
    };
    for (Operation &op : block)
      if (isComputation(&op) && llvm::all_of(op.getOperands(), isState))
        derived.insert(&op);
    for (Operation &op : llvm::reverse(block)) {
      std::optional<LoopNest> nest = LoopNest::get(&op);
      if (!nest || isRepeated(&op) || isMainLoop(&op) || op.use_empty() || !(nest->allParallel() || derived.contains(&op)))
        continue;
      if (llvm::all_of(op.getUsers(), [&](Operation *user) {
            return updates.contains(user) || isa<ml_program::GlobalStoreOp>(user);
          }))
        updates.insert(&op);
    }
  }

  unsigned updateGroup() {
    for (auto [index, group] : llvm::enumerate(groups))
      if (group.isUpdate)
        return index;
    groups.emplace_back().isUpdate = true;
    return groups.size() - 1;
  }

  void assign(Operation *op, unsigned group) {
    groups[group].ops.insert(op);
    groupOf[op] = group;
    if (isMainLoop(op))
      groups[group].mainLoop = op;
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

  static bool markRows(Operation *op, const LoopNest &nest, unsigned loop, KernelGroup &group) {
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

  bool joinAProducer(Operation *op) {
    // The producer of the largest value first, of these the latest: its rows are the ones still in cache.
    SmallVector<std::pair<int64_t, unsigned>> ordered;
    for (Value value : readValues(op))
      if (Operation *producer = value.getDefiningOp(); producer && groupOf.contains(producer)) {
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
    if (!isMainLoop(op) || group.mainLoop || group.rowDim.empty() || dependsOnAnother(op, candidate))
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

    if (readsFinished)
      return (nest->allParallel() && llvm::all_of(op->getResultTypes(), isSmall)) ||
             refuse("it needs a sum over the rows that the producer is still adding up");
    if (!loop)
      return refuse("it reads nothing of the producer");
    bool mainLoop = isMainLoop(op);
    if (mainLoop && group.mainLoop)
      return refuse("the producer's kernel has a main loop already");
    if (nest->isParallel(*loop))
      return markRows(op, *nest, *loop, group) || refuse("its results do not keep the producer's rows");
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

  /// True if the op reads something computed from the group's results by another kernel or at the host level.
  bool dependsOnAnother(Operation *op, unsigned target) {
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

  /// Small values that one other kernel alone reads (the reciprocal standard deviations of an inference batch norm) are
  /// computed by that kernel, before its rows.
  void absorbSmallGroups() {
    for (KernelGroup &group : groups) {
      if (group.mainLoop || group.isUpdate || group.ops.empty())
        continue;
      std::optional<unsigned> reader;
      bool possible = true;
      for (Operation *op : group.ops) {
        possible &= llvm::all_of(op->getResultTypes(), isSmall);
        for (Operation *user : op->getUsers()) {
          auto home = groupOf.find(user);
          possible &= home != groupOf.end() && (&groups[home->second] == &group || !reader || *reader == home->second);
          if (home != groupOf.end() && &groups[home->second] != &group)
            reader = home->second;
        }
      }
      if (!possible || !reader || groups[*reader].isUpdate)
        continue;
      // Nothing the group reads may come from the reader.
      if (llvm::any_of(group.ops, [&](Operation *op) { return dependsOnAnother(op, *reader) || readsOf(op, *reader); }))
        continue;
      for (Operation *op : group.ops) {
        groups[*reader].ops.insert(op);
        groupOf[op] = *reader;
      }
      group.ops.clear();
    }
  }

  bool readsOf(Operation *op, unsigned group) {
    return llvm::any_of(readValues(op), [&](Value value) {
      return value.getDefiningOp() && groups[group].ops.contains(value.getDefiningOp());
    });
  }

  /// An elementwise value that crosses kernels, made from what crosses anyway, is recomputed by its readers.
  void recomputeCheapValues() {
    for (Operation &op : llvm::reverse(block)) {
      auto home = groupOf.find(&op);
      if (home == groupOf.end() || groups[home->second].isUpdate || !isCheap(&op))
        continue;
      llvm::SmallSetVector<unsigned, 4> readers;
      bool possible = true;
      for (OpOperand &use : op.getUses()) {
        Operation *user = use.getOwner();
        auto reader = groupOf.find(user);
        if (reader == groupOf.end()) {
          possible = false;
          break;
        }
        // The reader's own kernel, and those that recompute the reader.
        for (auto [index, group] : llvm::enumerate(groups)) {
          if (index == home->second || !group.ops.contains(user))
            continue;
          possible &= readsItsRows(use, group);
          readers.insert(index);
        }
      }
      if (!possible || readers.empty() || !llvm::all_of(op.getOperands(), [&](Value value) {
            return crosses(value, home->second);
          }))
        continue;
      std::optional<LoopNest> nest = LoopNest::get(&op);
      for (unsigned reader : readers) {
        auto loop = loopOfDim(nest->resultMaps[0], groups[reader].splitDim);
        if (loop && markRows(&op, *nest, *loop, groups[reader]))
          if (groups[reader].ops.insert(&op))
            groups[reader].recomputed.insert(&op);
      }
    }
  }

  static bool isCheap(Operation *op) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    return generic && generic->getNumResults() == 1 && generic.getNumParallelLoops() == generic.getNumLoops() &&
           generic.getNumLoops() > 0 && generic.getBody()->getOperations().size() <= 8 &&
           llvm::all_of(*generic.getBody(), [](Operation &inner) {
             return isa<linalg::YieldOp>(inner) || inner.getDialect()->getNamespace() == "arith";
           });
  }

  /// The use lets the group compute the value for its own rows.
  static bool readsItsRows(OpOperand &use, const KernelGroup &group) {
    Operation *user = use.getOwner();
    std::optional<LoopNest> nest = LoopNest::get(user);
    if (!nest || isMainLoop(user))
      return false;
    std::optional<unsigned> loop = loopOfDim(nest->operandMaps[use.getOperandNumber()], group.splitDim);
    if (!loop)
      return false;
    // Either an op of the group's rows, or a sum over its rows.
    for (auto [index, result] : llvm::enumerate(user->getResults()))
      if (auto dim = group.rowDim.find(result); dim != group.rowDim.end())
        return loopOfDim(nest->resultMaps[index], dim->second) == loop;
    return !nest->isParallel(*loop);
  }

  /// The value is in memory for other kernels whatever happens: not computed in the group, or read outside of it.
  bool crosses(Value value, unsigned home) {
    Operation *producer = value.getDefiningOp();
    if (!producer || !groups[home].ops.contains(producer))
      return true;
    if (!groups[home].rowDim.contains(value))
      return true;
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      auto group = groupOf.find(user);
      return group == groupOf.end() || group->second != home;
    });
  }

  Block &block;
  bool fuse;
  llvm::SmallPtrSet<Operation *, 16> updates;
  std::vector<KernelGroup> groups;
  llvm::DenseMap<Operation *, unsigned> groupOf;
  StringRef whyNot; // of the op that is being placed
};
} // namespace

std::vector<KernelGroup> partitionIntoKernels(Block &block, bool fuse) { return Partitioner(block, fuse).run(); }

} // namespace keel
