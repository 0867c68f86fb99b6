// keel-emulate: CUDA device code as LLVM IR to a shared library that the emulator runs.
#include "tools/Output.h"

#include "passes/artifact/EmitArtifact.h"
#include "passes/emulate/Emulate.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace keel;
namespace cl = llvm::cl;

namespace {
struct Arguments {
  cl::OptionCategory category{"keel-emulate"};
  cl::opt<std::string> input{cl::Positional, cl::Required, cl::desc("KERNELS.ll|KERNELS.bc"), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("where to write; - is the standard output"), cl::value_desc("FILE"), cl::init("-"),
                              cl::cat(category)};
  cl::opt<std::string> chip{"chip", cl::desc("the GPU: sm_80 … (what the kernels say, else sm_90a)"), cl::cat(category)};
  cl::opt<bool> emitLlvm{"emit-llvm", cl::desc("write LLVM IR, not a shared library"), cl::cat(category)};
  cl::opt<std::string> mutants{"mutants", cl::desc("build changes in that a launch chooses by their number, and list them there"),
                               cl::value_desc("FILE"), cl::cat(category)};
  cl::opt<bool> raw{"raw", cl::desc("do not optimise"), cl::cat(category)};
};
} // namespace

static LogicalResult write(StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> print) {
  return success(writeOutput(path, print));
}

static LogicalResult run(const Arguments &arguments, MLIRContext &mlirContext) {
  mlir::Location nowhere = UnknownLoc::get(&mlirContext);
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  std::unique_ptr<llvm::Module> device = llvm::parseIRFile(arguments.input, problem, context);
  if (!device) {
    printError(problem.getFilename() + (problem.getLineNo() > 0 ? ":" + llvm::Twine(problem.getLineNo()) : llvm::Twine("")) + ": " + problem.getMessage());
    return failure();
  }
  FailureOr<CpuTarget> host = getCpuTarget("native", nowhere);
  if (failed(host))
    return failure();
  EmulateOptions options;
  options.chip = arguments.chip.getValue();
  options.mutants = !arguments.mutants.empty();
  options.optimize = !arguments.raw;
  FailureOr<EmulatedModule> emulated = emulate(std::move(device), *host, nowhere, options);
  if (failed(emulated))
    return failure();
  if (options.mutants && failed(write(arguments.mutants, [&](llvm::raw_ostream &stream) { printMutants(emulated->mutants, stream); })))
    return failure();
  addEmulatorQuery(*emulated);
  if (arguments.emitLlvm)
    return write(arguments.output, [&](llvm::raw_ostream &stream) { emulated->module->print(stream, nullptr); });
  if (arguments.output == "-") {
    printError("no output given, expected -o FILE");
    return failure();
  }
  FailureOr<SmallVector<char, 0>> object = emitObject(*emulated->module, *host, nowhere);
  return failed(object) ? failure() : linkSharedLibrary(*object, arguments.output, nowhere);
}

int main(int argc, char **argv) {
  llvm::InitLLVM initialize(argc, argv);
  Arguments arguments;
  cl::HideUnrelatedOptions(arguments.category);
  std::string problems;
  llvm::raw_string_ostream stream(problems);
  if (!cl::ParseCommandLineOptions(argc, argv, "Device code for Evenkeel's emulator\n", &stream)) {
    StringRef text = StringRef(problems).trim().split('\n').first;
    printError(text.substr(text.find(": ") + 2));
    return 1;
  }
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    std::string place;
    if (auto file = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
      place = (file.getFilename().strref() + ":" + llvm::Twine(file.getLine()) + ":" + llvm::Twine(file.getColumn()) + ": ").str();
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      printError(place + diagnostic.str());
    return success();
  });
  return failed(run(arguments, context));
}
