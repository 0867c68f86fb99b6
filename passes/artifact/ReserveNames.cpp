// Entries and state get symbols that no library has: from here on functions of libraries come into the module.
#include "passes/artifact/Passes.h"

#include "passes/artifact/Artifact.h"
#include "passes/host/Host.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/SymbolTable.h"

namespace keel {
#define GEN_PASS_DEF_RESERVENAMES
#include "passes/artifact/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

namespace {
struct ReserveNames : keel::impl::ReserveNamesBase<ReserveNames> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto rename = [&](Operation *op, StringRef prefix) {
      return symbols.rename(op, (prefix + SymbolTable::getSymbolName(op).getValue()).str());
    };
    for (func::FuncOp function : getEntries(getOperation()))
      if (failed(rename(function, entryPrefix)))
        return signalPassFailure();
    for (auto global : getOperation().getOps<ml_program::GlobalOp>())
      if (failed(rename(global, statePrefix)))
        return signalPassFailure();
  }
};
} // namespace
