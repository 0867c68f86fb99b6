// PTX, and what ptxas makes and says of it.
#include "passes/gpu/DeviceCode.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Regex.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace mlir;
using namespace keel;

//===----------------------------------------------------------------------===//
// PTX
//===----------------------------------------------------------------------===//

// Where a kernel comes from in the model; the module's place for others.
static Location getPlaceOf(gpu::GPUModuleOp module, StringRef kernel) {
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(kernel);
  return function ? function.getLoc() : module.getLoc();
}

// PTX ISA, "Release Notes": LLVM ends the process where an intrinsic needs a newer version than it was told. Inline
// PTX is ptxas' to judge.
static unsigned getPtxOf(const llvm::Module &code) {
  unsigned version = 0;
  for (const llvm::Function &function : code) {
    // PTX ISA 5.1.6.1: more than 4 KiB of parameters.
    if (function.getCallingConv() == llvm::CallingConv::PTX_Kernel && function.arg_size() > 4096 / 8)
      version = std::max(version, 81u);
    if (!function.isIntrinsic() || function.use_empty())
      continue;
    for (auto [prefix, since] : {std::pair("llvm.nvvm.stmatrix", 78u),
                                 {"llvm.nvvm.barrier.cluster", 78},
                                 {"llvm.nvvm.mapa", 78},
                                 {"llvm.nvvm.getctarank", 78},
                                 {"llvm.nvvm.is_explicit_cluster", 78},
                                 {"llvm.nvvm.read.ptx.sreg.cluster", 78},
                                 {"llvm.nvvm.read.ptx.sreg.nclusterid", 78},
                                 {"llvm.nvvm.wgmma", 80},
                                 {"llvm.nvvm.setmaxnreg", 80},
                                 {"llvm.nvvm.cp.async.bulk", 80},
                                 {"llvm.nvvm.fence.proxy", 80},
                                 {"llvm.nvvm.elect.sync", 80},
                                 {"llvm.nvvm.griddepcontrol", 78},
                                 {"llvm.nvvm.cp.async.bulk.prefetch", 80},
                                 {"llvm.nvvm.fence.sc.cluster", 78},
                                 {"llvm.nvvm.mbarrier.try.wait", 78},
                                 {"llvm.nvvm.tcgen05", 86},
                                 {"llvm.nvvm.fence.mbarrier_init", 80},
                                 {"llvm.nvvm.ff.to.e4m3x2", 81},
                                 {"llvm.nvvm.ff.to.e5m2x2", 81}})
      if (function.getName().starts_with(prefix))
        version = std::max(version, since);
  }
  return version;
}

static FailureOr<std::string> emitPtx(const llvm::Module &code, const GpuTarget &target, unsigned version,
                                      Location loc) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target, version);
  // Code generation changes the module, and a newer version may have to be tried.
  std::unique_ptr<llvm::Module> copy = llvm::CloneModule(code);
  SmallVector<char, 0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return emitError(loc, "LLVM cannot write PTX for ") << target.name;
  passes.run(*copy);
  return std::string(text.data(), text.size());
}

static LogicalResult checkResolved(gpu::GPUModuleOp module, const llvm::Module &code) {
  for (const llvm::Function &function : code) {
    if (!function.isDeclaration() || function.isIntrinsic() || function.use_empty())
      continue;
    Location loc = module.getLoc();
    for (const llvm::User *user : function.users())
      if (auto *call = dyn_cast<llvm::CallBase>(user))
        loc = getPlaceOf(module, call->getFunction()->getName());
    return emitError(loc, "device code calls '") << function.getName() << "', which neither it nor libdevice defines";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// ptxas
//===----------------------------------------------------------------------===//

// ptxas -v: of each kernel, in lines that follow "Compiling entry function 'NAME'" or "Function properties for NAME".
static void readReport(StringRef report, DeviceCode &code) {
  llvm::Regex entry("(Compiling entry function '|Function properties for )([A-Za-z0-9_$.]+)");
  llvm::Regex stack("([0-9]+) bytes stack frame, ([0-9]+) bytes spill stores, ([0-9]+) bytes spill loads");
  llvm::Regex registers("Used ([0-9]+) registers"), shared("([0-9]+) bytes smem"), performance("\\(C75[0-9][0-9]\\).*");
  auto number = [](StringRef text) {
    unsigned value = 0;
    text.getAsInteger(10, value);
    return value;
  };
  SmallVector<StringRef> lines, match;
  report.split(lines, '\n');
  std::string kernel;
  for (StringRef line : lines) {
    if (performance.match(line, &match)) {
      // "(C7517) Potential Performance Loss: ... in function 'k'"
      StringRef named = line.rsplit("function '").second.split('\'').first;
      code.kernels[named].refusal = (": ptxas warns: " + match[0]).str();
      code.kernels[named].isSerialised = true;
    }
    if (entry.match(line, &match))
      kernel = match[2].str();
    if (stack.match(line, &match)) {
      KernelResources &resources = code.kernels[kernel];
      resources.stackBytes = number(match[1]);
      if (number(match[2]) || number(match[3]))
        resources.refusal = (" spills registers: " + match[2] + " bytes of stores, " + match[3] +
                             " bytes of loads; its tile is too large for its threads")
                                .str();
    }
    if (registers.match(line, &match))
      code.kernels[kernel].registers = number(match[1]);
    if (shared.match(line, &match))
      code.kernels[kernel].sharedBytes = number(match[1]);
  }
}

// The version that ptxas asks for: "requires PTX ISA .version 7.8 or later". 0: it complains of something else.
static unsigned getRequiredPtx(StringRef report) {
  llvm::Regex required("requires PTX ISA \\.version ([0-9]+)\\.([0-9])");
  SmallVector<StringRef> match;
  unsigned version = 0;
  for (StringRef rest = report; required.match(rest, &match); rest = rest.substr(match[0].data() - rest.data() + 1)) {
    unsigned major = 0, minor = 0;
    match[1].getAsInteger(10, major);
    match[2].getAsInteger(10, minor);
    version = std::max(version, major * 10 + minor);
  }
  return version;
}

// The first thing ptxas objects to, without its file name.
static StringRef getFirstError(StringRef report) {
  SmallVector<StringRef> lines;
  report.split(lines, '\n');
  for (StringRef line : lines)
    if (line.contains("error") || line.contains("fatal"))
      return line.contains("; ") ? line.split("; ").second.trim() : line.trim();
  return report.trim();
}

static FailureOr<ToolResult> runPtxas(StringRef ptx, const GpuTarget &target, std::vector<char> &cubin, Location loc) {
  SmallString<128> input, output;
  int descriptor;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("keel", "ptx", descriptor, input))
    return emitError(loc, "cannot create a temporary file: ") << code.message();
  llvm::FileRemover removeInput(input);
  {
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << ptx;
  }
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("keel", "cubin", output))
    return emitError(loc, "cannot create a temporary file: ") << code.message();
  llvm::FileRemover removeOutput(output);
  std::string architecture = "-arch=" + target.name;
  FailureOr<ToolResult> result = runTool(
      target.toolkit.ptxas, {"-v", "--warn-on-spills", "-O3", "-lineinfo", architecture, input, "-o", output}, loc);
  if (failed(result) || result->status)
    return result;
  auto bytes = llvm::MemoryBuffer::getFile(output);
  if (!bytes)
    return emitError(loc, "cannot read ") << output << ": " << bytes.getError().message();
  cubin.assign((*bytes)->getBufferStart(), (*bytes)->getBufferEnd());
  return result;
}

FailureOr<DeviceCode> keel::assembleDeviceCode(gpu::GPUModuleOp module, llvm::Module &code, const GpuTarget &target) {
  Location loc = module.getLoc();
  if (failed(checkResolved(module, code)))
    return failure();
  DeviceCode result;
  unsigned version = std::max(target.ptx, getPtxOf(code));
  while (true) {
    FailureOr<std::string> ptx = emitPtx(code, target, version, loc);
    if (failed(ptx))
      return failure();
    FailureOr<ToolResult> assembled = runPtxas(*ptx, target, result.cubin, loc);
    if (failed(assembled))
      return failure();
    if (!assembled->status) {
      result.ptx = std::move(*ptx);
      readReport(assembled->output, result);
      return result;
    }
    // Inline PTX may need a newer version than the target itself.
    unsigned required = getRequiredPtx(assembled->output);
    if (required <= version)
      return emitError(loc, "ptxas rejects the device code for ")
             << target.name << ": " << getFirstError(assembled->output);
    version = required;
  }
}

LogicalResult keel::refuseBad(gpu::GPUModuleOp module, const DeviceCode &code) {
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    auto found = code.kernels.find(function.getSymName());
    if (found != code.kernels.end() && !found->second.refusal.empty())
      return emitError(getPlaceOf(module, function.getSymName()), "kernel '")
             << function.getSymName() << "'" << found->second.refusal;
  }
  return success();
}
