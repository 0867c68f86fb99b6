// Kernels in structured dialects become LLVM and NVVM ops: upstream's patterns, one conversion, one type converter.
#include "passes/gpu/Passes.h"

#include "dialect/keel/Keel.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace keel {
#define GEN_PASS_DEF_LOWERDEVICE
#include "passes/gpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

// The first place that a location names.
static Location getFirstPlace(Location loc) {
  Location place = loc;
  loc->walk([&](Location nested) {
    if (!isa<FileLineColLoc>(nested))
      return WalkResult::advance();
    place = nested;
    return WalkResult::interrupt();
  });
  return place;
}

static void prepareKernels(gpu::GPUModuleOp module) {
  module.walk([](Operation *op) { op->setLoc(getFirstPlace(op->getLoc())); });
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (auto threads = function->getAttrOfType<IntegerAttr>(threadsAttribute))
      function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                        DenseI32ArrayAttr::get(function.getContext(), {int32_t(threads.getInt())}));
}

// Vectors of rank 1 are left, in ops that have a counterpart in LLVM.
static void lowerVectors(gpu::GPUModuleOp module) {
  RewritePatternSet patterns(module.getContext());
  vector::populateVectorContractLoweringPatterns(patterns, vector::VectorContractLowering::OuterProduct);
  vector::populateVectorOuterProductLoweringPatterns(patterns);
  vector::populateVectorMultiReductionLoweringPatterns(patterns, vector::VectorMultiReductionLowering::InnerParallel);
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  vector::populateVectorTransposeLoweringPatterns(patterns, vector::VectorTransposeLowering::EltWise);
  vector::populateVectorShapeCastLoweringPatterns(patterns);
  vector::populateVectorBitCastLoweringPatterns(patterns);
  vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
  vector::populateVectorStepLoweringPatterns(patterns);
  vector::populateVectorRankReducingFMAPattern(patterns);
  // A chain of scalars, so that products can be fused into it.
  vector::populateBreakDownVectorReductionPatterns(patterns, /*maxNumElementsToExtract=*/1024);
  (void)applyPatternsGreedily(module, std::move(patterns));
}

// What NVPTX has an instruction for needs no library; LLVM's ops are what everything after knows.
static LogicalResult lowerExactMath(gpu::GPUModuleOp module, const LLVMTypeConverter &converter) {
  MLIRContext *context = module.getContext();
  ConversionTarget target(*context);
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  target.addIllegalOp<math::AbsFOp, math::CeilOp, math::CopySignOp, math::FloorOp, math::FmaOp, math::RoundEvenOp,
                      math::SqrtOp, math::TruncOp>();
  RewritePatternSet patterns(context);
  populateMathToLLVMConversionPatterns(converter, patterns);
  return applyPartialConversion(module, target, std::move(patterns));
}

namespace {
struct LowerDevice : keel::impl::LowerDeviceBase<LowerDevice> {
  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    prepareKernels(module);
    lowerVectors(module);

    LowerToLLVMOptions options(&getContext());
    options.overrideIndexBitwidth(64);
    LLVMTypeConverter converter(&getContext(), options);
    configureGpuToNVVMTypeConverter(converter);
    if (failed(lowerExactMath(module, converter)))
      return signalPassFailure();

    RewritePatternSet patterns(&getContext());
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    populateGpuToNVVMConversionPatterns(converter, patterns);
    populateLibDeviceConversionPatterns(converter, patterns, /*benefit=*/2);
    populateMathToLLVMConversionPatterns(converter, patterns);

    ConversionTarget target(getContext());
    configureGpuToNVVMConversionLegality(target);
    target.addLegalOp<gpu::GPUModuleOp, LLVM::CopySignOp, LLVM::FAbsOp, LLVM::FCeilOp, LLVM::FFloorOp, LLVM::FTruncOp,
                      LLVM::RoundEvenOp, LLVM::SqrtOp>();
    if (failed(applyPartialConversion(module, target, std::move(patterns))))
      return signalPassFailure();
    WalkResult left = module.walk([](Operation *op) {
      if (isa<LLVM::LLVMDialect, NVVM::NVVMDialect, gpu::GPUDialect>(op->getDialect()) ||
          isa<UnrealizedConversionCastOp>(op))
        return WalkResult::advance();
      op->emitError("'") << op->getName() << "' has no device code: it must be lowered before --lower-device";
      return WalkResult::interrupt();
    });
    if (left.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
