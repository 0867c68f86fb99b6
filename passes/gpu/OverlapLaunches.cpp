// Programmatic dependent launch: kernels start before the one ahead of them has ended, and wait for it themselves.
#include "passes/gpu/Passes.h"

#include "dialect/keel/Keel.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Interfaces/CallInterfaces.h"

namespace keel {
#define GEN_PASS_DEF_OVERLAPLAUNCHES
#include "passes/gpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

/// Whether an op, or one inside it, may read or write memory that an earlier kernel has written. What it is not known of
/// may: so does every pointer that does not point to shared memory.
static bool mayUseGlobalMemory(Operation *op) {
  return op->walk([](Operation *each) {
             if (isMemoryEffectFree(each) || each->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
               return WalkResult::advance();
             bool isUse = isa<LLVM::InlineAsmOp, CallOpInterface>(each) ||
                          llvm::any_of(each->getOperandTypes(), [](Type type) {
                            auto pointer = dyn_cast<LLVM::LLVMPointerType>(type);
                            return isa<BaseMemRefType>(type) ||
                                   (pointer && pointer.getAddressSpace() != unsigned(NVVM::NVVMMemorySpace::Shared));
                          });
             return isUse ? WalkResult::interrupt() : WalkResult::advance();
           }).wasInterrupted();
}

/// As inline PTX that clobbers memory: to LLVM the intrinsics are no memory accesses, which others may be moved across.
static void createControl(OpBuilder &builder, Location loc, StringRef action) {
  LLVM::InlineAsmOp::create(builder, loc, TypeRange(), ValueRange(), ("griddepcontrol." + action + ";").str(), "~{memory}",
                            /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
                            LLVM::AsmDialectAttr(), ArrayAttr());
}

namespace {
struct OverlapLaunches : keel::impl::OverlapLaunchesBase<OverlapLaunches> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (!kernel->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()) || kernel.isExternal() || kernel->hasAttr(waitsAttribute))
        continue;
      Block &entry = kernel.getBody().front();
      // At once: the kernels that follow take no place from this one, because none starts before all of its blocks have.
      OpBuilder builder = OpBuilder::atBlockBegin(&entry);
      createControl(builder, kernel.getLoc(), "launch_dependents");
      // The entry block dominates all others.
      auto rest = llvm::make_range(builder.getInsertionPoint(), entry.end());
      auto first = llvm::find_if(rest, [&](Operation &op) { return op.hasTrait<OpTrait::IsTerminator>() || mayUseGlobalMemory(&op); });
      builder.setInsertionPoint(&*first);
      createControl(builder, kernel.getLoc(), "wait");
      kernel->setAttr(waitsAttribute, builder.getUnitAttr());
    }
  }
};
} // namespace
