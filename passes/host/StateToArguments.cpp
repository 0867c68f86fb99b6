// State becomes arguments. One-shot bufferization does not know ml_program.global: a load, a store and a later use of
// the old value would silently read the new one. As function arguments the same program has value semantics, and the
// in-place updates are found by the analysis.
#include "passes/host/Passes.h"

#include "passes/host/Host.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"

namespace keel {
#define GEN_PASS_DEF_STATETOARGUMENTS
#include "passes/host/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

// The global that a load or store names; null for any other op.
static SymbolRefAttr getGlobal(Operation *op) {
  if (auto load = dyn_cast<ml_program::GlobalLoadOp>(op))
    return load.getGlobal();
  if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(op))
    return load.getGlobal();
  if (auto store = dyn_cast<ml_program::GlobalStoreOp>(op))
    return store.getGlobal();
  return {};
}

// Scalars at the boundary become rank-0 tensors: the artefact knows buffers alone.
static void scalarsToTensors(func::FuncOp function) {
  Block &block = function.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&block);
  auto storage = [&](Type type) { return type.isIndex() ? builder.getI64Type() : type; };
  for (BlockArgument argument : block.getArguments()) {
    Type type = argument.getType();
    if (isa<ShapedType>(type))
      continue;
    Location loc = argument.getLoc();
    argument.setType(RankedTensorType::get({}, storage(type)));
    Operation *extract = tensor::ExtractOp::create(builder, loc, argument, ValueRange());
    Operation *last = extract;
    if (type.isIndex())
      last = arith::IndexCastOp::create(builder, loc, type, extract->getResult(0));
    argument.replaceAllUsesExcept(last->getResult(0), extract);
  }
  Operation *terminator = block.getTerminator();
  builder.setInsertionPoint(terminator);
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value value = operand.get();
    if (isa<ShapedType>(value.getType()))
      continue;
    if (value.getType().isIndex())
      value = arith::IndexCastOp::create(builder, value.getLoc(), builder.getI64Type(), value);
    operand.set(tensor::FromElementsOp::create(builder, value.getLoc(), RankedTensorType::get({}, value.getType()),
                                               ValueRange(value)));
  }
  function.setType(builder.getFunctionType(block.getArgumentTypes(), terminator->getOperandTypes()));
}

static LogicalResult stateToArguments(func::FuncOp function, ArrayRef<ml_program::GlobalOp> globals) {
  if (!function.getBody().hasOneBlock())
    return function.emitError("function @") << function.getSymName()
                                            << " must be one block: its control flow must be scf.for, scf.while or scf.if";
  Block &block = function.getBody().front();
  Operation *terminator = block.getTerminator();
  scalarsToTensors(function);

  // Which globals, and how they are used. Loads see the last store before them, in program order.
  DenseMap<StringRef, int> access;
  SmallVector<Operation *> uses;
  WalkResult walk = function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto call = dyn_cast<func::CallOp>(op)) {
      call.emitError("call of @") << call.getCallee() << " could not be inlined (a recursive or external function?)";
      return WalkResult::interrupt();
    }
    SymbolRefAttr symbol = getGlobal(op);
    if (!symbol)
      return WalkResult::advance();
    bool stores = isa<ml_program::GlobalStoreOp>(op);
    if (stores && op->getBlock() != &block) {
      op->emitError("state @") << symbol.getLeafReference().getValue()
                               << " is stored inside control flow; carry it as a loop value and store it after";
      return WalkResult::interrupt();
    }
    access[symbol.getLeafReference().getValue()] |= stores ? 3 : 1;
    uses.push_back(op);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();

  OpBuilder builder(terminator);
  SmallVector<StringRef> stored;
  DenseMap<StringRef, Value> current;
  unsigned position = 0;
  for (ml_program::GlobalOp global : globals) {
    auto used = access.find(global.getSymName());
    if (used == access.end())
      continue;
    bool written = used->second & 2;
    auto symbol = FlatSymbolRefAttr::get(global.getSymNameAttr());
    SmallVector<NamedAttribute> attributes = {
        builder.getNamedAttr(stateAttribute, symbol),
        builder.getNamedAttr(accessAttribute, builder.getI32IntegerAttr(used->second)),
        builder.getNamedAttr(bufferization::BufferizationDialect::kWritableAttrName, builder.getBoolAttr(written))};
    if (failed(function.insertArgument(position, global.getType(), builder.getDictionaryAttr(attributes), global.getLoc())))
      return failure();
    current[global.getSymName()] = block.getArgument(position++);
    if (written)
      stored.push_back(global.getSymName());
  }
  for (unsigned index = position; index < function.getNumArguments(); ++index)
    function.setArgAttr(index, bufferization::BufferizationDialect::kWritableAttrName, builder.getBoolAttr(false));

  for (Operation *op : uses) {
    Value &value = current[getGlobal(op).getLeafReference().getValue()];
    if (auto store = dyn_cast<ml_program::GlobalStoreOp>(op))
      value = store.getValue();
    else
      op->getResult(0).replaceAllUsesWith(value);
    op->erase();
  }

  // The stored state leads the results, marked with its global.
  for (auto [index, name] : llvm::enumerate(stored)) {
    auto symbol = FlatSymbolRefAttr::get(builder.getContext(), name);
    terminator->insertOperands(index, current[name]);
    if (failed(function.insertResult(index, current[name].getType(),
                                     builder.getDictionaryAttr(builder.getNamedAttr(stateAttribute, symbol)))))
      return failure();
  }
  return success();
}

namespace {
struct StateToArguments : keel::impl::StateToArgumentsBase<StateToArguments> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<ml_program::GlobalOp> globals(module.getOps<ml_program::GlobalOp>());
    for (func::FuncOp function : getEntries(module))
      if (failed(stateToArguments(function, globals)))
        return signalPassFailure();
  }
};
} // namespace
