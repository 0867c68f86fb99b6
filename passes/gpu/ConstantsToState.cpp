// Tables that kernels read become state: the host's memory is not the device's.
#include "passes/gpu/Passes.h"

#include "dialect/keel/Keel.h"
#include "passes/host/Host.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/SymbolTable.h"

namespace keel {
#define GEN_PASS_DEF_CONSTANTSTOSTATE
#include "passes/gpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

namespace {
struct ConstantsToState : keel::impl::ConstantsToStateBase<ConstantsToState> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    DenseMap<Attribute, ml_program::GlobalOp> tables;
    OpBuilder builder(module.getContext());
    for (func::FuncOp function : getEntries(module))
      function.walk<WalkOrder::PreOrder>([&](Operation *op) {
        if (isa<KernelOp>(op))
          return WalkResult::skip(); // constants inside are part of the code
        auto constant = dyn_cast<arith::ConstantOp>(op);
        auto type = constant ? dyn_cast<RankedTensorType>(constant.getType()) : RankedTensorType();
        if (!type || !isArtifactElementType(type.getElementType()))
          return WalkResult::advance();
        ml_program::GlobalOp &global = tables[constant.getValue()];
        if (!global) {
          // Derived, as no checkpoint needs it.
          builder.setInsertionPointToStart(module.getBody());
          global = ml_program::GlobalOp::create(builder, op->getLoc(), "keel.table", type, /*is_mutable=*/true,
                                                constant.getValue(), builder.getStringAttr("private"));
          global->setAttr(roleAttribute, builder.getStringAttr("derived"));
          symbols.insert(global);
        }
        builder.setInsertionPoint(op);
        auto symbol = FlatSymbolRefAttr::get(global);
        op->replaceAllUsesWith(ml_program::GlobalLoadOp::create(builder, op->getLoc(), type, symbol));
        op->erase();
        return WalkResult::advance();
      });
  }
};
} // namespace
