// Turns one domain of a kernel into an scf.forall over blocks of its rows.
#pragma once

#include "passes/schedule/RowDomain.h"

#include "mlir/IR/PatternMatch.h"

namespace keel {

/// The init argument that a result of the body must be written into.
using Destinations = llvm::DenseMap<mlir::Value, mlir::Value>;

/// Rows of a block: enough to reuse the main loop's weights, few enough that a block of results stays in the L2 cache.
/// Independent of the number of threads.
int64_t chooseRowBlock(const RowDomain &domain);

/// Replaces the domain's ops by a loop over row blocks, and what finishes sums over the rows. The replaced ops are left
/// without uses. `replaced` maps each result that is read later to its new value.
void tileDomain(mlir::RewriterBase &rewriter, const RowDomain &domain, const Destinations &destinations, int64_t rowBlock);

} // namespace keel
