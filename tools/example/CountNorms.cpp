// A pass of your own, outside of this project: says at each normalization that it is there, and how many there are.
//   keel-opt MODEL.mlir --load-pass-plugin=CountNorms.so --pass-pipeline="builtin.module(count-norms)"
#include "dialect/norm/Norm.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

namespace {
struct CountNorms : mlir::PassWrapper<CountNorms, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountNorms)
  llvm::StringRef getArgument() const override { return "count-norms"; }
  llvm::StringRef getDescription() const override { return "remark each layer norm, and how many there are"; }
  void runOnOperation() override {
    int count = 0;
    getOperation().walk([&](keel::norm::LayerNormOp norm) { norm.emitRemark() << "layer norm " << ++count; });
    getOperation().emitRemark() << count << " layer norms";
  }
};
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "CountNorms", LLVM_VERSION_STRING, [] { mlir::PassRegistration<CountNorms>(); }};
}
