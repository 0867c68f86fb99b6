// Chooses tiles of wgmma, and how blocks and groups of threads share the work.
#pragma once

#include "passes/gpu/Generate.h"

namespace keel {

/// The tile of a section that mma.sync could do, if wgmma can, too.
std::optional<SectionSchedule> chooseWgmma(KernelOp kernel, const Section &section);

/// Blocks in clusters, groups of threads that take turns: what the cost model finds fastest, or what was asked for.
void arrangeWgmma(KernelOp kernel, const KernelSpace &space, KernelSchedule &schedule, const DeviceDescription &device,
                  int64_t batch);

/// How many blocks the kernel's ping-pong was asked for, on it or on the module; null where nothing was.
mlir::IntegerAttr forcedPingpong(KernelOp kernel);

} // namespace keel
