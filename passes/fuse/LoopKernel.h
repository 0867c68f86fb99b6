// A loop of small launches as one launch.
#pragma once

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace keel {

/// Makes one kernel of a loop whose iterations each launch one kernel that changes a part of a tensor which the loop
/// carries, and otherwise only compute indices: the gradient of a gather. The order of the changes stays.
/// Returns false, and changes nothing, where the loop is another one. `planar`: only where each change is one slice, computed
/// element by element from what was there; a thread then takes an element of all of them.
bool makeKernelOfLoop(mlir::scf::ForOp loop, bool planar);

} // namespace keel
