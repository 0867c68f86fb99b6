// Tells, as remarks, what the fuser decided.
#pragma once

#include "passes/fuse/Partition.h"

#include "dialect/keel/Keel.h"

namespace keel {

/// One remark for the kernel, and one for each normalization statistic in it: the strategy, or why it stands apart.
void explainKernel(KernelOp kernel, const KernelGroup &group, llvm::StringRef function, const KernelLimits &limits);

} // namespace keel
