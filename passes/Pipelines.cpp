// Which passes make a level of the IR, in which order, and why.
#include "passes/Pipelines.h"

#include "passes/algebra/Passes.h"
#include "passes/artifact/Passes.h"
#include "passes/cpu/Passes.h"
#include "passes/fuse/Passes.h"
#include "passes/gpu/KernelSpace.h"
#include "passes/gpu/Passes.h"
#include "passes/host/Passes.h"
#include "passes/import/Passes.h"
#include "passes/precision/Passes.h"
#include "passes/schedule/Passes.h"
#include "passes/train/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace keel;

// The longest row that blocks of threads complete beside a main loop: one block up to 256, then several together.
static constexpr int64_t gpuRowColumns = 4096;

// A main loop that prepares its operand does so once for each tile of columns: cheaper than a launch and a trip through
// memory as long as they are few.
static constexpr int64_t gpuOperandReuse = 1024;

// Where wgmma could multiply, which takes operands from memory: in an H200, mma.sync on prepared operands was seen to
// multiply at 145 TFLOP/s beside wgmma's 600, so that this many multiplications take longer than a launch.
static constexpr int64_t gpuPreparedWork = 300'000'000;

/// Matmuls read 16 bits.
static bool isRounded(const PipelineOptions &options) {
  return options.precision == "bf16" || options.precision == "f16";
}

void keel::buildGraphPipeline(OpPassManager &manager, const PipelineOptions &options) {
  // Upstream verifies neither initializers nor what may cross an entry's boundary.
  manager.addPass(createVerifyModel());
  // Exports come with attributes of unknown dialects and ops that do not bufferize.
  manager.addPass(createImportGraph());
  // Helper functions are inlined into the entries and dropped: everything after sees whole entries.
  manager.addPass(createSelectEntries());
  manager.addPass(createInlinerPass());
  manager.addPass(createSymbolDCEPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void keel::buildStepPipeline(OpPassManager &manager, const PipelineOptions &options) {
  // The network was written in training form; @loss has its own copy by now. Exports have entries of other names.
  InferenceFormOptions inference;
  inference.optional = true;
  manager.addPass(createInferenceForm(inference));
  if (options.algebra) {
    // Folded weights are derived state, which every training step would have to refresh.
    if (options.train.empty()) {
      manager.addPass(createFoldBatchNorm());
      manager.addPass(createFoldScale());
    }
    // Before differentiation: the gradient of the rewritten form is the rewritten gradient.
    manager.addPass(createCenterWeights());
    if (options.sm) {
      ChooseStrategyOptions strategy;
      strategy.batch = options.batch;
      strategy.sm = options.sm;
      strategy.precision = options.precision;
      strategy.isTrained = !options.train.empty();
      strategy.tileColumns = longestRowOfBlock;
      strategy.clusterColumns = options.wgmma ? longestRowOfBlock * largestCluster : 0;
      strategy.rowColumns = gpuRowColumns;
      strategy.operandReuse = gpuOperandReuse;
      manager.addPass(createChooseStrategy(strategy));
    }
    manager.addPass(createDeferNorm());
    // By the batch mean where it is asked for: it has to be known before the matmul that makes the batch. By the
    // running mean where matmuls read 16 bits: it asks for nothing, and leaves what 16 bits can hold, so that what
    // batch norm reads takes half the bytes.
    if (options.pivot || (isRounded(options) && !options.train.empty()))
      manager.addPass(createPivotBatchNorm({/*runningMean=*/!options.pivot}));
  }
  if (!options.train.empty())
    manager.addPass(createBuildTrainStep({options.train, /*lossScaling=*/options.precision == "f16"}));
  if (options.algebra)
    manager.addPass(createDropZeroSums());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void keel::buildKernelsPipeline(OpPassManager &manager, const PipelineOptions &options) {
  // Centred and folded weights, while they are an op each; but if they are to be rounded or transposed as well, in one
  // write. wgmma takes tf32 along the depth alone.
  bool isTransposed = options.precision == "tf32" && options.wgmma;
  if (!isRounded(options) && !isTransposed)
    manager.addPass(createHoistDerivedState());
  // One form for every computation, so that the fuser reads indexing maps and nothing else.
  manager.addPass(createLowerTensorOps());
  manager.addPass(createNormalizeGraph());
  // While rows are dimensions of whole tensors.
  manager.addPass(createMarkSplittable());
  // A GPU's kernels run over rows and columns alone.
  if (options.sm) {
    manager.addPass(createFlattenGroups());
    manager.addPass(createCSEPass());
  }
  // Roundings before kernels: they belong to the kernel that makes the value.
  manager.addPass(createLowerPrecision({options.precision, isTransposed}));
  if (isRounded(options) || isTransposed)
    manager.addPass(createHoistDerivedState());
  FormKernelsOptions kernels;
  kernels.fuse = options.fuse;
  kernels.planar = options.sm > 0;
  kernels.tileColumns = options.sm ? longestRowOfBlock : 0;
  kernels.rowColumns = options.sm ? gpuRowColumns : 0;
  kernels.clusterColumns = options.wgmma ? longestRowOfBlock * largestCluster : 0;
  kernels.operandReuse = options.sm ? gpuOperandReuse : 0;
  kernels.preparedWork = options.wgmma && (isRounded(options) || isTransposed) ? gpuPreparedWork : 0;
  kernels.batch = options.batch;
  manager.addPass(createFormKernels(kernels));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  // The layout that a CPU's register tiles read; of weights, it is derived state.
  if (!options.sm) {
    manager.addPass(createPackOperands({options.vectorBits, options.vectorRegisters}));
    manager.addPass(createHoistDerivedState());
    // The new weights' copies are made in the optimizer's launch.
    manager.addPass(createJoinPacks());
  }
  // Tables are in the device's memory, as state is.
  if (options.sm)
    manager.addPass(createConstantsToState());
  // Bufferization does not know globals.
  manager.addPass(createStateToArguments());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void keel::buildTilesPipeline(OpPassManager &manager, const PipelineOptions &options) {
  if (options.sm) {
    // What does not fit one kernel of a GPU is a kernel for each computation.
    manager.addPass(createSplitKernels());
    FormKernelsOptions apart;
    apart.fuse = false;
    apart.planar = true;
    manager.addPass(createFormKernels(apart));
    // The host's side of an entry reads no memory.
    manager.addPass(createReadNumbers());
    manager.addPass(createCanonicalizerPass());
    manager.addPass(createCSEPass());
    manager.addPass(
        createGenerateGpu({options.batch, options.sm, options.wgmma, options.loop, llvm::to_vector(options.narrow)}));
    manager.addPass(createCanonicalizerPass());
    manager.addPass(createCSEPass());
    return;
  }
  manager.addPass(createTileKernels());
  // Tiles of the same rows are one value.
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void keel::buildBuffersPipeline(OpPassManager &manager, const PipelineOptions &options) {
  // Sums that start from one fill would be given one buffer, and copies. No CSE between this and bufferization.
  manager.addPass(createSeparateDestinations());
  manager.addPass(createBufferize());
  // Needs buffers: whether two loops touch the same data is a question of memory.
  if (options.sm) {
    manager.addPass(createLaunchCopies());
    // What programmatic dependent launch needs is there from Hopper on.
    if (options.sm >= 90)
      manager.nest<gpu::GPUModuleOp>().addPass(createOverlapLaunches());
  } else {
    manager.addPass(createMergeLoops());
    // Before buffers get their places, since ops move; after CSE, so that a view is one value.
    manager.addPass(createCSEPass());
    manager.addPass(createMergeGenerics());
  }
  manager.addPass(createPlanMemory({options.batch}));
}

// Kernels that are device code already, in a gpu.module.
static void buildDevicePipeline(OpPassManager &manager) {
  OpPassManager &device = manager.nest<gpu::GPUModuleOp>();
  device.addPass(createCanonicalizerPass());
  device.addPass(createCSEPass());
  device.addPass(createSCFToControlFlowPass());
  device.addPass(createLowerDevice());
  device.addPass(createCanonicalizerPass());
  device.addPass(createCSEPass());
  // The ops of which no LLVM intrinsic is made are inline PTX.
  device.addPass(createConvertNVVMToLLVMPass());
  device.addPass(createReconcileUnrealizedCastsPass());
}

// Upstream's lowering of what runs on the host. Affine ops come back with the expansion of subviews, hence twice.
static void buildHostPipeline(OpPassManager &manager) {
  manager.addPass(createConvertVectorToSCFPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createLoopInvariantCodeMotionPass());
  manager.addPass(createSCFToControlFlowPass());
  // Complex numbers inside a computation.
  manager.addPass(createConvertComplexToStandardPass());
  manager.addPass(arith::createArithExpandOpsPass());
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createConvertMathToLLVMPass());
  // Math functions without an LLVM intrinsic are the C library's.
  manager.addPass(createConvertMathToLibmPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createConvertComplexToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  manager.addPass(createMaskBFloat16());
}

void keel::buildLlvmPipeline(OpPassManager &manager, const PipelineOptions &options) {
  // Before functions of libraries are declared.
  manager.addPass(createReserveNames());
  if (options.sm) {
    buildDevicePipeline(manager);
    // The host's side: addresses, extents, calls of the runtime.
    manager.addPass(createLowerEntries());
    manager.addPass(createLowerLaunches());
    buildHostPipeline(manager);
    return;
  }
  // Contractions first: the general lowering of linalg would take them too.
  LowerContractionsOptions contractions;
  contractions.vectorBits = options.vectorBits;
  contractions.registers = options.vectorRegisters;
  manager.addPass(createLowerContractions(contractions));
  VectorizeLinalgOptions vectors;
  vectors.vectorBits = options.vectorBits;
  vectors.registers = options.vectorRegisters;
  manager.addPass(createVectorizeLinalg(vectors));
  // What has no vector form is a scalar loop.
  manager.addPass(createConvertLinalgToLoopsPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  // The math ops that have no lowering to LLVM: the second becomes a function with a loop.
  manager.addPass(math::createMathExpandOpsPass({{"clampf"}}));
  ConvertMathToFuncsOptions functions;
  functions.minWidthOfFPowIExponent = 65; // none
  manager.addPass(createConvertMathToFuncs(functions));
  // Without it exp, erf, tanh would be a library call for each element.
  manager.addPass(createExpandMath());
  // Buffers that the lowering made get their place.
  manager.addPass(createPlanMemory({options.batch}));

  // From here on kernels are functions with the artefact's C interface.
  manager.addPass(createLowerEntries());
  manager.addPass(createOutlineParallel());
  manager.addPass(createLoopInvariantCodeMotionPass());
  buildHostPipeline(manager);
}

void keel::buildPipeline(OpPassManager &manager, const PipelineOptions &options, Level from, Level to) {
  using Build = void (*)(OpPassManager &, const PipelineOptions &);
  const Build steps[] = {buildGraphPipeline, buildStepPipeline,    buildKernelsPipeline,
                         buildTilesPipeline, buildBuffersPipeline, buildLlvmPipeline};
  for (int level = int(from); level < int(to); ++level)
    steps[level](manager, options);
}

void keel::registerPipelines() {
  PassPipelineRegistration<PipelineOptions>("to-graph", "from a model as written: verify it, inline its functions",
                                            buildGraphPipeline);
  PassPipelineRegistration<PipelineOptions>("to-step", "from the graph level: rewrite by algebra, differentiate",
                                            buildStepPipeline);
  PassPipelineRegistration<PipelineOptions>("to-kernels", "from the step level: group computations into kernels",
                                            buildKernelsPipeline);
  PassPipelineRegistration<PipelineOptions>("to-tiles", "from the kernels level: give kernels their loops over row blocks",
                                            buildTilesPipeline);
  PassPipelineRegistration<PipelineOptions>("to-buffers", "from the tiles level: bufferize, plan the memory",
                                            buildBuffersPipeline);
  PassPipelineRegistration<PipelineOptions>("to-llvm", "from the buffers level: code in the LLVM dialect",
                                            buildLlvmPipeline);
}
