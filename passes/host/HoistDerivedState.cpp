// What depends on state alone is computed when the state changes, not at every call: centred, folded and packed weights
// become state of their own, which @prepare writes and every function that stores their origin refreshes.
#include "passes/host/Passes.h"

#include "dialect/keel/Keel.h"
#include "passes/host/Equivalence.h"
#include "passes/host/Host.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace keel {
#define GEN_PASS_DEF_HOISTDERIVEDSTATE
#include "passes/host/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

namespace {
// A derived global: how it is computed (in the function where it was found first, cloned to a place that lasts), and
// the globals it reads.
struct Derived {
  ml_program::GlobalOp global;
  SmallVector<Operation *> slice; // in @prepare, in order, without the loads
  Value value;
  SmallVector<std::pair<StringAttr, Value>> reads; // the globals, and their values in @prepare
};

class Hoister {
public:
  explicit Hoister(ModuleOp module) : module(module), symbols(module) {}
  void run();

private:
  bool isEligible(ml_program::GlobalOp global);
  bool isEquivalent(Value inPrepare, Value value);
  Value getStoredByPrepare(StringAttr global);
  void hoistFrom(func::FuncOp function);
  Derived &getDerived(Value value);
  func::FuncOp getPrepare();
  void refreshIn(func::FuncOp function);

  ModuleOp module;
  SymbolTable symbols;
  func::FuncOp prepare;
  std::vector<std::unique_ptr<Derived>> derived;
};
} // namespace

// Moves data and computes nothing: its readers get it for free.
static bool isMovement(Operation *op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return llvm::hasSingleElement(generic.getBody()->getOperations());
  return isa<linalg::TransposeOp, linalg::BroadcastOp, linalg::FillOp>(op) || isa<tensor::TensorDialect>(op->getDialect()) ||
         op->hasTrait<OpTrait::ConstantLike>();
}

static bool isLarge(Value value, const SetVector<Operation *> &slice) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape())
    return true;
  int64_t read = 0;
  for (Operation *op : slice)
    if (auto load = dyn_cast<ml_program::GlobalLoadOp>(op))
      read += cast<RankedTensorType>(load.getType()).getNumElements();
  // Padding may enlarge; a broadcast is no state.
  return type.getNumElements() > 4 * read + 4096;
}

// A number made of single numbers, such as a dropout's counter plus one, is computed where it is read.
static bool isScalar(const SetVector<Operation *> &slice) {
  return llvm::all_of(slice, [](Operation *op) {
    return llvm::all_of(op->getResultTypes(), [](Type type) {
      auto shaped = dyn_cast<ShapedType>(type);
      return !shaped || (shaped.hasStaticShape() && shaped.getNumElements() == 1);
    });
  });
}

// What an op reads: its operands, and what its regions use from outside (constants, as a rule).
static SetVector<Value> getReads(Operation *op) {
  SetVector<Value> reads(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), reads);
  return reads;
}

// The ops that compute a value from state, in order.
static SetVector<Operation *> getSlice(Value value) {
  SetVector<Operation *> slice;
  std::function<void(Operation *)> visit = [&](Operation *op) {
    if (slice.contains(op))
      return;
    for (Value read : getReads(op))
      visit(read.getDefiningOp());
    slice.insert(op);
  };
  visit(value.getDefiningOp());
  return slice;
}

// What @prepare stores to a global; null if it does not.
Value Hoister::getStoredByPrepare(StringAttr global) {
  if (prepare)
    for (auto store : prepare.getBody().front().getOps<ml_program::GlobalStoreOp>())
      if (store.getGlobal().getLeafReference() == global)
        return store.getValue();
  return {};
}

bool Hoister::isEquivalent(Value a, Value b) {
  if (a == b)
    return true;
  if (auto load = b.getDefiningOp<ml_program::GlobalLoadOp>())
    if (Value stored = getStoredByPrepare(load.getGlobal().getLeafReference()))
      return a == stored;
  auto left = dyn_cast<OpResult>(a), right = dyn_cast<OpResult>(b);
  if (!left || !right || left.getResultNumber() != right.getResultNumber() || a.getType() != b.getType())
    return false;
  Operation *x = left.getOwner(), *y = right.getOwner();
  if (x->getName() != y->getName() || x->getNumOperands() != y->getNumOperands())
    return false;
  // A kernel's name says nothing of what it computes.
  auto attributes = [](Operation *op) {
    NamedAttrList list(op->getAttrs());
    if (isa<KernelOp>(op))
      list.erase("name");
    return list.getDictionary(op->getContext());
  };
  if (attributes(x) != attributes(y))
    return false;
  for (auto [p, q] : llvm::zip(x->getOperands(), y->getOperands()))
    if (!isEquivalent(p, q))
      return false;
  return areBodiesEquivalent(x, y, [&](Value p, Value q) { return isEquivalent(p, q); });
}

// Weights and running statistics; what the optimizer keeps changes every step anyway.
bool Hoister::isEligible(ml_program::GlobalOp global) {
  auto role = global->getAttrOfType<StringAttr>(roleAttribute);
  if (role)
    return llvm::is_contained({"parameter", "buffer", "derived"}, role.getValue());
  return isa<FloatType>(cast<ShapedType>(global.getType()).getElementType());
}

func::FuncOp Hoister::getPrepare() {
  if (prepare)
    return prepare;
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  prepare = func::FuncOp::create(builder, module.getLoc(), "prepare", builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(prepare.addEntryBlock());
  func::ReturnOp::create(builder, module.getLoc());
  symbols.insert(prepare);
  return prepare;
}

// The derived global of a value; made, and computed in @prepare, when there is none yet.
Derived &Hoister::getDerived(Value value) {
  for (auto &known : derived)
    if (isEquivalent(known->value, value))
      return *known;
  SetVector<Operation *> slice = getSlice(value);
  auto result = std::make_unique<Derived>();
  // Loads lead @prepare and stores end it, so that kernels can be formed of all that lies between.
  Block &block = getPrepare().getBody().front();
  OpBuilder top = OpBuilder::atBlockBegin(&block), builder(block.getTerminator());
  IRMapping mapping;
  for (Operation *op : slice) {
    auto load = dyn_cast<ml_program::GlobalLoadOp>(op);
    if (!load) {
      result->slice.push_back(builder.clone(*op, mapping));
      continue;
    }
    StringAttr name = load.getGlobal().getLeafReference();
    Value known = getStoredByPrepare(name);
    if (!known)
      known = top.clone(*op)->getResult(0);
    mapping.map(load.getResult(), known);
    result->reads.emplace_back(name, known);
  }
  SmallVector<Operation *> stores(block.getOps<ml_program::GlobalStoreOp>());
  for (Operation *store : stores)
    store->moveBefore(block.getTerminator());
  result->value = mapping.lookup(value);
  Location loc = value.getLoc();
  auto origin = symbols.lookup<ml_program::GlobalOp>(result->reads.front().first);
  auto zeros = InitAttr::get(module.getContext(), InitKind::Zeros, DictionaryAttr::get(module.getContext()));
  OpBuilder globals(origin->getNextNode());
  result->global = ml_program::GlobalOp::create(globals, loc, (origin.getSymName() + ".derived").str(), value.getType(),
                                                /*is_mutable=*/true, zeros, globals.getStringAttr("private"));
  result->global->setAttr(roleAttribute, globals.getStringAttr("derived"));
  symbols.insert(result->global);
  ml_program::GlobalStoreOp::create(builder, loc, SymbolRefAttr::get(result->global), result->value);
  derived.push_back(std::move(result));
  return *derived.back();
}

void Hoister::hoistFrom(func::FuncOp function) {
  Block &block = function.getBody().front();
  // Loads of state before its first store, and everything that depends on them alone.
  DenseSet<Operation *> members;
  DenseSet<StringAttr> stored;
  for (Operation &op : block) {
    if (auto store = dyn_cast<ml_program::GlobalStoreOp>(op))
      stored.insert(store.getGlobal().getLeafReference());
    if (auto load = dyn_cast<ml_program::GlobalLoadOp>(op)) {
      StringAttr name = load.getGlobal().getLeafReference();
      auto global = symbols.lookup<ml_program::GlobalOp>(name);
      if (global && !stored.contains(name) && isEligible(global))
        members.insert(&op);
      continue;
    }
    bool pure = isa<KernelOp>(op) ? op.getNumResults() > 0 : isMemoryEffectFree(&op);
    if (pure && !op.hasTrait<OpTrait::IsTerminator>() &&
        llvm::all_of(getReads(&op), [&](Value read) { return members.contains(read.getDefiningOp()); }))
      members.insert(&op);
  }
  // The values whose readers need more than state. What a movement moves is the value that counts.
  std::function<bool(Value)> leaves = [&](Value value) {
    return llvm::any_of(value.getUses(), [&](OpOperand &use) {
      Operation *user = block.findAncestorOpInBlock(*use.getOwner());
      if (!members.contains(user))
        return true;
      return isMovement(user) && llvm::any_of(user->getResults(), leaves);
    });
  };
  SmallVector<Value> found;
  for (Operation &op : block) {
    if (!members.contains(&op) || isMovement(&op) || isa<ml_program::GlobalLoadOp>(op))
      continue;
    for (Value result : op.getResults()) {
      SetVector<Operation *> slice = getSlice(result);
      bool readsState = llvm::any_of(slice, llvm::IsaPred<ml_program::GlobalLoadOp>);
      // What is stored is state already.
      bool stored = llvm::any_of(result.getUsers(), llvm::IsaPred<ml_program::GlobalStoreOp>);
      if (readsState && !stored && isa<RankedTensorType>(result.getType()) && !isLarge(result, slice) &&
          !isScalar(slice) && leaves(result))
        found.push_back(result);
    }
  }
  for (Value value : found) {
    Derived &target = getDerived(value);
    OpBuilder builder(value.getDefiningOp());
    Value load = ml_program::GlobalLoadOp::create(builder, value.getLoc(), value.getType(),
                                                  SymbolRefAttr::get(target.global));
    value.replaceAllUsesWith(load);
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (members.contains(&op) && op.use_empty())
      op.erase();
}

// What derives from stored state is computed anew, from the value that is stored: the optimizer's kernel can do it.
void Hoister::refreshIn(func::FuncOp function) {
  DenseMap<StringAttr, Value> stored;
  Block &block = function.getBody().front();
  for (auto store : block.getOps<ml_program::GlobalStoreOp>())
    stored[store.getGlobal().getLeafReference()] = store.getValue();
  if (stored.empty())
    return;
  OpBuilder builder(block.getTerminator()), top = OpBuilder::atBlockBegin(&block);
  for (auto &target : derived) {
    if (llvm::none_of(target->reads, [&](auto &read) { return stored.contains(read.first); }))
      continue;
    IRMapping mapping;
    for (auto &[name, known] : target->reads) {
      Value value = stored.lookup(name);
      if (!value)
        value = ml_program::GlobalLoadOp::create(top, known.getLoc(), known.getType(), FlatSymbolRefAttr::get(name));
      mapping.map(known, value);
    }
    for (Operation *op : target->slice)
      builder.clone(*op, mapping);
    Value value = mapping.lookup(target->value);
    ml_program::GlobalStoreOp::create(builder, value.getLoc(), SymbolRefAttr::get(target->global), value);
    stored[target->global.getSymNameAttr()] = value;
  }
}

void Hoister::run() {
  prepare = symbols.lookup<func::FuncOp>("prepare"); // the user's, or an earlier run's
  SmallVector<func::FuncOp> entries;
  for (func::FuncOp function : getEntries(module))
    if (function.getSymName() != "prepare" && function.getBody().hasOneBlock())
      entries.push_back(function);
  for (func::FuncOp function : entries)
    hoistFrom(function);
  for (func::FuncOp function : entries)
    refreshIn(function);
}

namespace {
struct HoistDerivedState : keel::impl::HoistDerivedStateBase<HoistDerivedState> {
  void runOnOperation() override { Hoister(getOperation()).run(); }
};
} // namespace
