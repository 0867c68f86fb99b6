// Moves the scale and shift of normalizations into the weights of the linear layers that read them, in inference.
#include "passes/algebra/Passes.h"
#include "passes/algebra/ScaleFolder.h"

#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_FOLDSCALE
#include "passes/algebra/Passes.h.inc"

namespace {
struct FoldScale : impl::FoldScaleBase<FoldScale> {
  using FoldScaleBase::FoldScaleBase;

  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp function) {
      bool isWanted = functions.empty() ? function.getName() == "forward"
                                        : llvm::is_contained(functions, function.getName().str());
      if (isWanted)
        function.walk([](Operation *op) {
          if (hasScaleOrShift(op))
            algebra::foldScale(op, "FoldScale");
        });
    });
  }

  static bool hasScaleOrShift(Operation *op) {
    auto has = [](auto norm) { return norm && (norm.getScale() || norm.getShift()); };
    return has(dyn_cast<norm::GroupNormOp>(op)) || has(dyn_cast<norm::BatchNormInferenceOp>(op)) ||
           has(dyn_cast<norm::LayerNormOp>(op)) || has(dyn_cast<norm::RmsNormOp>(op));
  }
};
} // namespace
} // namespace keel
