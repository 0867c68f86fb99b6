// Sections of a kernel that are alike but for the tensors they read and write, as those of an optimizer are: one code for all.
#pragma once

#include "passes/gpu/Generate.h"

namespace keel {

/// Sections with the same code, in order; the first one's is generated.
struct SectionFamily {
  llvm::SmallVector<unsigned> members;
  /// The kernel's operands that differ, as the first section has them, and as each member has them.
  llvm::SmallVector<unsigned> operands;
  std::vector<llvm::SmallVector<unsigned>> ofMember;
};

/// The families of a kernel's sections, by their first; each section is in one.
std::vector<SectionFamily> findFamilies(KernelOp kernel, const KernelSpace &space);

/// In the code that is written next, the first section's operands are those of the member of that number (i64).
void chooseMember(DeviceKernel &device, const SectionFamily &family, mlir::Value member);

} // namespace keel
