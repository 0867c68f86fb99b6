// The norm dialect's registration.
#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Transforms/InliningUtils.h"

#include "dialect/norm/NormDialect.cpp.inc"
#include "dialect/norm/NormInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "dialect/norm/NormOps.cpp.inc"

using namespace mlir;
using namespace keel::norm;

namespace {
// A helper function that normalizes can be inlined anywhere.
struct NormInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final { return true; }
};
} // namespace

void NormDialect::initialize() {
  addInterfaces<NormInliner>();
  addOperations<
#define GET_OP_LIST
#include "dialect/norm/NormOps.cpp.inc"
      >();
}
