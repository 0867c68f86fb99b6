// The order of the steps. Names and attributes of the device go last, because the steps read them.
#include "passes/emulate/Emulate.h"
#include "passes/emulate/Mutation.h"
#include "passes/emulate/Rewrite.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;
using namespace keel;
using namespace keel::emulation;

mlir::InFlightDiagnostic keel::emulation::emitError(const Instruction &at, mlir::Location fallback) {
  std::string text = describe(at.getDebugLoc());
  auto [rest, column] = StringRef(text).rsplit(':');
  auto [file, line] = rest.rsplit(':');
  unsigned lineNumber = 0, columnNumber = 0;
  if (text.empty() || line.getAsInteger(10, lineNumber) || column.getAsInteger(10, columnNumber))
    return mlir::emitError(fallback);
  return mlir::emitError(mlir::FileLineColLoc::get(fallback.getContext(), file, lineNumber, columnNumber));
}

namespace {
// What the device module says of a function, before it is rewritten.
struct KernelFacts {
  bool isKernel = false;
  unsigned threads = 0, cluster = 0;
};

unsigned product(StringRef dimensions) {
  unsigned result = 1;
  for (StringRef part : llvm::split(dimensions, ',')) {
    unsigned value = 1;
    if (!part.trim().getAsInteger(10, value))
      result *= value;
  }
  return result;
}

MapVector<Function *, KernelFacts> findKernels(Module &module) {
  MapVector<Function *, KernelFacts> facts;
  for (Function &function : module)
    if (!function.isDeclaration() && (function.getCallingConv() == CallingConv::PTX_Kernel || function.hasFnAttribute("nvvm.kernel")))
      facts[&function].isKernel = true;
  // Older modules: !{ptr @kernel, !"kernel", i32 1}.
  if (NamedMDNode *annotations = module.getNamedMetadata("nvvm.annotations"))
    for (MDNode *node : annotations->operands()) {
      auto *value = node->getNumOperands() ? dyn_cast_or_null<ValueAsMetadata>(node->getOperand(0)) : nullptr;
      auto *function = value ? dyn_cast<Function>(value->getValue()) : nullptr;
      if (!function || function->isDeclaration())
        continue;
      for (unsigned index = 1; index + 1 < node->getNumOperands(); index += 2) {
        auto *key = dyn_cast<MDString>(node->getOperand(index));
        auto *number = mdconst::dyn_extract<ConstantInt>(node->getOperand(index + 1));
        if (!key || !number)
          continue;
        KernelFacts &fact = facts[function];
        if (key->getString() == "kernel")
          fact.isKernel = true;
        else if (key->getString().starts_with("reqntid"))
          fact.threads = std::max(fact.threads, 1u) * number->getZExtValue();
        else if (key->getString().starts_with("cluster_dim"))
          fact.cluster = std::max(fact.cluster, 1u) * number->getZExtValue();
      }
    }
  facts.remove_if([](auto &entry) { return !entry.second.isKernel; });
  for (auto &[function, fact] : facts) {
    if (Attribute attribute = function->getFnAttribute("nvvm.reqntid"); attribute.isValid())
      fact.threads = product(attribute.getValueAsString());
    if (Attribute attribute = function->getFnAttribute("nvvm.cluster_dim"); attribute.isValid())
      fact.cluster = product(attribute.getValueAsString());
  }
  return facts;
}

// Runs a module pass pipeline of a few passes.
void runPasses(Module &module, llvm::TargetMachine *machine, function_ref<ModulePassManager(PassBuilder &)> make) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager callGraph;
  ModuleAnalysisManager modules;
  PassBuilder builder(machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  make(builder).run(module, modules);
}

// Device functions go into the kernels (as they mostly do on a GPU), and what has its address taken only by loads and
// stores becomes values: so what is left of allocas is known for what it is.
void simplifyDevice(Module &module, const MapVector<Function *, KernelFacts> &kernels) {
  for (Function &function : module)
    if (!function.isDeclaration() && !kernels.contains(&function)) {
      function.setLinkage(GlobalValue::InternalLinkage);
      function.removeFnAttr(Attribute::NoInline);
      function.removeFnAttr(Attribute::OptimizeNone);
      function.addFnAttr(Attribute::AlwaysInline);
    } else {
      function.removeFnAttr(Attribute::OptimizeNone);
    }
  runPasses(module, nullptr, [](PassBuilder &) {
    ModulePassManager passes;
    passes.addPass(AlwaysInlinerPass());
    passes.addPass(createModuleToFunctionPassAdaptor(SROAPass(SROAOptions::PreserveCFG)));
    passes.addPass(GlobalDCEPass());
    return passes;
  });
  for (Function &function : module)
    function.removeFnAttr(Attribute::AlwaysInline);
}

// Copies that call each other.
DenseMap<Function *, Function *> cloneUnchecked(ArrayRef<Function *> functions) {
  DenseMap<Function *, Function *> clones;
  for (Function *function : functions) {
    ValueToValueMapTy map;
    Function *clone = clones[function] = CloneFunction(function, map);
    clone->setName(function->getName() + ".unchecked");
    clone->setLinkage(GlobalValue::InternalLinkage);
  }
  for (auto [function, clone] : clones)
    for (BasicBlock &block : *clone)
      for (Instruction &instruction : block)
        if (auto *call = dyn_cast<CallInst>(&instruction))
          if (Function *callee = clones.lookup(call->getCalledFunction()))
            call->setCalledFunction(callee);
  return clones;
}

// The function of the ABI: takes its arguments from words and runs the kernel, which is inlined into it.
FailureOr<Function *> createEntry(Function &kernel, Function &unchecked, StringRef symbol, EmulatorCalls &calls, mlir::Location loc) {
  Module &module = *kernel.getParent();
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  auto *type = FunctionType::get(Type::getVoidTy(context), {pointer, pointer}, false);
  Function *entry = Function::Create(type, GlobalValue::ExternalLinkage, symbol, module);
  entry->setVisibility(GlobalValue::HiddenVisibility);
  entry->addFnAttr(Attribute::NoUnwind);
  entry->getArg(0)->setName("thread");
  entry->getArg(1)->setName("arguments");
  IRBuilder<> builder(BasicBlock::Create(context, "", entry));
  SmallVector<Value *> arguments = {entry->getArg(0)};
  for (unsigned index = 1; index < kernel.arg_size(); ++index) {
    Argument *parameter = kernel.getArg(index);
    if (getNumWords(module.getDataLayout(), parameter->getType()) != 1)
      return mlir::emitError(loc, "parameter ") << index - 1 << " of kernel " << kernel.getName() << " is no word of 8 bytes; pass it by value (byval)";
    Value *address = builder.CreateConstInBoundsGEP1_64(builder.getInt64Ty(), entry->getArg(1), index - 1);
    LoadInst *word = builder.CreateAlignedLoad(builder.getInt64Ty(), address, Align(8));
    word->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(context, {}));
    arguments.push_back(fromWords(builder, {word}, parameter->getType()));
  }
  BasicBlock *checkedBlock = BasicBlock::Create(context, "checked", entry), *uncheckedBlock = BasicBlock::Create(context, "unchecked", entry);
  builder.CreateCondBr(builder.CreateIsNotNull(calls.checked(builder)), checkedBlock, uncheckedBlock);
  for (auto [block, function] : {std::pair(checkedBlock, &kernel), std::pair(uncheckedBlock, &unchecked)}) {
    builder.SetInsertPoint(block);
    builder.CreateCall(function, arguments);
    builder.CreateRetVoid();
    // The bytes of a parameter passed by value are read only, and may be read in place.
    for (unsigned index = 1; index < kernel.arg_size(); ++index)
      function->removeParamAttr(index, Attribute::ByVal);
  }
  return entry;
}
} // namespace

static std::string describe(const Function &function) {
  const DISubprogram *subprogram = function.getSubprogram();
  return subprogram ? (subprogram->getFilename() + ":" + Twine(subprogram->getLine()) + ":1").str() : "";
}

// Global variables of the device are the host's, known by name.
static LogicalResult collectGlobals(Module &module, EmulatedModule &result, const EmulateOptions &options, mlir::Location loc) {
  for (GlobalVariable &global : module.globals()) {
    unsigned space = global.getAddressSpace();
    if (space == 3 || global.getName().starts_with("llvm."))
      continue;
    if (global.isDeclaration())
      return mlir::emitError(loc, "variable ") << global.getName() << " is declared only; device code must define what it uses";
    if (space != 1 && space != 4) {
      global.setLinkage(GlobalValue::InternalLinkage);
      continue;
    }
    EmulatedGlobal variable;
    variable.name = global.getName();
    variable.bytes = module.getDataLayout().getTypeAllocSize(global.getValueType());
    variable.isInitialised = !isa<UndefValue>(global.getInitializer());
    global.setName(options.prefix + global.getName());
    global.setLinkage(GlobalValue::ExternalLinkage);
    global.setVisibility(GlobalValue::HiddenVisibility);
    variable.symbol = global.getName();
    result.globals.push_back(std::move(variable));
  }
  return success();
}

void keel::printMutants(ArrayRef<Mutant> mutants, raw_ostream &stream) {
  for (auto [index, each] : llvm::enumerate(mutants))
    stream << index + 1 << "\t" << each.kind << "\t" << each.kernel << "\t" << each.location << "\t" << StringRef(each.text).split('\n').first << "\n";
}

FailureOr<EmulatedModule> keel::emulate(std::unique_ptr<llvm::Module> device, const CpuTarget &host, mlir::Location loc, const EmulateOptions &options) {
  Module &module = *device;
  if (!module.getTargetTriple().isNVPTX())
    return mlir::emitError(loc, "expected device code for nvptx64, found target '") << module.getTargetTriple().str() << "'";
  std::string problem;
  raw_string_ostream stream(problem);
  if (verifyModule(module, &stream))
    return mlir::emitError(loc, "the device code is not valid LLVM IR: ") << StringRef(problem).split('\n').first;

  MapVector<Function *, KernelFacts> kernels = findKernels(module);
  if (kernels.empty())
    return mlir::emitError(loc, "the device code has no kernel");
  EmulatedModule result;
  std::string chip = options.chip;
  std::vector<KernelFacts> facts;
  for (auto &[function, fact] : kernels) {
    EmulatedKernel kernel;
    kernel.name = function->getName();
    kernel.location = ::describe(*function);
    kernel.numArguments = function->arg_size();
    kernel.threads = fact.threads;
    kernel.cluster = fact.cluster;
    if (chip.empty())
      chip = function->getFnAttribute("target-cpu").getValueAsString();
    result.kernels.push_back(std::move(kernel));
  }
  if (chip.empty())
    chip = "sm_90a";

  // The calls of device-only functions that fold away come first: they guard what the back end would reject.
  simplifyDevice(module, kernels);
  if (failed(intrinsicsToPtx(module, chip, loc)))
    return failure();

  module.setTargetTriple(host.machine->getTargetTriple());
  module.setDataLayout(host.machine->createDataLayout());
  for (StringRef name : {"nvvm.annotations", "nvvmir.version", "nvvm.internalize.after.link"})
    if (NamedMDNode *node = module.getNamedMetadata(name))
      node->eraseFromParent();
  for (StringRef name : {"llvm.used", "llvm.compiler.used"})
    if (GlobalVariable *used = module.getGlobalVariable(name))
      used->eraseFromParent();
  if (failed(addThreadParameter(module, loc)) || failed(collectGlobals(module, result, options, loc)))
    return failure();
  FailureOr<SharedLayout> layout = layOutShared(module, loc);
  if (failed(layout))
    return failure();

  EmulatorCalls calls(module, options.mutants);
  for (Function &function : module)
    if (options.mutants && !function.isDeclaration())
      plantMutants(function, calls);
  for (Function &function : module)
    expandBfloat(function);
  // Each function twice: with its loads and stores checked, and as fast as the host allows.
  SmallVector<Function *> functions;
  for (Function &function : module)
    if (!function.isDeclaration())
      functions.push_back(&function);
  DenseMap<Function *, Function *> unchecked = cloneUnchecked(functions);
  auto lower = [&](Function &function, bool checked) {
    calls.enter(checked);
    function.setCallingConv(CallingConv::C);
    for (BasicBlock &block : function)
      for (Instruction &instruction : block)
        if (auto *call = dyn_cast<CallInst>(&instruction))
          call->setCallingConv(CallingConv::C);
    lowerSharedAddresses(function, *layout, calls);
    return success(succeeded(lowerMemory(function, calls, checked, loc)) && succeeded(lowerDeclaredCalls(function, calls, loc)) &&
                   succeeded(lowerInlinePtx(function, calls, loc)));
  };
  for (Function *function : functions)
    if (failed(lower(*function, true)) || failed(lower(*unchecked[function], false)))
      return failure();
  for (auto &[global, offset] : layout->offsets) {
    global->removeDeadConstantUsers();
    global->eraseFromParent();
  }
  for (EmulatedKernel &kernel : result.kernels) {
    kernel.symbol = options.prefix + kernel.name;
    kernel.sharedBytes = layout->bytes;
    Function *function = module.getFunction(kernel.name);
    if (failed(createEntry(*function, *unchecked[function], kernel.symbol, calls, loc)))
      return failure();
  }
  result.imports = calls.finish(options.prefix + "imports");
  result.numImports = calls.getNumImports();
  result.mutants = calls.getMutants();

  if (verifyModule(module, &stream))
    return mlir::emitError(loc, "emulation made invalid LLVM IR: ") << StringRef(problem).split('\n').first;
  runPasses(module, host.machine.get(), [&](PassBuilder &builder) {
    return options.optimize ? builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2) : builder.buildO0DefaultPipeline(OptimizationLevel::O0);
  });
  for (Function &function : module)
    keepRounding(function);
  result.module = std::move(device);
  return result;
}
