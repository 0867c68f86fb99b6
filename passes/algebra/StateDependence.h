// Which values depend on state alone: they are the same for every batch, and can be computed ahead of a step.
#pragma once

#include "mlir/IR/Value.h"

#include "llvm/ADT/DenseMap.h"

namespace keel::algebra {

/// Answers and remembers, as long as the IR of the values asked for does not change.
class StateDependence {
public:
  /// Whether the value is computed by pure ops from loads of globals and constants, and from nothing else.
  bool dependsOnStateAlone(mlir::Value value);

private:
  llvm::DenseMap<mlir::Value, bool> known;
};

} // namespace keel::algebra
