// Sums over all rows that are added up where they are read.
#pragma once

#include "passes/gpu/KernelSpace.h"

namespace keel {

/// On a sum over a kernel's rows: it stays in parts. On a sum over the parts in another kernel, whose input they are: it is
/// evaluated where it is read.
constexpr llvm::StringLiteral leftInPartsAttribute = "keel.left_in_parts", addsPartsAttribute = "keel.adds_parts";

struct SumInParts {
  mlir::Value sum;         // in the kernel's body
  mlir::Value placeholder; // stands for it outside, until there are parts
};

/// Takes those of a kernel's results that are such sums out of it. `spaceOf` tells of the kernels that come later, null for
/// one that does not run over tiles.
KernelOp leaveSumsInParts(KernelOp kernel, const KernelSpace &space,
                          llvm::function_ref<const KernelSpace *(KernelOp)> spaceOf, llvm::SmallVectorImpl<SumInParts> &left);

/// Lets the readers add up `parts`: a row for each.
void readParts(const SumInParts &sum, mlir::Value parts);

} // namespace keel
