// Whether two ops compute the same.
#pragma once

#include "mlir/IR/Operation.h"

namespace keel {

/// Whether the regions of two ops are alike: values inside them correspond by position, those that they use from
/// outside are compared by `outside`.
bool areBodiesEquivalent(mlir::Operation *a, mlir::Operation *b,
                         llvm::function_ref<bool(mlir::Value, mlir::Value)> outside);

} // namespace keel
