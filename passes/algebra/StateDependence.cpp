// Follows a value back to the loads of globals that it is computed from.
#include "passes/algebra/StateDependence.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

bool keel::algebra::StateDependence::dependsOnStateAlone(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  bool result = false;
  if (isa_and_nonnull<ml_program::GlobalLoadOp, ml_program::GlobalLoadConstOp>(op)) {
    result = true;
  } else if (op && isMemoryEffectFree(op)) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    auto ask = [&](Value operand) { return dependsOnStateAlone(operand); };
    result = llvm::all_of(op->getOperands(), ask) && llvm::all_of(captured, ask);
  }
  return known[value] = result;
}
