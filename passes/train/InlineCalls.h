// Inlining: what is differentiated is one block.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace keel {

/// Inlines all calls in `function`, so that its body is one block without func.call. Emits an error where a callee is
/// unknown, recursive, or has control flow between blocks.
mlir::LogicalResult inlineCalls(mlir::func::FuncOp function);

} // namespace keel
