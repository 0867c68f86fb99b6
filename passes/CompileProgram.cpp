// Device code, its image, and what the metadata says of it.
#include "passes/CompileProgram.h"

#include "dialect/keel/Keel.h"
#include "passes/gpu/DeviceCode.h"
#include "passes/gpu/Generate.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace keel;

static void explain(LLVM::LLVMFuncOp kernel, const KernelResources &resources, const GpuTarget &target) {
  auto number = [&](StringRef name) {
    auto value = kernel->getAttrOfType<IntegerAttr>(name);
    return value ? value.getInt() : 0;
  };
  auto schedule = kernel->getAttrOfType<StringAttr>(scheduleAttribute);
  remark::passed(kernel.getLoc(), remark::RemarkOpts::name("device").category("gpu").function(kernel.getSymName()))
      << ("kernel '" + kernel.getSymName() + "' for " + target.name + ": " + (schedule ? schedule.getValue() : "no schedule") +
          "; " + Twine(number(threadsAttribute)) + " threads, " + Twine(resources.registers) + " registers, " +
          Twine(resources.sharedBytes + number(sharedBytesAttribute)) + " bytes of shared memory, no spills")
             .str();
}

/// Asks for narrower tiles for the kernels that are no good, and says so; fails with an error where nothing is left to
/// try.
static LogicalResult narrowBad(gpu::GPUModuleOp device, const DeviceCode &code, const GpuTarget &target,
                               PipelineOptions &options) {
  for (auto kernel : device.getOps<LLVM::LLVMFuncOp>()) {
    auto found = code.kernels.find(kernel.getSymName());
    if (found == code.kernels.end() || found->second.refusal.empty())
      continue;
    auto schedule = kernel->getAttrOfType<StringAttr>(scheduleAttribute);
    auto narrowed = kernel->getAttrOfType<IntegerAttr>(narrowAttribute);
    int64_t times = narrowed ? narrowed.getInt() : 0;
    if (!schedule || times >= mostNarrow)
      return refuseBad(device, code);
    remark::missed(kernel.getLoc(), remark::RemarkOpts::name("narrow").category("gpu").function(kernel.getSymName()))
        << ("kernel '" + kernel.getSymName() + "'" + found->second.refusal + "; for " + target.name +
            " a smaller one than " + schedule.getValue() + " is tried")
               .str();
    // Where wgmma is serialised no tile of it will do.
    int64_t next = times + (found->second.isSerialised ? wgmmaTiles : 1);
    for (int64_t known = llvm::count(options.narrow, kernel.getSymName()); known < next; ++known)
      options.narrow.push_back(kernel.getSymName().str());
  }
  return success();
}

FailureOr<std::optional<Program>> keel::makeGpuProgram(OwningOpRef<ModuleOp> module, const GpuTarget &target,
                                                       const CpuTarget &host, bool emulate,
                                                       std::vector<Mutant> *mutants, llvm::LLVMContext &context,
                                                       std::string &ptx, PipelineOptions &options) {
  Program program;
  program.target = target.name;
  program.sm = target.sm;
  program.specific = target.specific;
  for (auto device : module->getOps<gpu::GPUModuleOp>()) {
    FailureOr<std::unique_ptr<llvm::Module>> code = translateDeviceCode(device, target, context);
    if (failed(code))
      return failure();
    FailureOr<DeviceCode> assembled = assembleDeviceCode(device, **code, target);
    if (failed(assembled))
      return failure();
    size_t known = options.narrow.size();
    if (failed(narrowBad(device, *assembled, target, options)))
      return failure();
    if (options.narrow.size() > known)
      return std::optional<Program>();
    assert(program.image.empty() && "an image holds one gpu.module");
    program.image = std::move(assembled->cubin);
    ptx = std::move(assembled->ptx);
    for (auto kernel : device.getOps<LLVM::LLVMFuncOp>()) {
      auto resources = assembled->kernels.find(kernel.getSymName());
      if (!kernel->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()) || resources == assembled->kernels.end())
        continue;
      program.registers[kernel.getSymName()] = resources->second.registers;
      explain(kernel, resources->second, target);
    }
    if (!emulate)
      continue;
    EmulateOptions emulateOptions;
    emulateOptions.prefix = "keel_emulated." + target.name + ".";
    emulateOptions.chip = target.name;
    emulateOptions.mutants = mutants;
    FailureOr<EmulatedModule> emulated = keel::emulate(std::move(*code), host, device.getLoc(), emulateOptions);
    if (failed(emulated))
      return failure();
    if (mutants)
      *mutants = std::move(emulated->mutants);
    for (const EmulatedKernel &kernel : emulated->kernels)
      program.emulatedSymbols[kernel.name] = kernel.symbol;
    program.emulated = std::move(emulated->module);
    program.imports = emulated->imports;
    program.numImports = emulated->numImports;
  }
  program.module = std::move(module);
  return std::optional<Program>(std::move(program));
}
