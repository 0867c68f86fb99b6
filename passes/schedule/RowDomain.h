// A kernel's body as a sequence of loops over rows.
#pragma once

#include "passes/fuse/RowLoop.h"

#include "mlir/IR/Block.h"

namespace keel {

/// Computations that share one loop over rows, in program order; or, with `rows` unset, one computation without such a
/// loop. Domains run one after the other: what a domain sums over its rows is complete in the next.
struct RowDomain {
  bool rows = false;
  llvm::SmallVector<mlir::Operation *> ops; // computations, and views of their rows
  llvm::DenseMap<mlir::Operation *, unsigned> loop;  // the op's loop over the rows; a reduction: a sum over the rows
  llvm::DenseMap<mlir::Value, unsigned> rowDim;      // the dimension of a result that holds the rows
  mlir::Operation *mainLoop = nullptr;
};

/// The domains of a kernel's body, in order.
std::vector<RowDomain> findRowDomains(mlir::Block &body);

} // namespace keel
