// Inlines all calls of a function.
#include "passes/train/InlineCalls.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

/// Replaces the calls that are in `function` now by their callees' bodies.
static LogicalResult inlineOneLevel(func::FuncOp function, ArrayRef<func::CallOp> calls) {
  for (func::CallOp call : calls) {
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
    if (!callee || callee.isDeclaration())
      return call.emitOpError("calls a function without a body; expected one in this module");
    if (!callee.getBody().hasOneBlock())
      return callee.emitOpError("found ") << callee.getBody().getBlocks().size()
                                          << " blocks, expected one; use scf for control flow";
    IRMapping mapping;
    mapping.map(callee.getArguments(), call.getOperands());
    OpBuilder builder(call);
    for (Operation &op : callee.front().without_terminator())
      builder.clone(op, mapping);
    for (auto [result, value] : llvm::zip(call.getResults(), callee.front().getTerminator()->getOperands()))
      result.replaceAllUsesWith(mapping.lookupOrDefault(value));
    call.erase();
  }
  return success();
}

LogicalResult keel::inlineCalls(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("found ") << function.getBody().getBlocks().size()
                                          << " blocks, expected one; use scf for control flow";
  constexpr unsigned deepest = 64;
  for (unsigned depth = 0; depth < deepest; ++depth) {
    SmallVector<func::CallOp> calls;
    function.walk([&](func::CallOp call) { calls.push_back(call); });
    if (calls.empty())
      return success();
    if (failed(inlineOneLevel(function, calls)))
      return failure();
  }
  return function.emitOpError("calls nest deeper than ") << deepest << " levels; recursion cannot be inlined";
}
