// Loads first, stores last, and a role for every global.
#include "passes/train/State.h"

#include "passes/train/Backward.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace keel;
using ml_program::GlobalOp;

FailureOr<StepState> StepState::collect(func::FuncOp step, ModuleOp module) {
  StepState state;
  state.step = step;
  state.module = module;
  if (failed(state.collectAccesses()))
    return failure();
  state.setRoles();
  return state;
}

/// The global an op accesses; upstream's verifier has checked that there is one.
static GlobalOp resolve(Operation *access) {
  return SymbolTable::lookupNearestSymbolFrom<GlobalOp>(access, access->getAttrOfType<SymbolRefAttr>("global"));
}

LogicalResult StepState::collectAccesses() {
  WalkResult result = step.walk([&](Operation *op) -> WalkResult {
    if (auto store = dyn_cast<ml_program::GlobalStoreOp>(op)) {
      if (op->getParentOp() != step)
        return store.emitOpError("stores state inside control flow, which has no training form; return the value from "
                                 "the control flow and store it after");
      stored[resolve(op)] = store.getValue();
      op->erase();
      return WalkResult::advance();
    }
    if (!isa<ml_program::GlobalLoadOp, ml_program::GlobalLoadConstOp>(op))
      return WalkResult::advance();
    // A load after a store sees what was stored.
    GlobalOp global = resolve(op);
    Value value = stored.lookup(global);
    op->getResult(0).replaceAllUsesWith(value ? value : load(global));
    op->erase();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

Value StepState::load(GlobalOp global) {
  Value &value = loaded[global];
  if (!value) {
    OpBuilder builder(step.getContext());
    // After the loads that are there.
    Operation *previous = nullptr;
    for (auto &[other, otherValue] : loaded)
      if (otherValue)
        previous = otherValue.getDefiningOp();
    previous ? builder.setInsertionPointAfter(previous) : builder.setInsertionPointToStart(&step.front());
    value = ml_program::GlobalLoadOp::create(builder, global.getLoc(), global.getType(),
                                             FlatSymbolRefAttr::get(global.getSymNameAttr()));
  }
  return value;
}

void StepState::setRoles() {
  auto setRole = [](GlobalOp global, StringRef role) {
    if (!global->hasAttr(roleAttribute))
      global->setAttr(roleAttribute, StringAttr::get(global.getContext(), role));
  };
  for (auto global : module.getOps<GlobalOp>()) {
    lastGlobal = global;
    bool isTrainable = global.getIsMutable() && isa<RankedTensorType>(global.getType()) &&
                       isDifferentiable(global.getType());
    if (stored.contains(global) || (isTrainable && !loaded.contains(global))) {
      setRole(global, "buffer");
    } else {
      setRole(global, isTrainable ? "parameter" : "setting");
      // A role that the module gives by itself counts: one that says otherwise freezes a parameter.
      if (isTrainable && global->getAttrOfType<StringAttr>(roleAttribute).getValue() == "parameter")
        parameters.push_back(global);
    }
  }
}

FailureOr<GlobalOp> StepState::findOrCreate(StringRef name, Type type, Attribute start, StringRef role, bool mayExist) {
  if (Operation *existing = module.lookupSymbol(name)) {
    auto global = dyn_cast<GlobalOp>(existing);
    if (!mayExist || !global || global.getType() != type || !global.getIsMutable())
      return existing->emitOpError("is named @")
             << name << ", which the optimizer needs for a state of type " << type
             << (mayExist ? "; expected a mutable ml_program.global of that type" : "; rename it");
    global->setAttr(roleAttribute, StringAttr::get(global.getContext(), role));
    return global;
  }
  OpBuilder builder(module.getContext());
  lastGlobal ? builder.setInsertionPointAfter(lastGlobal) : builder.setInsertionPointToStart(module.getBody());
  auto global = GlobalOp::create(builder, step.getLoc(), name, type, /*is_mutable=*/true, start,
                                 builder.getStringAttr("public"));
  global->setAttr(roleAttribute, builder.getStringAttr(role));
  lastGlobal = global;
  return global;
}

SmallVector<GlobalOp> StepState::getStored() const {
  return llvm::map_to_vector(stored, [](auto &entry) { return cast<GlobalOp>(entry.first); });
}

void StepState::writeStores(OpBuilder &builder) {
  for (auto &[global, value] : stored)
    ml_program::GlobalStoreOp::create(builder, value.getLoc(),
                                      FlatSymbolRefAttr::get(cast<GlobalOp>(global).getSymNameAttr()), value);
}
