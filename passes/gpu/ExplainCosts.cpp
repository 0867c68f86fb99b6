// What completing rows is expected to cost, for --explain.
#include "passes/gpu/Generate.h"
#include "passes/gpu/SectionWork.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace keel;

/// The time without sums along rows: in the tiles of the section, or in narrower ones, which it was then free to take.
static double estimateWithoutNorm(const Section &section, const SectionSchedule &schedule,
                                  const DeviceDescription &device, int64_t batch) {
  KernelWork work = describeWork(section, schedule, batch, /*withNorm=*/false);
  double best = estimateCost(work, device).total();
  if (!section.mainLoop)
    return best;
  for (; work.tileColumns > 64; work.tileColumns /= 2, work.sharedBytes /= 2) {
    best = std::min(best, estimateCost(work, device).total());
    work.registers = std::max<int64_t>(work.registers / 2, 64);
  }
  return best;
}

void keel::explainRowCosts(KernelOp kernel, const KernelSpace &space, const KernelSchedule &schedule, int64_t batch,
                           unsigned sm, bool hasWgmma) {
  auto remarkAt = [&](Operation *where, StringRef name) {
    return remark::analysis(where->getLoc(), remark::RemarkOpts::name(name).category("gpu").function(kernel.getName()));
  };
  std::string target = ("sm_" + Twine(sm) + (hasWgmma ? "a" : "")).str();
  if (schedule.compared)
    remarkAt(space.sections[0].mainLoop, "main-loop")
        << llvm::formatv("kernel '{0}' for {1}, expected on {2}: wgmma {3:F1} us, mma.sync {4:F1} us; {5}", kernel.getName(),
                         target, getDeviceOfCapability(sm).name, 1e6 * schedule.compared->wgmma,
                         1e6 * schedule.compared->mma, schedule.isSpecialised() ? "wgmma" : "mma.sync")
               .str();
  for (auto [section, how] : llvm::zip(space.sections, schedule.sections)) {
    if (!section.wholeRows)
      continue;
    std::string costs;
    for (const DeviceDescription *device : getDevicesFor(sm, /*exact=*/hasWgmma)) {
      double ratio = estimate(section, how, *device, batch) / estimateWithoutNorm(section, how, *device, batch);
      costs += llvm::formatv("{0}{1} {2:F1}%", costs.empty() ? "" : ", ", device->name, 100 * (ratio - 1)).str();
    }
    if (costs.empty()) // no such device is known
      return;
    Operation *where = section.mainLoop ? section.mainLoop : section.ops.front();
    remarkAt(where, "cost") << ("kernel '" + kernel.getName() + "' for " + target + ", " + how.describe(section) +
                               ": completing its rows is expected to add " + costs)
                                  .str();
  }
}
