// Groups computations into kernels, each one launch. Partition.cpp decides, this file builds.
#include "dialect/keel/Keel.h"
#include "dialect/norm/Norm.h"
#include "dialect/norm/Strategy.h"
#include "passes/fuse/Explain.h"
#include "passes/fuse/KernelBuilder.h"
#include "passes/fuse/LoopKernel.h"
#include "passes/fuse/Partition.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/View.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_FORMKERNELS
#include "passes/fuse/Passes.h.inc"

namespace {

/// A name that tells what the kernel does, from the op it was made around.
std::string kernelName(StringRef function, unsigned index, const KernelGroup &group) {
  StringRef what = group.isUpdate ? "update" : group.mainLoop ? "matmul" : "rows";
  return (function + "_" + what + "_" + Twine(index)).str();
}

/// A slice that is read at the host level is copied by a kernel: kernels take whole tensors.
void copyReturnedSlices(Block &block) {
  OpBuilder builder(block.getParentOp());
  for (Operation &op : llvm::make_early_inc_range(block)) {
    bool whole = isa<tensor::ExtractSliceOp>(op) || (isRepeated(&op) && isa<linalg::LinalgOp>(op));
    if (!whole)
      continue;
    auto readAtHost = [&](OpOperand &use) {
      Operation *user = use.getOwner();
      return user->getBlock() != &block || (!isComputation(user) && !isRepeated(user));
    };
    if (llvm::none_of(op.getUses(), readAtHost))
      continue;
    builder.setInsertionPointAfter(&op);
    Value value = op.getResult(0);
    auto type = cast<RankedTensorType>(value.getType());
    // The extents come from what the value is made of: the value itself will be a kernel's.
    ReifiedRankedShapedTypeDims shapes;
    [[maybe_unused]] LogicalResult reified = reifyResultShapes(builder, &op, shapes);
    assert(succeeded(reified) && "slices and structured ops know their shapes");
    Value empty = tensor::EmptyOp::create(builder, op.getLoc(), shapes.front(), type.getElementType());
    AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> parallel(type.getRank(), utils::IteratorType::parallel);
    auto copy = linalg::GenericOp::create(
        builder, op.getLoc(), TypeRange(type), ValueRange(value), ValueRange(empty), ArrayRef{identity, identity}, parallel,
        [](OpBuilder &b, Location loc, ValueRange arguments) { linalg::YieldOp::create(b, loc, arguments.front()); });
    value.replaceUsesWithIf(copy.getResult(0),
                            [&](OpOperand &use) { return use.getOwner() != copy && readAtHost(use); });
  }
}

/// Puts the block's ops in an order in which kernels can replace their groups, the state update last.
void order(Block &block, std::vector<KernelGroup> &groups) {
  DenseMap<Operation *, unsigned> unitOf;
  std::vector<SmallVector<Operation *>> units;
  DenseMap<Operation *, KernelGroup *> groupOf;
  for (KernelGroup &group : groups)
    for (Operation *op : group.ops)
      if (!group.recomputed.contains(op))
        groupOf[op] = &group;
  DenseMap<KernelGroup *, unsigned> unitOfGroup;
  for (Operation &op : block.without_terminator()) {
    if (KernelGroup *group = groupOf.lookup(&op)) {
      auto [it, inserted] = unitOfGroup.try_emplace(group, units.size());
      if (inserted)
        units.emplace_back();
      unitOf[&op] = it->second;
      units[it->second].push_back(&op);
      continue;
    }
    unitOf[&op] = units.size();
    units.push_back({&op});
  }
  std::vector<llvm::SetVector<unsigned>> predecessors(units.size());
  // State is ordered tensor by tensor; any other effect is ordered with all of its kind.
  DenseMap<Attribute, SmallVector<unsigned>> earlier;
  for (auto [group, unit] : unitOfGroup)
    for (Operation *op : group->recomputed)
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp(); producer && !group->ops.contains(producer))
          if (auto it = unitOf.find(producer); it != unitOf.end() && it->second != unit)
            predecessors[unit].insert(it->second);
  auto computesItself = [&](Operation *op, Operation *producer) {
    KernelGroup *group = groupOf.lookup(op);
    return group && group->recomputed.contains(producer);
  };
  for (auto [index, unit] : llvm::enumerate(units))
    for (Operation *op : unit) {
      op->walk([&](Operation *nested) {
        for (Value operand : nested->getOperands())
          if (Operation *producer = operand.getDefiningOp(); producer && !computesItself(op, producer))
            if (auto it = unitOf.find(producer); it != unitOf.end() && it->second != index)
              predecessors[index].insert(it->second);
      });
      if (!isMemoryEffectFree(op)) {
        auto load = dyn_cast<ml_program::GlobalLoadOp>(op);
        auto store = dyn_cast<ml_program::GlobalStoreOp>(op);
        Attribute what = load ? Attribute(load.getGlobal()) : store ? Attribute(store.getGlobal()) : Attribute();
        for (unsigned before : earlier[what])
          if (before != index)
            predecessors[index].insert(before);
        earlier[what].push_back(index);
      }
    }
  std::vector<bool> done(units.size());
  auto place = [&](auto &self, unsigned index) -> void {
    if (done[index])
      return;
    done[index] = true;
    for (unsigned before : predecessors[index])
      self(self, before);
    for (Operation *op : units[index])
      op->moveBefore(block.getTerminator());
  };
  // Stores and the update come after everything that reads the old state.
  auto isLate = [&](unsigned index) {
    Operation *op = units[index].front();
    KernelGroup *group = groupOf.lookup(op);
    return isa<ml_program::GlobalStoreOp>(op) || (group && group->isUpdate);
  };
  for (bool late : {false, true})
    for (unsigned index = 0; index < units.size(); ++index)
      if (isLate(index) == late)
        place(place, index);
}

void formKernels(Block &block, StringRef function, const KernelLimits &limits, unsigned &count) {
  for (Operation &op : llvm::make_early_inc_range(block))
    if (!isComputation(&op) && !isa<KernelOp>(op)) {
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          formKernels(inner, function, limits, count);
      if (auto loop = dyn_cast<scf::ForOp>(op))
        makeKernelOfLoop(loop, limits.planar);
    }

  copyReturnedSlices(block);
  std::vector<KernelGroup> groups = partitionIntoKernels(block, limits);
  order(block, groups);
  DenseMap<Operation *, const KernelGroup *> home;
  for (KernelGroup &group : groups)
    for (Operation *op : group.ops)
      if (!group.recomputed.contains(op))
        home[op] = &group;
  // Kernels are built where their last own op stands.
  OpBuilder builder(block.getParentOp());
  SmallVector<std::pair<Value, Value>> replacements;
  SmallVector<KernelGroup *> ordered;
  for (KernelGroup &group : groups)
    ordered.push_back(&group);
  auto lastOwnOp = [&](KernelGroup *group) {
    Operation *last = nullptr;
    for (Operation *op : group->ops)
      if (home[op] == group && (!last || last->isBeforeInBlock(op)))
        last = op;
    return last;
  };
  for (KernelGroup *group : ordered) {
    llvm::SmallVector<Operation *> ops = group->ops.takeVector();
    llvm::sort(ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    group->ops.insert_range(ops);
  }
  llvm::sort(ordered, [&](KernelGroup *a, KernelGroup *b) { return lastOwnOp(a)->isBeforeInBlock(lastOwnOp(b)); });
  for (KernelGroup *group : ordered) {
    builder.setInsertionPointAfter(lastOwnOp(group));
    auto [kernel, results] = buildKernel(builder, *group, groups, block, kernelName(function, count++, *group));
    if (group->splitDim != 0)
      kernel->setAttr("keel.split_dim", builder.getI64IntegerAttr(group->splitDim));
    if (!group->isUpdate)
      for (Operation *op : group->ops)
        if (Attribute strategy = op->getDiscardableAttr(norm::strategyAttribute))
          kernel->setAttr(norm::strategyAttribute, strategy);
    explainKernel(kernel, *group, function, limits);
    for (auto [from, to] : llvm::zip(results, kernel.getResults()))
      replacements.emplace_back(from, to);
  }
  for (auto [from, to] : replacements)
    from.replaceAllUsesWith(to);
  // The originals now only feed each other.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (home.contains(&op) || isRepeated(&op) || isView(&op)) {
      if (op.use_empty())
        op.erase();
    }
}

/// Inside a kernel, an elementwise op moves into its first reader: into a reduction only if that is its only reader, into
/// an elementwise op also if others read it (the fused op then has both results).
struct FuseIntoFirstReader : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  static bool readsItsInit(linalg::GenericOp op) {
    return llvm::any_of(op.getDpsInitsMutable(), [&](OpOperand &init) { return op.payloadUsesValueFromOperand(&init); });
  }

  static bool isFirstReader(Operation *producer, linalg::GenericOp reader, OpOperand *operand) {
    bool only = true;
    for (Operation *user : producer->getUsers()) {
      if (user->getBlock() != reader->getBlock() || user->isBeforeInBlock(reader))
        return false;
      only &= user == reader;
    }
    return only || (reader.getNumParallelLoops() == reader.getNumLoops() &&
                    reader.getMatchingIndexingMap(operand).isIdentity());
  }

  LogicalResult matchAndRewrite(linalg::GenericOp reader, PatternRewriter &rewriter) const override {
    if (isMainLoop(reader) || !isa<KernelOp>(reader->getParentOp()))
      return failure();
    for (OpOperand *operand : reader.getDpsInputOperands()) {
      auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
      // Upstream fuses what reads its init as if it were read once; in a nest with more loops it is not.
      if (!producer || readsItsInit(producer) || !linalg::areElementwiseOpsFusable(operand) || !isFirstReader(producer, reader, operand))
        continue;
      FailureOr<linalg::ElementwiseOpFusionResult> fused = linalg::fuseElementwiseOps(rewriter, operand);
      if (failed(fused))
        continue;
      for (auto [from, to] : fused->replacements)
        rewriter.replaceUsesWithIf(from, to, [&](OpOperand &use) { return use.get().getDefiningOp() != producer || use.getOwner() != reader; });
      rewriter.eraseOp(reader);
      return success();
    }
    return failure();
  }
};

/// Refuses a strategy that no pass knows, that the target lacks, or that a row is too long for.
LogicalResult verifyStrategy(Operation *op, const KernelLimits &limits) {
  auto strategy = op->getAttrOfType<StringAttr>(norm::strategyAttribute);
  if (!strategy)
    return success();
  if (strategy == "cluster" && limits.tileColumns && !limits.clusterColumns)
    return emitError(op->getLoc()) << "keel.strategy " << strategy << ": this target has no clusters of blocks; sm_90a has";
  auto limit = llvm::StringSwitch<std::optional<int64_t>>(strategy)
                   .Case("row-complete", limits.tileColumns)
                   .Case("cluster", limits.clusterColumns)
                   .Case("row-block-barrier", limits.rowColumns)
                   .Cases({"statistics", "deferred"}, 0)
                   .Default(std::nullopt);
  if (!limit)
    return emitError(op->getLoc()) << "unknown keel.strategy " << strategy
                                   << ": row-complete, cluster, row-block-barrier, statistics or deferred";
  std::optional<LoopNest> nest = LoopNest::get(op);
  std::optional<unsigned> rows = nest ? loopOfDim(nest->operandMaps[0], 0) : std::nullopt;
  int64_t row = *limit && rows && nest->isParallel(*rows) && !isMainLoop(op) ? longestSum(op) : 0;
  if (row > *limit)
    return emitError(op->getLoc()) << "keel.strategy " << strategy << " takes rows of up to " << *limit
                                   << " elements on this target, and this normalization's have " << row;
  return success();
}

/// One more than the last number in the names of the kernels that are there already.
unsigned firstFreeNumber(func::FuncOp function) {
  unsigned free = 0, number;
  function.walk([&](KernelOp kernel) {
    if (!kernel.getName().rsplit('_').second.getAsInteger(10, number))
      free = std::max(free, number + 1);
  });
  return free;
}

struct FormKernels : impl::FormKernelsBase<FormKernels> {
  using FormKernelsBase::FormKernelsBase;

  void runOnOperation() override {
    KernelLimits limits{fuse, planar, operandReuse, preparedWork, batch, tileColumns, clusterColumns, rowColumns};
    WalkResult known = getOperation().walk([&](Operation *op) { return WalkResult(verifyStrategy(op, limits)); });
    if (known.wasInterrupted())
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      unsigned count = firstFreeNumber(function);
      for (Block &block : function.getBody())
        formKernels(block, function.getName(), limits, count);
    }
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseIntoFirstReader>(&getContext());
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace keel
