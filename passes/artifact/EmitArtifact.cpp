// LLVM IR, optimisation, object code and linking.
#include "passes/artifact/EmitArtifact.h"
#include "passes/artifact/MoveBfloats.h"

#include "passes/artifact/Artifact.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace mlir;
using namespace keel;

std::string keel::getEntrySymbol(const Program &program, StringRef symbol) {
  return (program.target + "." + getModelName(symbol, entryPrefix)).str();
}

// The host code of one program. What the metadata refers to is visible until the metadata is there.
static std::unique_ptr<llvm::Module> translateProgram(const Program &program, const CpuTarget &host,
                                                      llvm::LLVMContext &context) {
  OwningOpRef<ModuleOp> code = program.module.get().clone();
  for (Operation &op : llvm::make_early_inc_range(*code->getBody())) {
    auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
    // State lives on in the metadata, device code in the image.
    if (isa<ml_program::GlobalOp, gpu::GPUModuleOp>(op))
      op.erase();
    else if (function && function->hasAttr(entryAttribute))
      function.setLinkage(LLVM::Linkage::External);
  }
  MLIRContext *mlirContext = code->getContext();
  // Without them LLVM's passes assume a machine that cannot do much.
  (*code)->setAttr(LLVM::LLVMDialect::getTargetTripleAttrName(),
                   StringAttr::get(mlirContext, host.machine->getTargetTriple().str()));
  (*code)->setAttr(LLVM::LLVMDialect::getDataLayoutAttrName(),
                   StringAttr::get(mlirContext, host.machine->createDataLayout().getStringRepresentation()));
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(*code, context, program.target);
  if (!result)
    return nullptr;
  for (auto entry : program.module.get().getOps<LLVM::LLVMFuncOp>())
    if (entry->hasAttr(entryAttribute))
      result->getFunction(entry.getSymName())->setName(getEntrySymbol(program, entry.getSymName()));
  return result;
}

static void optimise(llvm::Module &code, const CpuTarget &host) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  // Loops are vectorised before; what is scalar by then is so for a reason, or short.
  tuning.LoopVectorization = true;
  llvm::PassBuilder builder(host.machine.get(), tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(code, modules);
}

FailureOr<std::unique_ptr<llvm::Module>> keel::emitLlvmIr(MutableArrayRef<Program> programs, const CpuTarget &host,
                                                         llvm::LLVMContext &context) {
  MLIRContext *mlirContext = programs.front().module.get().getContext();
  registerBuiltinDialectTranslation(*mlirContext);
  registerLLVMDialectTranslation(*mlirContext);
  std::unique_ptr<llvm::Module> result;
  for (Program &program : programs) {
    std::unique_ptr<llvm::Module> code = translateProgram(program, host, context);
    if (!code)
      return failure();
    if (!result)
      result = std::move(code);
    else if (llvm::Linker::linkModules(*result, std::move(code)))
      return program.module.get().emitError("cannot link the host code for ") << program.target;
    if (program.emulated && llvm::Linker::linkModules(*result, std::move(program.emulated)))
      return program.module.get().emitError("cannot link the emulated kernels for ") << program.target;
  }
  if (failed(addMetadata(programs, host, *result)))
    return failure();
  llvm::internalizeModule(*result, [](const llvm::GlobalValue &value) { return value.getName() == "keel_artifact_query"; });
  optimise(*result, host);
  return result;
}

FailureOr<SmallVector<char, 0>> keel::emitObject(llvm::Module &module, const CpuTarget &target, Location loc) {
  moveBfloatsAsIntegers(module);
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
  for (const std::string &folder : {"/lib/" + machine, "/usr/lib/" + machine, std::string("/lib64"),
                                    std::string("/usr/lib64"), std::string("/usr/lib"), std::string("/lib")}) {
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
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && llvm::sys::fs::exists(status) &&
      status.type() != llvm::sys::fs::file_type::regular_file)
    return emitError(loc, "cannot write ") << path << ": not a regular file";
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
