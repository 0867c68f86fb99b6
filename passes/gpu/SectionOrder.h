// The second half of finding a kernel's space: when each of a section's computations runs.
#pragma once

#include "passes/gpu/KernelSpace.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"

namespace keel {

/// One-dimensional tensors up to this many elements are a row; longer ones, and those of unknown length, a column.
constexpr int64_t longestRow = 1 << 16;

/// Puts the labelled ops of a section in their places: what prepares operands, what runs on a tile, what waits for the
/// sums over all rows; finds the extents. False, and `why`, where the section fits no tile.
bool orderSection(KernelOp kernel, Section &section, std::string &why);

/// The computations whose results an op reads, looking through what is evaluated in place.
void forEachProducer(mlir::Operation *op, llvm::function_ref<void(mlir::Operation *)> visit);

/// Says why an op does not fit. Always false.
bool refuse(std::string &why, mlir::Operation *op, const llvm::Twine &reason);

} // namespace keel
