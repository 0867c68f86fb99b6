// Device code made and assembled in the middle of a pass pipeline: to look at it, and for tests. keel-compile does the
// same once the passes are through.
#include "passes/gpu/Passes.h"

#include "passes/gpu/DeviceCode.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace keel {
#define GEN_PASS_DEF_ASSEMBLEDEVICE
#include "passes/gpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

namespace {
struct AssembleDevice : keel::impl::AssembleDeviceBase<AssembleDevice> {
  using AssembleDeviceBase::AssembleDeviceBase;
  void runOnOperation() override {
    Builder builder(&getContext());
    FailureOr<GpuTarget> gpu = getGpuTarget(target, getOperation().getLoc());
    if (failed(gpu))
      return signalPassFailure();
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>()) {
      llvm::LLVMContext context;
      FailureOr<std::unique_ptr<llvm::Module>> code = translateDeviceCode(module, *gpu, context);
      if (failed(code))
        return signalPassFailure();
      if (print == "llvm")
        (*code)->print(llvm::outs(), nullptr);
      FailureOr<DeviceCode> device = assembleDeviceCode(module, **code, *gpu);
      if (failed(device) || failed(refuseBad(module, *device)))
        return signalPassFailure();
      if (print == "ptx")
        llvm::outs() << device->ptx;
      for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
        auto found = device->kernels.find(function.getSymName());
        if (found == device->kernels.end())
          continue;
        auto number = [&](StringRef name, unsigned value) {
          return builder.getNamedAttr(name, builder.getI32IntegerAttr(value));
        };
        function->setAttr("keel.resources", builder.getDictionaryAttr({number("registers", found->second.registers),
                                                                       number("shared", found->second.sharedBytes),
                                                                       number("stack", found->second.stackBytes)}));
      }
    }
  }
};
} // namespace
