// Which GPUs there are, and since which version of PTX.
#include "passes/gpu/GpuTarget.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;

// PTX ISA, "Release Notes": the version that introduced each target. A target with suffix needs at least the one of its
// "a" form; family targets (suffix f) came with 8.8.
static unsigned getOldestPtx(unsigned sm, char suffix) {
  unsigned version = 90;
  for (auto [target, introduced] : {std::pair(80u, 70u),
                                    {86, 71},
                                    {87, 74},
                                    {89, 78},
                                    {90, 78},
                                    {100, 86},
                                    {101, 86},
                                    {120, 87},
                                    {103, 88},
                                    {121, 88},
                                    {88, 90},
                                    {110, 90}})
    if (target == sm)
      version = introduced;
  if (suffix == 'a')
    version = std::max(version, 80u);
  if (suffix == 'f')
    version = std::max(version, 88u);
  return version;
}

static const llvm::Target *getNvptx(std::string &message) {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  return llvm::TargetRegistry::lookupTarget(llvm::Triple("nvptx64-nvidia-cuda"), message);
}

bool keel::isGpuTarget(StringRef name) { return name.starts_with("sm_"); }

FailureOr<keel::GpuTarget> keel::getGpuTarget(StringRef name, Location loc) {
  FailureOr<CudaToolkit> toolkit = findCudaToolkit(loc);
  if (failed(toolkit))
    return failure();
  FailureOr<std::vector<std::string>> known = getKnownTargets(*toolkit, loc);
  if (failed(known))
    return failure();
  std::string message;
  const llvm::Target *nvptx = getNvptx(message);
  if (!nvptx)
    return emitError(loc, "LLVM has no code generator for NVIDIA's GPUs");
  std::unique_ptr<llvm::MCSubtargetInfo> subtargets(
      nvptx->createMCSubtargetInfo(llvm::Triple("nvptx64-nvidia-cuda"), "", ""));

  GpuTarget target;
  target.toolkit = *toolkit;
  target.name = name.str();
  StringRef digits = name.drop_front(strlen("sm_"));
  char suffix = !digits.empty() && !llvm::isDigit(digits.back()) ? digits.back() : 0;
  bool isNumber = !(suffix ? digits.drop_back() : digits).getAsInteger(10, target.sm);
  if (!isNumber || !llvm::is_contained(*known, target.name) || !subtargets->isCPUStringValid(name) || target.sm < 80) {
    SmallVector<StringRef> usable;
    for (const std::string &other : *known) {
      unsigned sm = 0;
      StringRef(other).drop_front(strlen("sm_")).take_while(llvm::isDigit).getAsInteger(10, sm);
      if (sm >= 80 && subtargets->isCPUStringValid(other))
        usable.push_back(other);
    }
    return emitError(loc, "unknown target '")
           << name << "', expected native, a CPU's name, or one of " << llvm::join(usable, ", ") << " (what "
           << toolkit->ptxas << " assembles for)";
  }
  target.specific = suffix != 0;
  target.ptx = getOldestPtx(target.sm, suffix);
  return target;
}

std::unique_ptr<llvm::TargetMachine> keel::createTargetMachine(const GpuTarget &target, unsigned ptx) {
  std::string message;
  llvm::TargetOptions options;
  // Products and sums were fused where they may be (DeviceCode.cpp); neither LLVM nor ptxas is to fuse others.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(getNvptx(message)->createTargetMachine(
      llvm::Triple("nvptx64-nvidia-cuda"), target.name, ("+ptx" + llvm::Twine(ptx)).str(), options, llvm::Reloc::PIC_,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}
