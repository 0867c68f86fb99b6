// keel-compile: model IR to a shared library. Parses options, runs the pipelines, writes one output.
#include "tools/Output.h"

#include "passes/CompileProgram.h"
#include "passes/Pipelines.h"
#include "passes/Registration.h"
#include "passes/artifact/EmitArtifact.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace keel;
namespace cl = llvm::cl;

namespace {
enum class Emit { Graph, Step, Kernels, Tiles, Buffers, Llvm, Ptx, Obj, So };
constexpr StringRef emitNames[] = {"graph", "step", "kernels", "tiles", "buffers", "llvm", "ptx", "obj", "so"};

// Extents are counted in i64, and products of a few of them.
constexpr int64_t largestBatch = 1 << 30;

struct Arguments {
  cl::OptionCategory category{"keel-compile"};
  cl::opt<std::string> input{cl::Positional, cl::Required, cl::desc("FILE.mlir"), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("where to write; - is the standard output"), cl::value_desc("FILE"),
                              cl::cat(category)};
  cl::opt<std::string> target{"target", cl::desc("comma-separated: native or a CPU's name, sm_80, sm_90a, ..."), cl::init("native"), cl::cat(category)};
  cl::opt<bool> emulate{"emulate", cl::desc("run GPU kernels on the host"), cl::cat(category)};
  cl::opt<std::string> mutants{"mutants", cl::desc("with --emulate and one GPU: build changes in that a launch chooses by their number, and list them there"),
                               cl::value_desc("FILE"), cl::Hidden, cl::cat(category)};
  cl::opt<std::string> train{"train", cl::desc("add @train_step: sgd, momentum or adamw"), cl::cat(category)};
  cl::opt<std::string> batch{"batch", cl::desc("largest batch of one call"), cl::init("128"), cl::cat(category)};
  cl::opt<std::string> precision{"precision", cl::desc("what matmuls read: f32, tf32, bf16 or f16"), cl::init("f32"), cl::cat(category)};
  cl::opt<std::string> loop{
      "loop",
      cl::desc("wgmma or mma.sync for a GPU's products that both take; else what the cost model expects to be faster"),
      cl::cat(category)};
  cl::opt<bool> noFuse{"no-fuse", cl::desc("every computation is a kernel of its own"), cl::cat(category)};
  cl::opt<bool> noAlgebra{"no-algebra", cl::desc("no rewriting before fusion"), cl::cat(category)};
  cl::opt<bool> explain{"explain", cl::desc("print every decision"), cl::cat(category)};
  cl::opt<std::string> emit{"emit", cl::desc("what to write: graph (the verified model, inlined), step (with its training step), "
                                             "kernels, tiles (with the kernels' loops), buffers (with a place in memory), llvm, "
                                             "ptx, obj, so"), cl::init("so"), cl::cat(category)};
};
} // namespace

// "error: file:line:column: message"; the first error alone, others follow from it.
static std::string describe(Location loc) {
  std::string place;
  loc->walk([&](Location nested) {
    auto file = dyn_cast<FileLineColLoc>(nested);
    if (!file)
      return WalkResult::advance();
    place = (file.getFilename().strref() + ":" + llvm::Twine(file.getLine()) + ":" + llvm::Twine(file.getColumn()) + ": ").str();
    return WalkResult::interrupt();
  });
  return place;
}

static LogicalResult write(StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> print) {
  return success(writeOutput(path, print));
}

static Emit getEmit(const Arguments &arguments) { return Emit(llvm::find(emitNames, arguments.emit) - emitNames); }

static LogicalResult checkArguments(const Arguments &arguments) {
  auto fail = [](const llvm::Twine &message) {
    printError(message);
    return failure();
  };
  if (!arguments.train.empty() && !llvm::is_contained({"sgd", "momentum", "adamw"}, arguments.train.getValue()))
    return fail("unknown optimizer '" + arguments.train + "', expected sgd, momentum or adamw");
  if (!llvm::is_contained({"f32", "tf32", "bf16", "f16"}, arguments.precision.getValue()))
    return fail("unknown precision '" + arguments.precision + "', expected f32, tf32, bf16 or f16");
  if (!arguments.loop.empty() && !llvm::is_contained({"wgmma", "mma.sync"}, arguments.loop.getValue()))
    return fail("unknown main loop '" + arguments.loop + "', expected wgmma or mma.sync");
  int64_t batch;
  if (!llvm::to_integer(arguments.batch, batch, 10) || batch < 1 || batch > largestBatch)
    return fail("--batch must be a number from 1 to " + llvm::Twine(largestBatch) + ", found '" + arguments.batch + "'");
  if (!llvm::is_contained(emitNames, arguments.emit))
    return fail("cannot emit '" + arguments.emit + "', expected " + llvm::join(ArrayRef(emitNames), ", "));
  Emit emit = getEmit(arguments);
  SmallVector<StringRef> targets;
  StringRef(arguments.target).split(targets, ',');
  unsigned numGpus = llvm::count_if(targets, isGpuTarget);
  for (auto [index, target] : llvm::enumerate(targets))
    if (llvm::is_contained(ArrayRef(targets).take_front(index), target))
      return fail("--target names '" + target + "' twice");
  if (targets.size() - numGpus > 1)
    return fail("--target names more than one CPU: '" + arguments.target + "'");
  if (arguments.emulate && !numGpus)
    return fail("--emulate needs a GPU target, such as --target=sm_80");
  if (!arguments.mutants.empty() && (!arguments.emulate || numGpus != 1))
    return fail("--mutants needs --emulate and one GPU target");
  if (emit == Emit::Ptx && (numGpus != 1 || targets.size() != 1))
    return fail("--emit=ptx needs one GPU target, such as --target=sm_80");
  if (emit < Emit::Llvm && targets.size() > 1)
    return fail("--emit shows the code for one target, found '" + arguments.target + "'");
  if (arguments.output.empty() && (emit == Emit::So || emit == Emit::Obj))
    return fail("no output given, expected -o FILE");
  return success();
}

// What host code is compiled for: the CPU among the targets. With GPUs alone, any CPU; but the emulator wants a fast one.
static FailureOr<CpuTarget> getHost(const Arguments &arguments, ArrayRef<StringRef> targets, Location loc) {
  for (StringRef target : targets)
    if (!isGpuTarget(target))
      return getCpuTarget(target, loc);
  bool anyX86 = !arguments.emulate && llvm::Triple(llvm::sys::getDefaultTargetTriple()).isX86();
  return getCpuTarget(anyX86 ? "x86-64" : "native", loc);
}

// The model, through the levels up to `last`.
static FailureOr<OwningOpRef<ModuleOp>> lower(const Arguments &arguments, PipelineOptions &options, Level last,
                                              MLIRContext &context) {
  Location nowhere = UnknownLoc::get(&context);
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(arguments.input, &message);
  if (!file)
    return emitError(nowhere, message);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return failure();
  options.train = arguments.train.getValue();
  options.batch = std::stoll(arguments.batch);
  options.precision = arguments.precision.getValue();
  options.loop = arguments.loop.getValue();
  options.fuse = !arguments.noFuse;
  options.algebra = !arguments.noAlgebra;
  PassManager manager(&context);
  buildPipeline(manager, options, Level::Model, last);
  if (failed(manager.run(*module)))
    return emitError(nowhere, "the compiler failed without saying why; keel-opt shows the pass");
  return module;
}

// Remarks are collected in `remarks`: those of a try that is given up are dropped.
static LogicalResult compile(const Arguments &arguments, MLIRContext &context, std::string &remarks) {
  Location nowhere = UnknownLoc::get(&context);
  SmallVector<StringRef> targets;
  StringRef(arguments.target).split(targets, ',');
  FailureOr<CpuTarget> host = getHost(arguments, targets, nowhere);
  if (failed(host))
    return failure();

  std::string output = arguments.output.empty() ? "-" : arguments.output.getValue(), ptx;
  Emit emit = getEmit(arguments);
  Level last = emit >= Emit::Llvm ? Level::Llvm : Level(int(emit) + 1);
  llvm::LLVMContext llvmContext;
  std::vector<Program> programs;
  for (StringRef target : targets) {
    PipelineOptions options;
    options.vectorBits = host->vectorBits;
    options.vectorRegisters = host->vectorRegisters;
    GpuTarget gpu;
    if (isGpuTarget(target)) {
      FailureOr<GpuTarget> known = getGpuTarget(target, nowhere);
      if (failed(known))
        return failure();
      gpu = *known;
      options.sm = gpu.sm;
      options.wgmma = gpu.sm == 90 && gpu.specific;
    }
    std::vector<Mutant> mutants;
    std::optional<Program> program;
    while (!program) {
      size_t known = remarks.size();
      FailureOr<OwningOpRef<ModuleOp>> module = lower(arguments, options, last, context);
      if (failed(module))
        return failure();
      size_t lowered = remarks.size();
      if (last < Level::Llvm)
        return write(output, [&](llvm::raw_ostream &stream) { (*module)->print(stream); });
      if (!gpu.sm) {
        program.emplace(Program{target.str(), std::move(*module)});
        break;
      }
      FailureOr<std::optional<Program>> made =
          makeGpuProgram(std::move(*module), gpu, *host, arguments.emulate,
                         arguments.mutants.empty() ? nullptr : &mutants, llvmContext, ptx, options);
      if (failed(made))
        return failure();
      program = std::move(*made);
      if (!program)
        remarks.erase(known, lowered - known);
    }
    if (!arguments.mutants.empty() && failed(write(arguments.mutants, [&](llvm::raw_ostream &stream) { printMutants(mutants, stream); })))
      return failure();
    programs.push_back(std::move(*program));
  }
  if (emit == Emit::Ptx)
    return write(output, [&](llvm::raw_ostream &stream) { stream << ptx; });

  FailureOr<std::unique_ptr<llvm::Module>> code = emitLlvmIr(programs, *host, llvmContext);
  if (failed(code))
    return failure();
  if (emit == Emit::Llvm)
    return write(output, [&](llvm::raw_ostream &stream) { (*code)->print(stream, nullptr); });
  FailureOr<SmallVector<char, 0>> object = emitObject(**code, *host, nowhere);
  if (failed(object))
    return failure();
  if (emit == Emit::Obj)
    return write(output, [&](llvm::raw_ostream &stream) { stream.write(object->data(), object->size()); });
  return linkSharedLibrary(*object, output, nowhere);
}

int main(int argc, char **argv) {
  llvm::InitLLVM initialize(argc, argv);
  Arguments arguments;
  cl::HideUnrelatedOptions(arguments.category);
  std::string problems;
  llvm::raw_string_ostream stream(problems);
  if (!cl::ParseCommandLineOptions(argc, argv, "Evenkeel's compiler\n", &stream)) {
    // "keel-compile: Unknown ...  Try: ..."
    StringRef text = StringRef(problems).trim().split('\n').first;
    printError(text.substr(text.find(": ") + 2));
    return 1;
  }
  if (failed(checkArguments(arguments)))
    return 1;

  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  if (arguments.explain) {
    remark::RemarkCategories categories;
    categories.passed = categories.missed = categories.failed = categories.analysis = ".*";
    // As diagnostics, which the handler below prints.
    if (failed(remark::enableOptimizationRemarks(context, /*streamer=*/nullptr,
                                                 std::make_unique<remark::RemarkEmittingPolicyAll>(), categories,
                                                 /*printAsEmitRemarks=*/true)))
      return 1;
  }
  bool reported = false;
  std::string remarks;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Remark && arguments.explain)
      remarks += describe(diagnostic.getLocation()) + "remark: " + diagnostic.str() + "\n";
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error || reported)
      return success();
    reported = true;
    printError(describe(diagnostic.getLocation()) + diagnostic.str());
    return success();
  });
  LogicalResult compiled = compile(arguments, context, remarks);
  llvm::errs() << remarks;
  return failed(compiled);
}
