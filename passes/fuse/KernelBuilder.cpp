// Builds one keel.kernel from the computations that the partition put together.
#include "passes/fuse/KernelBuilder.h"
#include "passes/fuse/View.h"

#include "dialect/norm/Norm.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace keel {
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
      if (!isView(op)) // of the kernel's own rows
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
      if (!isView(op)) // made where it is read
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
      auto isWithin = [&](Operation *view) { return group.ops.contains(view); };
      for (Value result : op->getResults())
        if (llvm::any_of(getReaders(result, isWithin), [&](Operation *user) { return readElsewhere(op, user); }))
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
      for (auto [dim, size] : llvm::enumerate(sizesBefore(moments.getInput(), loc)))
        if (!llvm::is_contained(moments.getAxes(), int64_t(dim)))
          sizes.push_back(size);
      return sizes;
    }
    ReifiedRankedShapedTypeDims shapes;
    if (succeeded(reifyResultShapes(builder, result.getOwner(), shapes)))
      return shapes[result.getResultNumber()];
    return tensor::getMixedSizes(builder, loc, result);
  }

  /// The extents of a value, which may be one of the group's: from what it is written into.
  SmallVector<OpFoldResult> sizesBefore(Value value, Location loc) {
    while (Value destination = destinationOf(value)) {
      if (!group.ops.contains(value.getDefiningOp()) && !isRepeated(value.getDefiningOp()))
        break;
      value = destination;
    }
    if (auto empty = value.getDefiningOp<tensor::EmptyOp>())
      return empty.getMixedSizes();
    return tensor::getMixedSizes(builder, loc, value);
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

  /// Clones a repeated op or a view into the kernel; where it leads to a claimed destination, it writes there.
  Value repeat(Value value, Value claimed) {
    Operation *op = value.getDefiningOp();
    if (isView(op)) {
      Value source = op->getOperand(0);
      return reshapeLike(builder, op, mapping.contains(source) ? mapping.lookup(source) : repeat(source, Value()));
    }
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
} // namespace

std::pair<KernelOp, SmallVector<Value>> buildKernel(OpBuilder &builder, const KernelGroup &group,
                                                    ArrayRef<KernelGroup> groups, Block &block, StringRef name) {
  return KernelBuilder(builder, group, groups, block, name).build();
}

} // namespace keel
