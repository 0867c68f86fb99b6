// LLVM IR of kernels, optimised.
#include "passes/gpu/DeviceCode.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Transforms/IPO/Internalize.h"
#include "llvm/Transforms/Scalar/ADCE.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/Scalarizer.h"

using namespace mlir;
using namespace keel;

// A module of its own with the kernels, each with a line table's scope, so that instructions keep their place in the
// model.
static FailureOr<OwningOpRef<ModuleOp>> cloneWithScopes(gpu::GPUModuleOp module) {
  OwningOpRef<ModuleOp> copy = ModuleOp::create(module.getLoc());
  for (Operation &op : *module.getBody())
    copy->push_back(op.clone());
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  // Of the kinds that LLVM has, the one with which ptxas still optimises: .loc directives and nothing else.
  LLVM::DIScopeForLLVMFuncOpPassOptions options;
  options.emissionKind = LLVM::DIEmissionKind::DebugDirectivesOnly;
  manager.addPass(LLVM::createDIScopeForLLVMFuncOpPass(options));
  if (failed(manager.run(*copy)))
    return failure();
  return copy;
}

static LogicalResult linkLibdevice(llvm::Module &code, const CudaToolkit &toolkit, Location loc) {
  bool needed = llvm::any_of(code, [](llvm::Function &function) {
    return function.isDeclaration() && function.getName().starts_with("__nv_");
  });
  if (!needed)
    return success();
  llvm::SMDiagnostic problem;
  std::unique_ptr<llvm::Module> library = llvm::parseIRFile(toolkit.libdevice, problem, code.getContext());
  if (!library)
    return emitError(loc, "cannot read ") << toolkit.libdevice << ": " << problem.getMessage();
  library->setTargetTriple(code.getTargetTriple());
  library->setDataLayout(code.getDataLayout());
  if (llvm::Linker::linkModules(code, std::move(library), llvm::Linker::LinkOnlyNeeded))
    return emitError(loc, "cannot link ") << toolkit.libdevice;
  return success();
}

// A product that one sum reads is fused with it, here and nowhere else: what the emulator executes rounds as the device
// does.
static void fuseMultiplyAdd(llvm::Module &code) {
  SmallVector<llvm::Instruction *> sums;
  for (llvm::Function &function : code)
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
      if (instruction.getOpcode() == llvm::Instruction::FAdd || instruction.getOpcode() == llvm::Instruction::FSub)
        sums.push_back(&instruction);
    }
  for (llvm::Instruction *sum : sums) {
    for (unsigned side : {0, 1}) {
      auto *product = dyn_cast<llvm::BinaryOperator>(sum->getOperand(side));
      if (!product || product->getOpcode() != llvm::Instruction::FMul || !product->hasOneUse())
        continue;
      llvm::IRBuilder<> builder(sum);
      llvm::Value *left = product->getOperand(0), *right = product->getOperand(1), *addend = sum->getOperand(1 - side);
      if (sum->getOpcode() == llvm::Instruction::FSub) {
        if (side == 0)
          addend = builder.CreateFNeg(addend);
        else
          left = builder.CreateFNeg(left);
      }
      sum->replaceAllUsesWith(builder.CreateIntrinsic(llvm::Intrinsic::fma, {sum->getType()}, {left, right, addend}));
      sum->eraseFromParent();
      product->eraseFromParent();
      break;
    }
  }
  for (llvm::Function &function : code)
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (isa<llvm::FPMathOperator>(instruction))
        instruction.setHasAllowContract(false);
}

static void optimise(llvm::Module &code, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  // Loops are unrolled and vectorised by those who made them.
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  llvm::ModulePassManager passes = builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3);
  // Arithmetic on vectors becomes what the device executes: scalars, and pairs of halves; loads and stores stay wide.
  llvm::FunctionPassManager scalars;
  llvm::ScalarizerPassOptions pairs;
  pairs.ScalarizeMinBits = 32;
  scalars.addPass(llvm::ScalarizerPass(pairs));
  scalars.addPass(llvm::EarlyCSEPass());
  scalars.addPass(llvm::ADCEPass());
  passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(scalars)));
  passes.run(code, modules);
}

FailureOr<std::unique_ptr<llvm::Module>> keel::translateDeviceCode(gpu::GPUModuleOp module, const GpuTarget &target,
                                                                   llvm::LLVMContext &context) {
  MLIRContext *mlirContext = module.getContext();
  registerBuiltinDialectTranslation(*mlirContext);
  registerGPUDialectTranslation(*mlirContext);
  registerLLVMDialectTranslation(*mlirContext);
  registerNVVMDialectTranslation(*mlirContext);
  FailureOr<OwningOpRef<ModuleOp>> copy = cloneWithScopes(module);
  if (failed(copy))
    return failure();
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(**copy, context, module.getName());
  if (!code)
    return failure();
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target, target.ptx);
  code->setTargetTriple(machine->getTargetTriple());
  code->setDataLayout(machine->createDataLayout());
  // libdevice asks: subnormals stay.
  code->addModuleFlag(llvm::Module::Override, "nvvm-reflect-ftz", uint32_t(0));
  if (failed(linkLibdevice(*code, target.toolkit, module.getLoc())))
    return failure();
  llvm::internalizeModule(*code, [](const llvm::GlobalValue &value) {
    return isa<llvm::Function>(value) && cast<llvm::Function>(value).getCallingConv() == llvm::CallingConv::PTX_Kernel;
  });
  optimise(*code, *machine);
  fuseMultiplyAdd(*code);
  return code;
}
