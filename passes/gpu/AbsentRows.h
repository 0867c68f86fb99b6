// Rows of a tile that lie behind the tensor's last: what is zero there need not be left out of sums.
#pragma once

#include "passes/gpu/KernelSpace.h"

namespace keel {

/// Whether an op's sums over the rows get nothing of rows that are not there, where the main loop's product of those is
/// zero: they add multiples of it. (What else they are made of there is the last row's, which they hold anyway.)
bool addsNothingOfAbsentRows(mlir::Operation *sum, const Section &section);

} // namespace keel
