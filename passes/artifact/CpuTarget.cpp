// The host's CPU or a named one, as LLVM knows it.
#include "passes/artifact/CpuTarget.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace mlir;

FailureOr<keel::CpuTarget> keel::getCpuTarget(StringRef name, Location loc) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string message;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return emitError(loc, "LLVM has no code generator for ") << triple.str();

  std::string cpu = name.str(), features;
  if (name == "native") {
    cpu = llvm::sys::getHostCPUName().str();
    llvm::SubtargetFeatures list;
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      list.AddFeature(feature.first(), feature.second);
    features = list.getString();
  } else {
    std::unique_ptr<llvm::MCSubtargetInfo> known(target->createMCSubtargetInfo(triple, "", ""));
    if (!known || !known->isCPUStringValid(cpu))
      return emitError(loc, "unknown target '") << name << "', expected native or a CPU's name, such as x86-64-v3";
  }
  llvm::TargetOptions options;
  // A product and a sum may become one fused multiply-add: it is the same code, hence the same bits, in every run.
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;
  CpuTarget result;
  result.name = name.str();
  result.machine.reset(target->createTargetMachine(triple, cpu, features, options, llvm::Reloc::PIC_, std::nullopt,
                                                   llvm::CodeGenOptLevel::Aggressive));
  const llvm::MCSubtargetInfo *subtarget = result.machine->getMCSubtargetInfo();
  auto has = [&](StringRef feature) { return subtarget->checkFeatures(("+" + feature).str()); };
  if (triple.isX86()) {
    // LLVM's name, and the kernel's where it differs.
    for (auto [feature, shown] : {std::pair("sse4.2", "sse4_2"), {"avx", "avx"}, {"avx2", "avx2"}, {"fma", "fma"},
                                  {"f16c", "f16c"}, {"bmi", "bmi1"}, {"bmi2", "bmi2"}, {"avx512f", "avx512f"},
                                  {"avx512bw", "avx512bw"}, {"avx512dq", "avx512dq"}, {"avx512vl", "avx512vl"},
                                  {"avx512cd", "avx512cd"}, {"avx512vnni", "avx512_vnni"},
                                  {"avx512bf16", "avx512_bf16"}, {"avx512fp16", "avx512_fp16"}})
      if (has(feature))
        result.features += (result.features.empty() ? "" : ",") + std::string(shown);
    bool wide = has("avx512f") && has("avx512vl");
    result.vectorBits = wide ? 512 : has("avx") ? 256 : 128;
    result.vectorRegisters = wide ? 32 : 16;
  } else if (triple.isAArch64()) {
    result.vectorRegisters = 32;
  }
  return result;
}
