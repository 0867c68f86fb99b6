// LLVM IR, optimisation, object code and linking.
#include "passes/cpu/EmitArtifact.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace keel;

FailureOr<std::unique_ptr<llvm::Module>> keel::emitLlvmIr(ModuleOp module, const CpuTarget &target,
                                                         llvm::LLVMContext &context) {
  OwningOpRef<ModuleOp> code = module.clone();
  for (auto global : llvm::make_early_inc_range(code->getOps<ml_program::GlobalOp>()))
    global.erase();
  MLIRContext *mlirContext = module.getContext();
  registerBuiltinDialectTranslation(*mlirContext);
  registerLLVMDialectTranslation(*mlirContext);
  // Without them LLVM's passes assume a machine that cannot do much.
  (*code)->setAttr(LLVM::LLVMDialect::getTargetTripleAttrName(),
                   StringAttr::get(mlirContext, target.machine->getTargetTriple().str()));
  (*code)->setAttr(LLVM::LLVMDialect::getDataLayoutAttrName(),
                   StringAttr::get(mlirContext, target.machine->createDataLayout().getStringRepresentation()));
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(*code, context, "model");
  if (!result)
    return failure();
  if (failed(addMetadata(module, target, *result)))
    return failure();

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  // Loops are vectorised before; what is scalar by then is so for a reason, or short.
  tuning.LoopVectorization = true;
  llvm::PassBuilder builder(target.machine.get(), tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(*result, modules);
  return result;
}

FailureOr<SmallVector<char, 0>> keel::emitObject(llvm::Module &module, const CpuTarget &target, Location loc) {
  SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if (target.machine->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return emitError(loc, "LLVM cannot write object files for ") << target.machine->getTargetTriple().str();
  passes.run(module);
  return object;
}

// The shared object of the C math library that the linker is told of, if it lies where libraries lie.
static std::string findMathLibrary() {
  std::string machine = llvm::Triple(llvm::sys::getDefaultTargetTriple()).getArchName().str() + "-linux-gnu";
  for (std::string folder : {"/lib/" + machine, "/usr/lib/" + machine, std::string("/lib64"), std::string("/usr/lib64"),
                             std::string("/usr/lib"), std::string("/lib")}) {
    std::string path = folder + "/libm.so.6";
    if (llvm::sys::fs::exists(path))
      return path;
  }
  return "";
}

LogicalResult keel::linkSharedLibrary(ArrayRef<char> object, StringRef path, Location loc) {
  auto linker = llvm::sys::findProgramByName("ld.lld");
  if (!linker)
    linker = llvm::sys::findProgramByName("ld.lld", {KEEL_LLVM_TOOLS});
  if (!linker)
    return emitError(loc, "ld.lld not found on PATH; install lld-22, or write an object with --emit=obj");

  SmallString<128> input, log, output;
  int descriptor;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("keel", "o", descriptor, input))
    return emitError(loc, "cannot create a temporary file: ") << code.message();
  llvm::FileRemover removeInput(input);
  {
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream.write(object.data(), object.size());
    stream.flush();
    if (stream.has_error()) {
      std::error_code code = stream.error();
      stream.clear_error();
      return emitError(loc, "cannot write ") << input << ": " << code.message();
    }
  }
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("keel", "log", log))
    return emitError(loc, "cannot create a temporary file: ") << code.message();
  llvm::FileRemover removeLog(log);
  // Beside the result, so that the rename is atomic.
  if (std::error_code code = llvm::sys::fs::createUniqueFile(path + ".%%%%%%.tmp", output))
    return emitError(loc, "cannot write ") << path << ": " << code.message();
  llvm::FileRemover removeOutput(output);

  SmallVector<StringRef> arguments = {*linker, "-shared", "--hash-style=gnu", "--gc-sections", "--as-needed",
                                      "-z", "noexecstack", "-s", "-o", output, input};
  std::string math = findMathLibrary();
  if (!math.empty())
    arguments.push_back(math);
  std::optional<StringRef> redirects[] = {std::nullopt, StringRef(log), StringRef(log)};
  std::string message;
  if (llvm::sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, 0, 0, &message) != 0) {
    auto text = llvm::MemoryBuffer::getFile(log);
    StringRef said = text ? (*text)->getBuffer().split('\n').first : StringRef(message);
    return emitError(loc, "cannot link ") << path << ": " << (said.empty() ? StringRef("ld.lld failed") : said);
  }
  if (std::error_code code = llvm::sys::fs::rename(output, path))
    return emitError(loc, "cannot write ") << path << ": " << code.message();
  removeOutput.releaseFile();
  return success();
}
