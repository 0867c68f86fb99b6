// Groups computations into kernels, each one launch. Partition.cpp decides, this file builds.
#include "dialect/keel/Keel.h"
#include "dialect/norm/Norm.h"
#include "passes/fuse/Explain.h"
#include "passes/fuse/Partition.h"
#include "passes/fuse/Passes.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_FORMKERNELS
#include "passes/fuse/Passes.h.inc"

namespace {

/// The value an op writes into when it makes `result`: its tied init.
Value destinationOf(Value result) {
  auto op = result.getDefiningOp<DestinationStyleOpInterface>();
  return op ? op.getTiedOpOperand(cast<OpResult>(result))->get() : Value();
}

/// Builds one keel.kernel from a group, at the builder's insertion point.
class KernelBuilder {
public:
  KernelBuilder(OpBuilder &builder, const KernelGroup &group, ArrayRef<KernelGroup> groups, Block &block, StringRef name)
      : builder(builder), group(group), groups(groups), block(block), name(name) {}

  /// Returns the kernel and, for each of its results, the value of the original program that it stands for.
  std::pair<KernelOp, SmallVector<Value>> build() {
    SmallVector<Value> results = findResults();
    SmallVector<Value> inits;
    for (Value result : results)
      inits.push_back(makeInit(result));
    llvm::SetVector<Value> inputs;
    for (Operation *op : group.ops)
      collectInputs(op, inputs);
    // What is updated in place is read through the init, so that it is the same buffer.
    for (Value init : inits)
      inputs.remove(init);

    SmallVector<Location> locations;
    for (Operation *op : group.ops)
      locations.push_back(op->getLoc());
    auto kernel = KernelOp::create(builder, builder.getFusedLoc(locations), name, inputs.getArrayRef(), inits);
    for (auto [value, argument] : llvm::zip(inputs, kernel.getInputArguments()))
      mapping.map(value, argument);
    for (auto [value, argument] : llvm::zip(inits, kernel.getInitArguments()))
      if (!value.getDefiningOp<tensor::EmptyOp>())
        mapping.map(value, argument);
    for (auto [result, argument] : llvm::zip(results, kernel.getInitArguments()))
      claimDestinations(result, argument);

    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(kernel.getBlock());
    for (Operation *op : group.ops)
      cloneOp(op);
    SmallVector<Value> yielded;
    for (Value result : results)
      yielded.push_back(mapping.lookup(result));
    YieldOp::create(builder, kernel.getLoc(), yielded);
    return {kernel, results};
  }

private:
  /// Values that are read outside of the group, by someone who does not recompute them.
  SmallVector<Value> findResults() {
    SmallVector<Value> results;
    auto readElsewhere = [&](Operation *op, Operation *user) {
      Operation *reader = block.findAncestorOpInBlock(*user);
      bool computed = false;
      for (const KernelGroup &other : groups) {
        if (!other.ops.contains(reader))
          continue;
        computed = true;
        if (&other != &group && !other.ops.contains(op))
          return true;
      }
      return !computed; // at the host level, or by a repeated op, which hides its readers
    };
    for (Operation *op : group.ops) {
      if (group.recomputed.contains(op))
        continue; // its own kernel returns it
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) { return readElsewhere(op, user); }))
          results.push_back(result);
    }
    return results;
  }

  /// The tensor that the kernel writes a result into: the state it updates, the tensor it accumulates into, or a new one.
  Value makeInit(Value result) {
    for (Operation *user : result.getUsers())
      if (auto store = dyn_cast<ml_program::GlobalStoreOp>(user))
        for (auto load : block.getOps<ml_program::GlobalLoadOp>())
          if (load.getGlobal() == store.getGlobal() && load.getType() == result.getType())
            return load;
    Value destination = result;
    while (Value next = destinationOf(destination)) {
      destination = next;
      Operation *producer = next.getDefiningOp();
      if (!producer || (!group.ops.contains(producer) && !isRepeated(producer)))
        break;
    }
    if (destination != result && !destination.getDefiningOp<tensor::EmptyOp>() && !group.ops.contains(destination.getDefiningOp()) &&
        !(destination.getDefiningOp() && isRepeated(destination.getDefiningOp())) && destination.getType() == result.getType())
      return destination;
    if (auto empty = destination.getDefiningOp<tensor::EmptyOp>(); empty && empty.getType() == result.getType())
      return builder.clone(*empty)->getResult(0);
    return tensor::EmptyOp::create(builder, result.getLoc(), sizesOf(cast<OpResult>(result)),
                                   cast<TensorType>(result.getType()).getElementType());
  }

  /// A result's extents, from what the op reads: the result itself will be the kernel's.
  SmallVector<OpFoldResult> sizesOf(OpResult result) {
    Location loc = result.getLoc();
    auto type = cast<RankedTensorType>(result.getType());
    if (type.hasStaticShape())
      return getAsIndexOpFoldResult(builder.getContext(), type.getShape());
    if (auto moments = dyn_cast<norm::MomentsOp>(result.getOwner())) {
      SmallVector<OpFoldResult> sizes;
      for (auto [dim, size] : llvm::enumerate(tensor::getMixedSizes(builder, loc, moments.getInput())))
        if (!llvm::is_contained(moments.getAxes(), int64_t(dim)))
          sizes.push_back(size);
      return sizes;
    }
    ReifiedRankedShapedTypeDims shapes;
    if (succeeded(reifyResultShapes(builder, result.getOwner(), shapes)))
      return shapes[result.getResultNumber()];
    return tensor::getMixedSizes(builder, loc, result);
  }

  void collectInputs(Operation *op, llvm::SetVector<Value> &inputs) {
    llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), values);
    for (Value value : values) {
      Operation *producer = value.getDefiningOp();
      if (producer && group.ops.contains(producer))
        continue;
      if (producer && isRepeated(producer))
        collectInputs(producer, inputs);
      else
        inputs.insert(value);
    }
  }

  /// Everything that leads to `result` in destination style writes into `argument`.
  void claimDestinations(Value result, Value argument) {
    Value value = result;
    while (value && destinations.try_emplace(value, argument).second) {
      value = destinationOf(value);
      if (!value || !value.getDefiningOp() || !group.ops.contains(value.getDefiningOp()))
        return;
    }
  }

  void cloneOp(Operation *op) {
    IRMapping local = mapping;
    llvm::SetVector<Value> values;
    getUsedValuesDefinedAbove(op->getRegions(), values);
    for (Value value : values)
      if (!mapping.contains(value))
        local.map(value, repeat(value, Value()));
    for (OpOperand &operand : op->getOpOperands()) {
      auto style = dyn_cast<DestinationStyleOpInterface>(op);
      Value claimed;
      if (style && style.isDpsInit(&operand))
        claimed = destinations.lookup(style.getTiedOpResult(&operand));
      if (!mapping.contains(operand.get()))
        local.map(operand.get(), repeat(operand.get(), claimed));
    }
    Operation *clone = builder.clone(*op, local);
    // An op whose several operands are one value gets its destination here.
    if (auto style = dyn_cast<DestinationStyleOpInterface>(clone))
      for (auto [index, result] : llvm::enumerate(op->getResults()))
        if (Value claimed = destinations.lookup(result)) {
          OpOperand *init = style.getDpsInitOperand(index);
          Value original = destinationOf(result);
          if (original.getDefiningOp<tensor::EmptyOp>())
            init->set(claimed);
        }
    for (auto [from, to] : llvm::zip(op->getResults(), clone->getResults()))
      mapping.map(from, to);
  }

  /// Clones a repeated op into the kernel; where it leads to a claimed destination, it writes there.
  Value repeat(Value value, Value claimed) {
    Operation *op = value.getDefiningOp();
    if (isa<tensor::EmptyOp>(op) && claimed && claimed.getType() == value.getType())
      return claimed;
    IRMapping local = mapping;
    for (Value operand : op->getOperands())
      if (!mapping.contains(operand))
        local.map(operand, repeat(operand, operand == destinationOf(value) ? claimed : Value()));
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    for (Value operand : captured)
      if (!local.contains(operand))
        local.map(operand, repeat(operand, Value()));
    return builder.clone(*op, local)->getResult(cast<OpResult>(value).getResultNumber());
  }

  OpBuilder &builder;
  const KernelGroup &group;
  ArrayRef<KernelGroup> groups;
  Block &block;
  StringRef name;
  IRMapping mapping;
  DenseMap<Value, Value> destinations;
};

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
    Value empty = tensor::EmptyOp::create(builder, op.getLoc(), tensor::getMixedSizes(builder, op.getLoc(), value),
                                          type.getElementType());
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
        if (Operation *producer = operand.getDefiningOp())
          if (auto it = unitOf.find(producer); it != unitOf.end() && it->second != unit)
            predecessors[unit].insert(it->second);
  for (auto [index, unit] : llvm::enumerate(units))
    for (Operation *op : unit) {
      op->walk([&](Operation *nested) {
        for (Value operand : nested->getOperands())
          if (Operation *producer = operand.getDefiningOp())
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

void formKernels(Block &block, StringRef function, bool fuse, unsigned &count) {
  for (Operation &op : block)
    if (!isComputation(&op))
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          formKernels(inner, function, fuse, count);

  copyReturnedSlices(block);
  std::vector<KernelGroup> groups = partitionIntoKernels(block, fuse);
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
    auto [kernel, results] =
        KernelBuilder(builder, *group, groups, block, kernelName(function, count++, *group)).build();
    explainKernel(kernel, *group, function);
    for (auto [from, to] : llvm::zip(results, kernel.getResults()))
      replacements.emplace_back(from, to);
  }
  for (auto [from, to] : replacements)
    from.replaceAllUsesWith(to);
  // The originals now only feed each other.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (home.contains(&op) || isRepeated(&op)) {
      if (op.use_empty())
        op.erase();
    }
}

/// Inside a kernel, an elementwise op moves into its first reader: into a reduction only if that is its only reader, into
/// an elementwise op also if others read it (the fused op then has both results).
struct FuseIntoFirstReader : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

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
      if (!producer || !linalg::areElementwiseOpsFusable(operand) || !isFirstReader(producer, reader, operand))
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

struct FormKernels : impl::FormKernelsBase<FormKernels> {
  using FormKernelsBase::FormKernelsBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      unsigned count = 0;
      for (Block &block : function.getBody())
        formKernels(block, function.getName(), fuse, count);
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
