// Folds and canonicalization of the norm ops.
#include "dialect/norm/Norm.h"

using namespace mlir;
using namespace keel::norm;

OpFoldResult DropoutOp::fold(FoldAdaptor) {
  // Nothing is dropped.
  return getRate().isZero() ? OpFoldResult(getInput()) : OpFoldResult();
}
