#include "passes/gpu/MainLoop.h"
using namespace keel;
Fragment keel::emitMmaLoop(DeviceKernel &, KernelOp, const Section &, const SectionSchedule &, const TilePlace &, mlir::Value) {
  return {};
}
